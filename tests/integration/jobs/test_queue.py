"""Jobs on a real server: each is one worker's at a time, whatever becomes of workers."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import itertools
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable

import pytest

from tokenbase.contract import problems
from tokenbase.jobs import queue, worker
from tokenbase.store import database, retention

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)


def add(base: database.Database, account_id: int = 1, now: dt.datetime = NOW) -> str:
    job_id = str(uuid.uuid4())
    with base.transaction() as conn:
        queue.add(conn, account_id, job_id, "test", "{}", b"sealed", now)
    return job_id


def rows(base: database.Database) -> list[tuple[object, ...]]:
    with base.transaction() as conn:
        return conn.execute("SELECT state, tries, last_error FROM job ORDER BY created_at, id").fetchall()


def test_it_works(base: database.Database) -> None:
    job_id = add(base)
    job = queue.claim(base, NOW)
    assert job is not None
    assert (job.id, job.payload, job.sealed, job.attempt, job.tries) == (job_id, "{}", b"sealed", 1, 1)
    assert queue.claim(base, NOW) is None
    with base.transaction() as conn:
        queue.finish(conn, job, NOW)
    assert rows(base) == []


def test_many_workers_at_once_take_each_job_once(base: database.Database) -> None:
    wanted = {add(base, account_id) for account_id in range(1, 121)}
    taken: list[str] = []

    def work() -> None:
        idle = 0
        while idle < 3:
            if (job := queue.claim(base, NOW)) is None:
                idle += 1
            else:
                taken.append(job.id)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(work) for _ in range(8)]:
            future.result()
    assert Counter(taken) == Counter(dict.fromkeys(wanted, 1))


def test_workers_that_ask_at_the_same_moment_take_one_job_of_an_account(base: database.Database) -> None:
    rounds = 60
    for account_id in range(1, rounds + 1):
        for _ in range(2):
            add(base, account_id)
    together = threading.Barrier(4)

    def ask() -> list[queue.Job | None]:
        asked = []
        for _ in range(rounds):
            together.wait(30)
            asked.append(queue.claim(base, NOW))
        return asked

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        asked = [future.result() for future in [pool.submit(ask) for _ in range(4)]]
    taken = Counter(job.account_id for job in itertools.chain.from_iterable(asked) if job is not None)
    assert taken == Counter(range(1, rounds + 1))


def test_who_lost_the_lease_can_write_nothing(base: database.Database) -> None:
    add(base)
    first = queue.claim(base, NOW)
    assert first is not None
    later = NOW + queue.LEASE
    second = queue.claim(base, later)
    assert second is not None
    assert (second.id, second.attempt, second.tries) == (first.id, 2, 2)
    deeds: list[Callable[[queue.Connection], None]] = [
        lambda conn: queue.extend(conn, first, later),
        lambda conn: queue.advance(conn, first, "x", later),
        lambda conn: queue.finish(conn, first, later),
        lambda conn: queue.give_up(conn, first, "x", later),
    ]
    for deed in deeds:
        with pytest.raises(queue.Lost), base.transaction() as conn:
            deed(conn)
    with pytest.raises(queue.Lost):
        queue.postpone(base, first, "x", later)
    with pytest.raises(queue.Lost):
        queue.release(base, first, later)
    with base.transaction() as conn:
        queue.advance(conn, second, "there", later)
    assert rows(base) == [("running", 0, None)]


def test_a_step_under_way_while_the_job_is_taken_over_is_rolled_back(base: database.Database) -> None:
    add(base)
    first = queue.claim(base, NOW)
    assert first is not None

    def step() -> None:
        with base.transaction() as conn:
            conn.execute("INSERT INTO account (id, name, email, created_at) VALUES (77, 'step', '', %s)", (NOW,))
            assert queue.claim(base, NOW + queue.LEASE) is not None
            queue.advance(conn, first, "x", NOW)

    with pytest.raises(queue.Lost):
        step()
    with base.transaction() as conn:
        assert conn.execute("SELECT count(*) FROM account WHERE id = 77").fetchone() == (0,)


def test_a_step_that_is_being_committed_keeps_the_job(base: database.Database) -> None:
    add(base)
    job = queue.claim(base, NOW)
    assert job is not None
    with base.transaction() as conn:
        queue.advance(conn, job, "x", NOW + queue.LEASE)
        # The row is locked: another worker passes over it and does not wait.
        assert queue.claim(base, NOW + queue.LEASE) is None
    assert queue.claim(base, NOW + queue.LEASE) is None


def test_accounts_take_turns(base: database.Database) -> None:
    for number in range(3):
        add(base, 1, NOW + number * SECOND)
    add(base, 2, NOW + 5 * SECOND)
    order = []
    now = NOW + 10 * SECOND
    for _ in range(4):
        job = queue.claim(base, now)
        assert job is not None
        order.append(job.account_id)
        now += SECOND
        with base.transaction() as conn:
            queue.finish(conn, job, now)
    assert order == [1, 2, 1, 1]


def test_an_account_runs_one_job_at_a_time(base: database.Database) -> None:
    for account_id in (1, 1, 2):
        add(base, account_id)
    first, second = queue.claim(base, NOW), queue.claim(base, NOW)
    assert first is not None
    assert second is not None
    assert {first.account_id, second.account_id} == {1, 2}
    assert queue.claim(base, NOW) is None


def test_an_account_has_so_many_jobs_and_another_is_not_held_up(
    base: database.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "OPEN_JOBS", 2)
    add(base), add(base)
    with pytest.raises(problems.Overloaded, match="wait already"):
        add(base)
    add(base, 2)


def due(base: database.Database) -> dt.datetime:
    """When the only job may be taken."""
    with base.transaction() as conn:
        row = conn.execute("SELECT due_at FROM job").fetchone()
    assert row is not None
    found = row[0]
    assert isinstance(found, dt.datetime)
    return found


class Clock:
    """A clock that is set; waits are over as soon as somebody looks."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> dt.datetime:
        return self.now


def run(base: database.Database, work: Callable[[queue.Job, worker.Lease], None], until: Callable[[], bool],
        clock: Callable[[], dt.datetime] = lambda: NOW) -> list[str]:  # fmt: skip
    """Let a worker run until something is so; return the reasons of the jobs that were given up."""
    given_up: list[str] = []
    kind = worker.Kind(work, lambda conn, job, reason: given_up.append(reason))
    stopping = threading.Event()
    thread = threading.Thread(target=worker.run, args=(base, {"test": kind}, clock, stopping))
    thread.start()
    deadline = time.monotonic() + 30
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    stopping.set()
    thread.join(30)
    assert not thread.is_alive()
    return given_up


def test_what_may_pass_is_tried_five_times_with_growing_waits(
    base: database.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "POLL_SECONDS", 0.01)
    clock, at = Clock(), []

    def work(job: queue.Job, lease: worker.Lease) -> None:
        at.append(clock.now)
        raise worker.Passing("not yet")

    def passing_time() -> bool:
        clock.now += SECOND
        return rows(base)[0][0] == "failed"

    add(base)
    assert run(base, work, passing_time, clock) == ["not yet (5 attempts)"]
    waits = [(after - before) // SECOND for before, after in itertools.pairwise(at)]
    assert len(waits) == 4
    for wait, least in zip(waits, worker.WAITS, strict=True):
        assert least // SECOND <= wait <= least // SECOND + 60
    assert rows(base) == [("failed", 5, "not yet (5 attempts)")]


def test_what_cannot_be_done_fails_at_once_and_forgets_its_secret(base: database.Database) -> None:
    def work(job: queue.Job, lease: worker.Lease) -> None:
        raise worker.Failed("never")

    add(base)
    assert run(base, work, lambda: rows(base) == [("failed", 1, "never")]) == ["never"]
    with base.transaction() as conn:
        assert conn.execute("SELECT sealed FROM job").fetchall() == [(None,)]


def test_what_breaks_is_logged_and_tried_again_and_the_account_is_not_told_how(base: database.Database) -> None:
    def work(job: queue.Job, lease: worker.Lease) -> None:
        raise ZeroDivisionError("inmost")

    add(base)
    run(base, work, lambda: rows(base)[0][0] == "waiting" and rows(base)[0][2] is not None)
    assert "inmost" not in str(rows(base))


def test_progress_makes_the_next_attempt_the_first(base: database.Database) -> None:
    def work(job: queue.Job, lease: worker.Lease) -> None:
        with base.transaction() as conn:
            lease.advance(conn, "far", NOW)
        raise worker.Passing("not yet")

    with base.transaction() as conn:
        queue.add(conn, 1, str(uuid.uuid4()), "test", "{}", None, NOW)
        conn.execute("UPDATE job SET tries = 4")
    assert run(base, work, lambda: rows(base)[0][0] == "waiting" and rows(base)[0][2] is not None) == []
    assert rows(base) == [("waiting", 0, "not yet")]


def test_a_job_that_ends_its_process_each_time_is_given_up(base: database.Database) -> None:
    add(base)
    now = NOW
    for _ in range(worker.TRIES):
        assert queue.claim(base, now) is not None
        now += queue.LEASE
    done: list[str] = []
    given_up = run(base, lambda job, lease: done.append(job.id), lambda: rows(base)[0][0] == "failed", lambda: now)
    assert given_up == ["the server broke on it; its log says how"]
    assert done == []


def test_a_server_that_ends_hands_its_job_back_untouched(base: database.Database) -> None:
    began = threading.Event()

    def work(job: queue.Job, lease: worker.Lease) -> None:
        began.set()
        while True:
            lease.check()
            time.sleep(0.01)

    add(base)
    assert run(base, work, began.is_set) == []
    assert rows(base) == [("waiting", 0, None)]
    assert queue.claim(base, NOW) is not None


def test_the_lease_is_kept_while_the_work_goes_on_and_its_loss_is_noticed(
    base: database.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "BEAT_SECONDS", 0.02)
    clock, lost = Clock(), threading.Event()
    held = threading.Event()

    def work(job: queue.Job, lease: worker.Lease) -> None:
        # Long past the lease it began with, and still nobody else's.
        for _ in range(5):
            clock.now += queue.LEASE / 2
            extended = clock.now + queue.LEASE
            deadline = time.monotonic() + 20
            while due(base) < extended:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            assert queue.claim(base, clock.now) is None
        held.set()
        assert queue.claim(base, clock.now + 2 * queue.LEASE) is not None
        while True:
            try:
                lease.check()
            except queue.Lost:
                lost.set()
                raise
            time.sleep(0.01)

    add(base)
    assert run(base, work, lost.is_set, clock) == []
    assert held.is_set()
    assert rows(base)[0][:2] == ("running", 2)


def test_failed_jobs_are_kept_for_30_days(base: database.Database) -> None:
    add(base)
    job = queue.claim(base, NOW)
    assert job is not None
    with base.transaction() as conn:
        queue.give_up(conn, job, "never", NOW)
    retention.sweep(base, NOW + dt.timedelta(days=29))
    assert len(rows(base)) == 1
    retention.sweep(base, NOW + dt.timedelta(days=31))
    assert rows(base) == []

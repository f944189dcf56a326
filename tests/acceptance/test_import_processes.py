"""Bulk requests have processes of their own: what becomes of them, and of the requests, when processes end or wait."""

from __future__ import annotations

import concurrent.futures
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from holding import eventually, locked
from processes import descendants, lives, spawned
from server import Server
from tokenbase.api import processes as room
from tokenbase.cli import serve
from tokenbase.imports import ahead

PERSON = {"externalCustomerId": "x", "channels": []}
MANY = 2 * ahead.PART + 500


def person(number: int) -> dict[str, Any]:
    channels = [{"type": "mobilepush", "value": f"t{number}"}, {"type": "email", "value": f"p{number}@b.co"}]
    return {"externalCustomerId": f"x{number}", "channels": channels}


@pytest.fixture
def own(database_url: str, tmp_path: Path) -> Iterator[Server]:
    """A server whose processes may be killed."""
    running = Server(tmp_path / "log", database_url=database_url)
    yield running
    if running.process.poll() is None:
        running.stop()


def waiting(server: Server, many: int = 1) -> Callable[[], bool]:
    """Whether so many requests wait for the lock of an account."""

    def look() -> bool:
        with psycopg.connect(server.database_url or "") as conn:
            row = conn.execute(
                "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
                " WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
            ).fetchone()
        return row is not None and row[0] == many

    return look


def test_a_process_that_is_killed_costs_its_request_alone_which_can_be_sent_again(own: Server) -> None:
    account = own.account()
    body = {"contacts": [PERSON], "dedupeOn": "externalCustomerId"}
    with locked(account), concurrent.futures.ThreadPoolExecutor(1) as pool:
        sent = pool.submit(account.post, "/api/v1/contacts", json=body)
        eventually(waiting(own))
        for pid in spawned(own):
            os.kill(pid, signal.SIGKILL)
        response = sent.result()
    assert (response.status_code, response.json()["errorCode"]) == (503, 602)
    assert response.headers["retry-after"]
    assert account.rows("SELECT count(*) FROM contact WHERE account_id = %s") == [(0,)]
    assert account.upload(PERSON)["created"] == 1
    assert own.stop() == 0


def test_a_process_that_is_killed_leaves_the_others_and_their_requests_alone(own: Server) -> None:
    account, other = own.account(), own.account()
    with locked(account) as blocker, concurrent.futures.ThreadPoolExecutor(1) as pool:
        sent = pool.submit(account.upload, PERSON)
        eventually(waiting(own))
        (busy,) = spawned(own)
        other.upload(PERSON)
        (idle,) = set(spawned(own)) - {busy}
        os.kill(idle, signal.SIGKILL)
        eventually(lambda: not lives(idle))
        # What was ended while it had nothing to do costs nobody anything.
        assert other.upload({**PERSON, "firstName": "Ann"})["updated"] == 1
        assert not sent.done()
        blocker.rollback()
        assert sent.result()["created"] == 1
    began = time.monotonic()
    assert own.stop() == 0
    assert time.monotonic() - began < room.END_SECONDS
    assert not lives(busy)


def test_no_process_outlives_a_server_that_is_killed(own: Server) -> None:
    account = own.account()
    account.upload(PERSON)
    processes = spawned(own)
    assert processes
    own.kill()
    eventually(lambda: not any(map(lives, processes)))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_all_processes_lets_requests_be_finished(own: Server, number: signal.Signals) -> None:
    account = own.account()
    account.upload(PERSON)
    with locked(account) as blocker, concurrent.futures.ThreadPoolExecutor(1) as pool:
        sent = pool.submit(account.upload, {**PERSON, "firstName": "Ann"})
        eventually(waiting(own))
        processes = spawned(own)
        for pid in [own.process.pid, *descendants(own.process.pid)]:
            os.kill(pid, number)
        time.sleep(0.5)
        blocker.rollback()
        assert sent.result()["updated"] == 1
    assert own.process.wait(30) == 0
    assert not any(map(lives, processes))


def test_a_request_that_waits_for_ever_does_not_keep_the_server_from_ending(own: Server) -> None:
    account = own.account()
    account.upload(PERSON)
    processes = spawned(own)
    with locked(account), concurrent.futures.ThreadPoolExecutor(1) as pool:
        late = pool.submit(account.upload, {**PERSON, "firstName": "Ann"})
        eventually(waiting(own))
        own.process.terminate()
        own.process.wait(serve.GRACE_SECONDS + 2 * room.END_SECONDS)
        assert not any(map(lives, processes))
        assert late.exception() is not None
    assert account.rows("SELECT first_name FROM contact WHERE account_id = %s") == [(None,)]


def test_a_contact_that_comes_alone_and_in_a_large_request_at_once_is_one(own: Server) -> None:
    account = own.account()
    account.upload(PERSON)
    with locked(account) as blocker, concurrent.futures.ThreadPoolExecutor(2) as pool:
        # The single one is before the large one at the account's lock, and finds its key written but not committed.
        single = pool.submit(account.post, "/api/v1/contact", json={**person(5), "firstName": "Ann"})
        eventually(waiting(own, 1))
        large = pool.submit(account.upload, *[person(number) for number in range(MANY)])
        eventually(waiting(own, 2))
        blocker.rollback()
        assert single.result().status_code == 200
        assert large.result()["created"] in (MANY, MANY - 1)
    assert account.contact("x5")["firstName"] == "Ann"
    assert account.rows("SELECT count(*) FROM contact WHERE account_id = %s") == [(MANY + 1,)]
    assert account.rows("SELECT count(*) FROM token WHERE account_id = %s") == [(MANY,)]

"""Links survive what becomes of servers: killed in the middle, or several on one database, no row is lost or twice."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from filehost import Host, Visit
from linking import lapse, status, until, upload
from server import Account, Server
from tokenbase.links import background

ROWS = 45_000
FILE = "user_id,token,email\n" + "".join(f"u{n},t{n},u{n}@b.co\n" for n in range(ROWS))


@pytest.fixture
def servers(database_url: str, directory: Path) -> Iterator[list[Server]]:
    """Two servers on one database with one secret."""
    both = [
        Server(directory / name, database_url, TOKENBASE_PRIVATE_LINKS="127.0.0.1", TOKENBASE_SECRET_KEY="one")
        for name in ("first", "second")
    ]
    yield both
    for server in both:
        if server.process.poll() is None:
            assert server.stop() == 0


def assert_whole(account: Account, session: str) -> None:
    """Every row once: one that was imported twice would count as updated."""
    told = status(account, session)
    assert told["status"] == "FINISHED", told
    assert (told["total"], told["created"], told["updated"], told["failed"]) == (ROWS, ROWS, 0, 0)
    for table in ("contact", "token", "event"):
        assert account.rows(f"SELECT count(*) FROM {table} WHERE account_id = %s") == [(ROWS,)], table
    portions = account.rows(
        "SELECT first_row, length(results) FROM import_portion WHERE account_id = %s ORDER BY first_row"
    )
    assert [first for first, _ in portions] == list(itertools.accumulate((n for _, n in portions[:-1]), initial=0))
    assert account.rows("SELECT count(*) FROM job WHERE account_id = %s") == [(0,)]


def test_a_server_killed_again_and_again_imports_every_row_once(database_url: str, directory: Path, host: Host) -> None:
    server = Server(directory / "log", database_url, TOKENBASE_PRIVATE_LINKS="127.0.0.1")
    account = server.account()
    session = upload(account, host.file("/base.csv", FILE))
    killed_at = []
    for least in (1, 9_000, 21_000):
        killed_at.append(until(account, session, lambda told, least=least: told["total"] >= least)["total"])
        server.kill()
        server.start()
        lapse(account)
    until(account, session, lambda told: told["finishedAt"])
    assert all(total < ROWS for total in killed_at)
    assert_whole(account, session)
    assert 3 < len(host.visits) <= 4
    assert server.stop() == 0


def test_a_server_told_to_end_hands_its_job_over_at_once(servers: list[Server], host: Host) -> None:
    first, second = servers
    account = first.account()
    assert second.stop() == 0
    session = upload(account, host.file("/base.csv", FILE))
    until(account, session, lambda told: told["total"] > 0)
    assert first.stop() == 0
    assert [event["outcome"] for event in first.events() if event["event"] == "job"] == ["released"]
    second.start()
    account.server = second
    # No lease to wait for.
    until(account, session, lambda told: told["finishedAt"])
    assert_whole(account, session)


def test_two_servers_share_the_work_and_do_none_twice(servers: list[Server], host: Host) -> None:
    file = "user_id\n" + "".join(f"a{n}\n" for n in range(2_000))
    both_work = threading.Event()

    def hold(visit: Visit) -> None:
        # One server asks for no more than this at once, so whoever asks for one more is the other.
        if len(host.visits) > background.WORKERS:
            both_work.set()
        assert both_work.wait(60)
        visit.answer(200, file.encode())

    sessions = []
    for number in range(2 * background.WORKERS):
        account = servers[number % 2].account(f"Number {number}")
        sessions += [(account, upload(account, host.page(f"/{number}.csv", hold)))]
    for account, session in sessions:
        told = until(account, session, lambda told: told["finishedAt"])
        assert (told["status"], told["created"], told["updated"], told["total"]) == ("FINISHED", 2_000, 0, 2_000)
        assert account.rows("SELECT count(*) FROM contact WHERE account_id = %s") == [(2_000,)]
    assert sorted(path for path, _ in host.visits) == [f"/{number}.csv" for number in range(len(sessions))]
    done = [[event["job"] for event in server.events() if event["event"] == "job"] for server in servers]
    assert sorted(done[0] + done[1]) == sorted(session for _, session in sessions)
    assert all(done)


def test_the_job_of_a_killed_server_is_finished_by_the_other(servers: list[Server], host: Host) -> None:
    first, second = servers
    account = first.account()
    second.kill()
    session = upload(account, host.file("/base.csv", FILE))
    until(account, session, lambda told: told["total"] > 0)
    second.start()
    first.kill()
    account.server = second
    lapse(account)
    until(account, session, lambda told: told["finishedAt"])
    assert_whole(account, session)


def test_a_server_that_was_thought_dead_writes_nothing_more(servers: list[Server], host: Host) -> None:
    # Its lease is over while it works: both are at it, and only one of them may be heard.
    account = servers[0].account()
    session = upload(account, host.file("/base.csv", FILE))
    for _ in range(2):
        before = status(account, session)["total"]
        until(account, session, lambda told, before=before: told["total"] > before)
        ((attempt,),) = account.rows("SELECT attempt FROM job WHERE account_id = %s")
        deadline = time.monotonic() + 30
        while account.rows("SELECT attempt FROM job WHERE account_id = %s") == [(attempt,)]:
            assert time.monotonic() < deadline
            lapse(account)
            time.sleep(0.01)
    until(account, session, lambda told: told["finishedAt"])
    assert_whole(account, session)
    outcomes = [event["outcome"] for server in servers for event in server.events() if event["event"] == "job"]
    # One that lost it may still be on its way to find out.
    assert outcomes.count("done") == 1
    assert "lost" in outcomes


def test_a_file_that_changed_meanwhile_is_told_and_what_was_imported_stays(
    database_url: str, directory: Path, host: Host
) -> None:
    server = Server(directory / "log", database_url, TOKENBASE_PRIVATE_LINKS="127.0.0.1")
    account = server.account()
    session = upload(account, host.file("/base.csv", FILE))
    until(account, session, lambda told: told["total"] > 0)
    server.kill()
    imported = account.rows("SELECT count(*) FROM contact WHERE account_id = %s")[0][0]
    assert 0 < imported < ROWS
    host.file("/base.csv", FILE.replace("u0,t0", "x0,y0"))
    server.start()
    lapse(account)
    told = until(account, session, lambda told: told["finishedAt"])
    assert told["status"] == "ERROR"
    assert told["error"].startswith(f"the file was changed after its first {imported:,} rows were imported")
    assert (told["total"], told["created"]) == (imported, imported)
    assert account.rows("SELECT count(*) FROM contact WHERE account_id = %s") == [(imported,)]
    assert server.stop() == 0


def test_a_server_with_another_secret_leaves_the_link_to_the_one_that_has_it(
    database_url: str, directory: Path, host: Host
) -> None:
    server = Server(directory / "log", database_url, TOKENBASE_PRIVATE_LINKS="127.0.0.1", TOKENBASE_SECRET_KEY="one")
    account = server.account()
    answers = [lambda visit: visit.answer(503), lambda visit: visit.answer(200, b"user_id\nu-1\n")]

    def page(visit: Visit) -> None:
        answers.pop(0)(visit)

    session = upload(account, host.page("/x.csv", page))
    until(account, session, lambda told: "error" in told)
    assert server.stop() == 0
    server.environ["TOKENBASE_SECRET_KEY"] = "two"
    server.start()
    lapse(account)
    told = until(account, session, lambda told: "secret" in told["error"])
    assert (told["finishedAt"], len(host.visits)) == (None, 1)
    assert server.stop() == 0
    server.environ["TOKENBASE_SECRET_KEY"] = "one"
    server.start()
    lapse(account)
    assert until(account, session, lambda told: told["finishedAt"])["created"] == 1
    assert server.stop() == 0

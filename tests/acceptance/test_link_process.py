"""Links are imported in a process of its own: what becomes of it, and of them, when processes end."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from filehost import Host
from holding import eventually
from linking import lapse, status, until, upload
from processes import lives, spawned
from server import Server

ROWS = 30_000
FILE = "user_id,token\n" + "".join(f"u{n},t{n}\n" for n in range(ROWS))


@pytest.fixture
def server(database_url: str, directory: Path) -> Iterator[Server]:
    """A server whose processes may be killed."""
    running = Server(directory / "log", database_url, TOKENBASE_PRIVATE_LINKS="127.0.0.1")
    yield running
    if running.process.poll() is None:
        running.kill()


def test_no_process_is_begun_until_a_link_waits_and_one_serves_them_all(server: Server, host: Host) -> None:
    account = server.account()
    time.sleep(1.5)
    assert spawned(server) == []
    for number in range(2):
        session = upload(account, host.file(f"/{number}.csv", f"user_id\nu-{number}\n"))
        assert until(account, session, lambda told: told["finishedAt"])["created"] == 1
    (process,) = spawned(server)
    assert server.stop() == 0
    assert not lives(process)


def test_the_link_of_a_killed_process_is_finished_by_the_next(server: Server, host: Host) -> None:
    account = server.account()
    session = upload(account, host.file("/base.csv", FILE))
    until(account, session, lambda told: told["total"] > 0)
    (killed,) = spawned(server)
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: not lives(killed))
    assert status(account, session)["total"] < ROWS
    assert account.get("/api/v1/version").status_code == 200
    lapse(account)
    told = until(account, session, lambda told: told["finishedAt"])
    assert (told["status"], told["created"], told["updated"]) == ("FINISHED", ROWS, 0)
    assert [event["cure"] for event in server.events() if event["event"] == "links_process_ended"]
    assert server.stop() == 0


def test_the_process_does_not_outlive_a_server_that_is_killed(server: Server, host: Host) -> None:
    account = server.account()
    until(account, upload(account, host.file("/x.csv", "user_id\nu-1\n")), lambda told: told["finishedAt"])
    processes = spawned(server)
    assert processes
    server.kill()
    eventually(lambda: not any(map(lives, processes)))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_all_processes_hands_the_link_over(server: Server, host: Host, number: signal.Signals) -> None:
    account = server.account()
    session = upload(account, host.file("/base.csv", FILE))
    until(account, session, lambda told: told["total"] > 0)
    (process,) = spawned(server)
    for pid in (server.process.pid, process):
        os.kill(pid, number)
    assert server.process.wait(30) == 0
    assert not lives(process)
    assert [event["outcome"] for event in server.events() if event["event"] == "job"] == ["released"]
    server.start()
    told = until(account, session, lambda told: told["finishedAt"])
    assert (told["status"], told["created"], told["updated"]) == ("FINISHED", ROWS, 0)
    assert server.stop() == 0


def test_single_contacts_are_stored_while_a_link_is_imported(server: Server, host: Host) -> None:
    account = server.account()
    session = upload(account, host.file("/base.csv", FILE))
    until(account, session, lambda told: told["total"] > 0)
    sent = 0
    while not status(account, session)["finishedAt"]:
        # Some of them are in the file as well, before or behind where the import stands.
        person = {"externalCustomerId": f"u{sent * 97 % ROWS}", "firstName": "Ann", "channels": []}
        assert account.post("/api/v1/contact", json=person).status_code == 200
        sent += 1
    told = status(account, session)
    assert sent
    assert told["created"] + told["updated"] + told["unchanged"] == ROWS
    assert account.rows("SELECT count(*), count(first_name) FROM contact WHERE account_id = %s") == [(ROWS, sent)]
    assert server.stop() == 0

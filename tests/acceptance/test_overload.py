"""More than the server can work on: bulk requests wait, are told when to come again, and stand in nobody's way."""

from __future__ import annotations

import concurrent.futures
import time
from pathlib import Path

import psycopg

from holding import locked
from server import Server
from tokenbase.api import turns


def test_bulk_requests_beyond_their_slots_get_429_while_light_ones_are_answered(
    database_url: str, tmp_path: Path
) -> None:
    server = Server(tmp_path / "log", database_url=database_url, TOKENBASE_IMPORTS="1")
    account, other = server.account(), server.account()
    person = {"externalCustomerId": "x", "channels": []}
    body = {"contacts": [person], "dedupeOn": "externalCustomerId"}
    with locked(account) as blocker, concurrent.futures.ThreadPoolExecutor(2) as pool:
        # The first bulk request waits in the only slot.
        first = pool.submit(account.post, "/api/v1/contacts", json=body)
        time.sleep(0.5)
        began = time.monotonic()
        second = pool.submit(other.post, "/api/v1/contacts", json=body)
        while not second.done():
            asked = time.monotonic()
            assert other.get("/api/v1/version").status_code == 200
            assert time.monotonic() - asked < turns.TURN_SECONDS / 3
            time.sleep(0.5)
        assert second.result().status_code == 429
        assert second.result().headers["retry-after"] == "1"
        assert second.result().json()["errorCode"] == 601
        assert time.monotonic() - began > turns.TURN_SECONDS / 2
        assert not first.done()
        blocker.rollback()
        assert first.result().json()["created"] == 1
    assert other.upload(person)["created"] == 1
    assert server.stop() == 0


def test_bulk_requests_stand_back_while_single_contacts_come_in(database_url: str, tmp_path: Path) -> None:
    server = Server(tmp_path / "log", database_url=database_url, TOKENBASE_IMPORTS="2")
    account, other = server.account(), server.account()
    person = {"externalCustomerId": "x", "channels": [{"type": "email", "value": "x@example.com"}]}
    body = {"contacts": [person], "dedupeOn": "externalCustomerId"}
    other.upload(person)
    with locked(account) as blocker, concurrent.futures.ThreadPoolExecutor(1) as pool:
        # The first bulk request keeps one of the two turns.
        first = pool.submit(account.post, "/api/v1/contacts", json=body)
        time.sleep(0.5)
        # The other turn's process is begun.
        assert other.upload(person)["unchanged"] == 1
        began = time.monotonic()
        assert other.get("/api/v1/contacts").status_code == 200
        assert other.upload(person)["unchanged"] == 1
        assert time.monotonic() - began < turns.CEDED_SECONDS, "questions make nobody stand back"
        began = time.monotonic()
        assert other.post("/api/v1/contact", json=person).status_code == 200
        assert other.upload(person)["unchanged"] == 1
        assert time.monotonic() - began > turns.CEDED_SECONDS, "it had its turn a second later"
        assert not first.done()
        blocker.rollback()
        assert first.result().json()["created"] == 1
    assert server.stop() == 0


def test_costly_questions_wait_for_each_other_and_hold_nobody_up(database_url: str, tmp_path: Path) -> None:
    server = Server(tmp_path / "log", database_url=database_url)
    account, other = server.account(), server.account()
    asked = {"conditions": {"on": "firstName", "is": "Ann"}}
    with psycopg.connect(database_url) as blocker, concurrent.futures.ThreadPoolExecutor(20) as pool:
        # As long as nobody can read contacts, counting them takes for ever.
        blocker.execute("LOCK TABLE contact IN ACCESS EXCLUSIVE MODE")
        counting = [pool.submit(account.post, "/api/v1/groups/count", json=asked) for _ in range(20)]
        time.sleep(2)
        for _ in range(10):
            began = time.monotonic()
            assert other.get("/api/v1/version").status_code == 200
            assert time.monotonic() - began < turns.TURN_SECONDS / 3
        assert not any(one.done() for one in counting)
        blocker.rollback()
        assert [one.result().json() for one in counting] == [{"contacts": 0}] * 20
    assert server.stop() == 0

"""Killed in the middle of an upload: nothing that was answered with 200 is lost, and the same upload again finishes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from server import TOKENBASE, Server
from tokenbase.store import cluster

ROWS = 30_000
pytestmark = pytest.mark.skipif("DATABASE_URL" in os.environ, reason="an own server cannot be killed here")


@pytest.fixture
def own(directory: Path) -> Iterator[Server]:
    """A server with an embedded PostgreSQL of its own."""
    running = Server(directory / "log", data_dir=directory / "data")
    yield running
    if running.process.poll() is None:
        running.stop()


def key(server: Server) -> str:
    account_id = server.run("account", "create", "--name", "N", "--email", "a@b.co")
    return server.run("key", "create", "--account", account_id)


def count(server: Server) -> tuple[int, int, int]:
    """Contacts, tokens and events as the database has them."""
    url = cluster.Cluster(Path(server.environ["TOKENBASE_DATA_DIR"]), os.environ)
    url.start()
    with psycopg.connect(url.url()) as conn:
        statement = b"SELECT (SELECT count(*) FROM contact), (SELECT count(*) FROM token), (SELECT count(*) FROM event)"
        row = conn.execute(statement).fetchone()
    url.stop()
    assert row is not None
    return row


def write_base(path: Path) -> None:
    path.write_text("user_id,token,email\n" + "".join(f"u{n},t{n},u{n}@b.co\n" for n in range(ROWS)))


def upload(server: Server, directory: Path, secret: str, *more: str) -> subprocess.Popen[str]:
    command = [
        TOKENBASE,
        "upload",
        "base.csv",
        "--to",
        server.url,
        "--key",
        secret,
        "--output",
        "json",
        "--batch",
        "500",
    ]
    return subprocess.Popen(
        [*command, *more], cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def wait_for(server: Server, secret: str, external_id: str) -> None:
    deadline = time.monotonic() + 60
    with httpx2.Client(auth=("", secret)) as client:
        while time.monotonic() < deadline:
            found = client.get(server.url + "/api/v1/contact", params={"externalCustomerId": external_id})
            if found.status_code == 200:
                return
            time.sleep(0.02)
    raise AssertionError(f"{external_id} did not arrive")


def test_a_killed_server_loses_nothing_it_answered_and_the_upload_run_again_finishes(
    own: Server, directory: Path
) -> None:
    secret = key(own)
    write_base(directory / "base.csv")
    first = upload(own, directory, secret, "--retries", "0")
    wait_for(own, secret, "u5000")
    own.kill()
    told = json.loads(first.communicate(timeout=120)[0])
    assert first.returncode == 75
    assert 0 < told["created"] < ROWS

    own.start()
    stored, _, _ = count(own)
    assert stored >= told["created"]
    second = upload(own, directory, secret)
    again = json.loads(second.communicate(timeout=120)[0])
    assert second.returncode == 0
    assert (again["created"], again["unchanged"], again["read"]) == (ROWS - stored, stored, ROWS)
    assert count(own) == (ROWS, ROWS, ROWS)


def test_an_upload_outlives_a_server_that_is_killed_and_comes_back(own: Server, directory: Path) -> None:
    secret = key(own)
    write_base(directory / "base.csv")
    running = upload(own, directory, secret, "--retries", "12")
    wait_for(own, secret, "u3000")
    own.kill()
    own.start(own.port)
    told = json.loads(running.communicate(timeout=180)[0])
    assert running.returncode == 0
    assert told["read"] == told["created"] + told["unchanged"] == ROWS
    assert count(own) == (ROWS, ROWS, ROWS)


def test_a_killed_postgresql_loses_nothing_that_was_answered(own: Server, directory: Path) -> None:
    secret = key(own)
    answered: list[dict[str, Any]] = []
    refused: list[int] = []
    stop = threading.Event()

    def client(number: int) -> None:
        batch = 0
        with httpx2.Client(auth=("", secret), timeout=90) as session:
            while not stop.is_set() and batch < 400:
                ids = [f"c{number}-b{batch}-{n}" for n in range(50)]
                people = [{"externalCustomerId": x, "channels": [{"type": "mobilepush", "value": x}]} for x in ids]
                body = {"contacts": people, "dedupeOn": "externalCustomerId"}
                response = session.post(own.url + "/api/v1/contacts", json=body)
                if response.status_code == 200:
                    answered.append({"ids": ids, **response.json()})
                    batch += 1
                else:
                    refused.append(response.status_code)
                    assert response.headers["retry-after"]
                    time.sleep(0.1)

    clients = [threading.Thread(target=client, args=(number,)) for number in range(3)]
    for thread in clients:
        thread.start()
    for _ in range(2):
        before = len(answered)
        while len(answered) < before + 20:
            time.sleep(0.02)
        pid = (directory / "data" / "postgres" / "postmaster.pid").read_text().split()[0]
        os.kill(int(pid), signal.SIGKILL)
        at_kill, deadline = len(answered), time.monotonic() + 60
        while len(answered) < at_kill + 20:
            assert time.monotonic() < deadline, "PostgreSQL did not come back"
            time.sleep(0.05)
    stop.set()
    for thread in clients:
        thread.join()

    assert own.process.poll() is None
    assert set(refused) <= {503}
    wanted = [external_id for answer in answered for external_id in answer["ids"]]
    for answer in answered:
        assert answer["created"] + answer["unchanged"] == 50
    contacts, tokens, events = count(own)
    assert contacts == tokens == events
    assert contacts >= len(wanted)
    for external_id in wanted[:: max(1, len(wanted) // 50)]:
        wait_for(own, secret, external_id)

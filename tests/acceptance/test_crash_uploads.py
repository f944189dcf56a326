"""The uploader in the middle of things: it is killed itself, or PostgreSQL is killed under the server it talks to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from server import TOKENBASE, Account, Server

ROWS = 30_000


@pytest.fixture
def base(directory: Path) -> Path:
    path = directory / "base.csv"
    path.write_text("user_id,token,email\n" + "".join(f"u{n},t{n},u{n}@b.co\n" for n in range(ROWS)))
    return path


@pytest.fixture
def own(directory: Path) -> Iterator[Server]:
    """A server with an embedded PostgreSQL of its own."""
    if "DATABASE_URL" in os.environ:
        pytest.skip("an own server cannot be killed here")
    running = Server(directory / "log", data_dir=directory / "data")
    yield running
    if running.process.poll() is None:
        running.stop()


def upload(base: Path, url: str, key: str) -> subprocess.Popen[str]:
    command = [TOKENBASE, "upload", base.name, "--to", url, "--key", key, "--output", "json", "--batch", "500"]
    return subprocess.Popen(command, cwd=base.parent, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def test_a_killed_uploader_leaves_whole_batches_and_run_again_finishes_with_exact_counts(
    base: Path, account: Account
) -> None:
    def stored() -> int:
        ((count,),) = account.rows("SELECT count(*) FROM contact WHERE account_id = %s")
        return int(count)

    first = upload(base, account.server.url, account.secret)
    while stored() < 4_000:
        assert first.poll() is None, "it ended before it could be killed"
        time.sleep(0.02)
    first.kill()
    first.communicate()
    # What was under way may still be stored, now or while the second upload runs.
    before = stored()
    assert before % 500 == 0

    told = json.loads(upload(base, account.server.url, account.secret).communicate(timeout=120)[0])

    assert (told["read"], told["created"] + told["unchanged"]) == (ROWS, ROWS)
    assert before <= told["unchanged"] < ROWS
    assert stored() == ROWS
    assert account.rows("SELECT count(*) FROM token WHERE account_id = %s") == [(ROWS,)]
    assert account.rows("SELECT count(*) FROM event WHERE account_id = %s") == [(ROWS,)]


def test_an_upload_goes_on_by_itself_when_postgresql_is_killed_under_the_server(base: Path, own: Server) -> None:
    account_id = own.run("account", "create", "--name", "N", "--email", "a@b.co")
    key = own.run("key", "create", "--account", account_id)
    running = upload(base, own.url, key)
    answered = 0
    while answered < 10:
        assert running.poll() is None, "it ended before PostgreSQL could be killed"
        time.sleep(0.02)
        answered = own.log.read_text().count('"/api/v1/contacts"')
    pid = (base.parent / "data" / "postgres" / "postmaster.pid").read_text().split()[0]
    os.kill(int(pid), signal.SIGKILL)

    told = json.loads(running.communicate(timeout=180)[0])

    assert running.returncode == 0
    assert told["retried"] > 0
    assert told["read"] == told["created"] + told["unchanged"] == ROWS
    assert own.process.poll() is None
    again = upload(base, own.url, key)
    assert json.loads(again.communicate(timeout=120)[0])["unchanged"] == ROWS

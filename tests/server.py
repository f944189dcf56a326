"""A real server in a process of its own, and accounts on it that tests talk to over HTTP."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

import described
from tokenbase.accounts import accounts, keys
from tokenbase.contacts import fields
from tokenbase.contract.fields import FieldDefinition
from tokenbase.store import database

TOKENBASE = str(Path(sys.executable).with_name("tokenbase"))


class Server:
    """`tokenbase serve` on a free port, with a database of its own or an embedded one in `data_dir`."""

    def __init__(
        self, log: Path, database_url: str | None = None, data_dir: Path | None = None, **environ: str
    ) -> None:
        self.log = log
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith("TOKENBASE_")}
        self.environ.pop("DATABASE_URL", None)
        self.environ.update(environ)
        self.environ["TOKENBASE_DATA_DIR"] = str(data_dir or log.parent)
        if database_url is not None:
            self.environ["DATABASE_URL"] = database_url
        self.database_url = database_url
        self.start()

    def start(self, port: int = 0) -> None:
        began = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [TOKENBASE, "serve", "--listen", f"127.0.0.1:{port}"],
                env=self.environ,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        self.url = self._listening(began)
        self.port = int(self.url.rpartition(":")[2])

    def _listening(self, began: int) -> str:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for line in self.log.read_bytes()[began:].splitlines():
                if line.startswith(b"{") and (event := json.loads(line))["event"] == "listening":
                    return str(event["url"])
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        self.kill()
        raise AssertionError(f"the server did not start: {self.log.read_text()[began:]}")

    def events(self) -> list[dict[str, Any]]:
        """What the server has logged."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def account(self, name: str = "Test") -> Account:
        """A new account with a key that may do everything."""
        assert self.database_url is not None
        opened = database.connect(self.database_url, size=4)
        account_id = accounts.create(opened, name, "owner@example.com", now())
        fields.create_personal(opened, account_id, now())
        opened.close()
        return Account(self, account_id)

    def run(self, *arguments: str) -> str:
        """What a verb prints, run with this server's settings."""
        done = subprocess.run([TOKENBASE, *arguments], env=self.environ, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Account:
    """One account of a server. `get`, `post`, `put`, `delete` send its full key."""

    def __init__(self, server: Server, account_id: int) -> None:
        self.server = server
        self.id = account_id
        self.secret = self.key("full")

    def key(self, rights: str) -> str:
        assert self.server.database_url is not None
        opened = database.connect(self.server.database_url, size=4)
        secret = keys.create(opened, self.id, rights, "test", now())
        opened.close()
        return secret

    def field(self, **definition: Any) -> int:
        assert self.server.database_url is not None
        opened = database.connect(self.server.database_url, size=4)
        field = fields.create(opened, self.id, FieldDefinition(**definition), now())
        opened.close()
        return field.id

    def request(self, method: str, path: str, key: str | None = None, **more: Any) -> httpx2.Response:
        with httpx2.Client(base_url=self.server.url, timeout=60, auth=("", key or self.secret)) as client:
            response = client.request(method, path, **more)
        described.check(method, response)
        return response

    def rekey(self, secret: str) -> None:
        """Make this the key of the account in place of the one that it was made with."""
        assert self.server.database_url is not None
        with psycopg.connect(self.server.database_url) as conn:
            digest = hashlib.sha256(secret.encode()).digest()
            conn.execute("UPDATE api_key SET hash = %s WHERE account_id = %s", (digest, self.id))
        self.secret = secret

    def get(self, path: str, **more: Any) -> httpx2.Response:
        return self.request("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx2.Response:
        return self.request("POST", path, **more)

    def put(self, path: str, **more: Any) -> httpx2.Response:
        return self.request("PUT", path, **more)

    def delete(self, path: str, **more: Any) -> httpx2.Response:
        return self.request("DELETE", path, **more)

    def upload(self, *contacts: object, dedupe_on: str = "externalCustomerId", **more: Any) -> dict[str, Any]:
        """The answer to a bulk request, which must be 200."""
        response = self.post("/api/v1/contacts", json={"contacts": contacts, "dedupeOn": dedupe_on, **more})
        assert response.status_code == 200, response.text
        answer = response.json()
        assert isinstance(answer, dict)
        return answer

    def contact(self, external_id: str) -> dict[str, Any]:
        """What is held of the contact with an external id."""
        response = self.get("/api/v1/contact", params={"externalCustomerId": external_id})
        assert response.status_code == 200, response.text
        found = response.json()
        assert isinstance(found, dict)
        return found

    def rows(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """What the database itself says; the account's id is the first parameter."""
        assert self.server.database_url is not None
        with psycopg.connect(self.server.database_url) as conn:
            return conn.execute(statement.encode(), (self.id, *parameters)).fetchall()


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@pytest.fixture(scope="module")
def server(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server with an empty database, shared by the tests of a file."""
    running = Server(tmp_path_factory.mktemp("server") / "log", database_url=module_database_url)
    yield running
    if running.process.poll() is None:
        assert running.stop() == 0


@pytest.fixture
def account(server: Server) -> Account:
    """An account of this test's own."""
    return server.account()

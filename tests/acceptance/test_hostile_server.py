"""An upload against a server at its worst: five requests a second, 5% errors, 2% of answers lost, two restarts."""

from __future__ import annotations

import http.server
import json
import random
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from server import TOKENBASE, Server

ROWS, BATCH = 30_000, 400


class Hostile(http.server.BaseHTTPRequestHandler):
    """Stands between the uploader and the real server, and passes on what it lets through."""

    protocol_version = "HTTP/1.1"
    target: str
    chance: random.Random
    lock: threading.Lock
    moments: list[float]
    seen: dict[str, int]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.lock:
            now = time.monotonic()
            self.moments[:] = [moment for moment in self.moments if now - moment < 1]
            busy = len(self.moments) >= 5
            self.moments += [] if busy else [now]
            # Only of what is let in, so that how many are lost does not depend on who waited how long.
            fate = 1.0 if busy else self.chance.random()
            self.seen["busy" if busy else "error" if fate < 0.05 else "lost" if fate < 0.07 else "passed"] += 1
        if busy:
            self._answer(429, b"{}", {"Retry-After": "0.3"})
        elif fate < 0.05:
            self._answer(500, b"{}")
        else:
            self._pass(body, lose=fate < 0.07)

    def do_GET(self) -> None:
        self._pass(b"", lose=False)

    def _pass(self, body: bytes, lose: bool) -> None:
        kept = ("Authorization", "Idempotency-Key", "Content-Type")
        headers = {name: self.headers[name] for name in kept if self.headers[name]}
        try:
            answer = httpx2.request(self.command, self.target + self.path, content=body, headers=headers, timeout=60)
        except httpx2.RequestError:
            with self.lock:
                self.seen["down"] += 1
            self._answer(503, b"{}")
            return
        if lose:
            self.close_connection = True
            return
        self._answer(answer.status_code, answer.content)

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def hostile(server: Server) -> Iterator[tuple[str, dict[str, int]]]:
    seen = dict.fromkeys(("busy", "error", "lost", "passed", "down"), 0)
    state = {"target": server.url, "chance": random.Random(11), "lock": threading.Lock(), "moments": [], "seen": seen}
    handler = type("Handler", (Hostile,), state)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as proxy:
        thread = threading.Thread(target=proxy.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{proxy.server_port}", seen
        proxy.shutdown()
        thread.join()


def test_it_ends_with_a_verified_base(server: Server, hostile: tuple[str, dict[str, int]], tmp_path: Path) -> None:
    url, seen = hostile
    account = server.account()
    with (tmp_path / "base.csv").open("w") as file:
        file.write("user_id,token,email\n")
        file.writelines(f"u{n},t{n},u{n}@b.co\n" for n in range(ROWS))
    command = [TOKENBASE, "upload", "base.csv", "--to", url, "--key", account.secret, "--batch", str(BATCH)]
    with subprocess.Popen(
        [*command, "--parallel", "8", "--output", "json"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        for part in (1, 2):
            while (
                stored := account.rows("SELECT count(*) FROM contact WHERE account_id = %s")[0][0]
            ) < ROWS * part / 3:
                assert process.poll() is None, stored
                time.sleep(0.05)
            server.stop()
            time.sleep(1)
            server.start(server.port)
        out, err = process.communicate(timeout=300)
    told = json.loads(out)
    assert process.returncode == 0, err
    assert (told["read"], told["created"], told["unsent"]) == (ROWS, ROWS, 0)
    assert told["retried"] > 0
    assert all(seen[name] > 0 for name in seen), seen
    # What was stored and not answered was not stored again.
    assert account.rows("SELECT count(*) FROM import_session WHERE account_id = %s") == [(ROWS // BATCH,)]
    verified = [TOKENBASE, "verify", "base.csv", "--to", server.url, "--key", account.secret, "--output", "json"]
    done = subprocess.run(verified, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, json.loads(done.stdout)["arrived"]) == (0, ROWS), done.stderr

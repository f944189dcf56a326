"""A server with a PostgreSQL, an account and a key of its own, for a benchmark, and how much memory a process took."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from tokenbase.store import cluster

TOKENBASE = str(Path(sys.executable).with_name("tokenbase"))


@dataclasses.dataclass(frozen=True)
class Bench:
    """A running server."""

    url: str
    key: str
    database_url: str
    server: int
    """Its process id."""


@contextlib.contextmanager
def running(directory: Path, environ: Mapping[str, str], database_url: str | None = None) -> Iterator[Bench]:
    """Run a server in a directory, which PostgreSQL's own user must be able to reach, or on the database given."""
    directory.chmod(0o755)
    clean = {name: value for name, value in environ.items() if name != "DATABASE_URL"}
    clean["TOKENBASE_DATA_DIR"] = str(directory / "data")
    if database_url is not None:
        clean["DATABASE_URL"] = database_url
    with (directory / "log").open("wb") as log:
        server = subprocess.Popen([TOKENBASE, "serve", "--listen", "127.0.0.1:0"], env=clean, stderr=log)
    try:
        url = _listening(directory / "log")
        account = _verb(clean, "account", "create", "--name", "Bench", "--email", "bench@example.com")
        key = _verb(clean, "key", "create", "--account", account)
        if database_url is not None:
            yield Bench(url, key, database_url, server.pid)
            return
        embedded = cluster.Cluster(directory / "data", clean)
        try:
            yield Bench(url, key, embedded.start(), server.pid)
        finally:
            embedded.stop()
    finally:
        server.terminate()
        server.wait()


def peak_megabytes(pid: int) -> float:
    """Return the peak resident memory of a process or of one that it began, whichever is more; 0 if it has ended."""
    try:
        return max([_peak_megabytes(pid), *(peak_megabytes(child) for child in _children(pid))])
    except OSError:
        return 0.0


def _children(pid: int) -> list[int]:
    found = []
    # Each thread has its own list of those that it began.
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(child) for child in path.read_text().split()]
    return found


def _peak_megabytes(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def _listening(log: Path) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for line in log.read_bytes().splitlines():
            if b'"listening"' in line:
                return str(json.loads(line)["url"])
        time.sleep(0.05)
    raise SystemExit(log.read_text())


def _verb(environ: Mapping[str, str], *arguments: str) -> str:
    done = subprocess.run([TOKENBASE, *arguments], env=environ, capture_output=True, text=True, check=True)
    return done.stdout.strip()

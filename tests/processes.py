"""The processes that a server begins, as tests look for them."""

from __future__ import annotations

import contextlib
from pathlib import Path

from server import Server


def descendants(pid: int) -> list[int]:
    """A process's children, and theirs."""
    found = []
    # Each thread has its own list of those that it began.
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in children.read_text().split():
                found += [int(child), *descendants(int(child))]
    return found


def lives(pid: int) -> bool:
    """Whether a process that was begun by another one of Python is still there."""
    with contextlib.suppress(OSError):
        return b"multiprocessing.spawn" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def spawned(server: Server) -> list[int]:
    """The processes that import, for bulk requests or for links."""
    return [pid for pid in descendants(server.process.pid) if lives(pid)]

"""The process in which a server imports links. It is begun when the first link waits, and anew if it was ended.

Reading a table keeps an interpreter busy for as long as it takes, so in the process that listens it would hold up every
request.
"""

from __future__ import annotations

import datetime as dt
import multiprocessing
import threading
from collections.abc import Callable, Sequence
from multiprocessing import connection

import msgspec
import structlog

from tokenbase.contract import problems
from tokenbase.imports import uploads
from tokenbase.jobs import queue, worker
from tokenbase.links import importing
from tokenbase.ops import children, settings
from tokenbase.store import database

log = structlog.get_logger()

WORKERS = 4
"""Links worked on at a time: a host that drips must not hold up everybody's."""
CONNECTIONS = WORKERS + 3
"""Those of the process: one stores, one takes ids, one is for signs of life, and all workers may wait for a job."""
FAULT_SECONDS = 5.0
"""How long to wait after a process ended by itself, or could not be begun."""
END_SECONDS = 15
"""How long a link may take to come to its next resting place when the server ends."""


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """What the process needs to work; all of it can be pickled."""

    database_url: str
    secret: Callable[[], str]
    opened: Sequence[settings.Network]
    """The networks that links may lead to beside public ones."""
    most: int
    """The most bytes of a file."""
    clock: Callable[[], dt.datetime]


def keep(base: database.Database, means: Means, stopping: threading.Event) -> None:
    """See to it that links are imported until told to stop; those under way are then handed over."""
    process = None
    while not stopping.is_set():
        pause = worker.POLL_SECONDS
        try:
            if process is not None and not process.lives():
                log.error("links_process_ended", cure="another is begun for the links that wait")
                process, pause = None, FAULT_SECONDS
            elif process is None and queue.due(base, means.clock()) and not stopping.is_set():
                process = _Process(means)
        except problems.Unavailable:
            # It is asked again. Whoever needs the database says that it is away.
            pause = FAULT_SECONDS
        except Exception:
            # A thread that ends would leave the links alone without a word.
            log.exception("links_broke", cure="links wait until a process can be begun for them")
            pause = FAULT_SECONDS
        stopping.wait(pause)
    if process is not None:
        process.end()


class _Process:
    """A process that works links off."""

    def __init__(self, means: Means) -> None:
        # Not forked: threads that hold locks would be missing in the copy.
        fresh = multiprocessing.get_context("spawn")
        theirs, self._word = fresh.Pipe(duplex=False)
        self._process = fresh.Process(target=_work, args=(means, theirs))
        self._process.start()
        theirs.close()

    def lives(self) -> bool:
        """Tell whether it has not ended."""
        return self._process.is_alive()

    def end(self) -> None:
        """Have what runs come to its next resting place, and end. One that does not in time loses its lease."""
        self._word.close()
        self._process.join(END_SECONDS)
        self._process.kill()
        self._process.join()


def _work(means: Means, word: connection.Connection) -> None:
    """Work links off until the other end of the pipe is closed."""
    children.settle()
    stopping = threading.Event()
    threading.Thread(target=_hear, args=(word, stopping), daemon=True).start()
    base = _connected(means.database_url, stopping)
    if base is None:
        return
    links = importing.Importer(base, means.secret, means.opened, means.most, means.clock)
    kinds = {uploads.KIND: links.kind()}
    workers = [
        threading.Thread(target=worker.run, args=(base, kinds, means.clock, stopping), daemon=True)
        for _ in range(WORKERS)
    ]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    base.close()


def _connected(url: str, stopping: threading.Event) -> database.Database | None:
    while not stopping.is_set():
        try:
            return database.connect(url, size=CONNECTIONS)
        except problems.Unavailable as fault:
            log.warning("links_wait", reason=fault.message)
            stopping.wait(worker.POLL_SECONDS)
    return None


def _hear(word: connection.Connection, stopping: threading.Event) -> None:
    """Tell the workers to stop once the process that listens has closed its end."""
    word.poll(None)
    stopping.set()

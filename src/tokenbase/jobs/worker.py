"""A thread that works jobs off, one at a time: takes one, keeps its lease, tells how it ended."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Mapping

import msgspec
import structlog

from tokenbase.contract import problems
from tokenbase.jobs import queue
from tokenbase.store import database

log = structlog.get_logger()

POLL_SECONDS = 1.0
BEAT_SECONDS = 8.0
TRIES = 5
WAITS = tuple(dt.timedelta(seconds=seconds) for seconds in (5, 30, 180, 1080))
"""How long to wait after each attempt that came to nothing; after the last one a job has failed."""

_BROKE = "the server broke on it; its log says how"


class Passing(Exception):
    """What keeps a job from being done may be gone later. The message is shown to the account."""


class Failed(Exception):
    """A job cannot be done. The message is shown to the account."""


class Stopping(Exception):
    """The server is told to stop."""


class Lease:
    """What a running job looks at between two steps. `tries` are the attempts since the last progress."""

    def __init__(self, job: queue.Job, stopping: threading.Event) -> None:
        """Take a job that was claimed, and what says that the server ends."""
        self._job = job
        self._stopping = stopping
        self.tries = job.tries
        self.lost = threading.Event()

    def advance(self, conn: queue.Connection, progress: str, now: dt.datetime) -> None:
        """Note how far the job has come, in the transaction that brought it there. Raises Lost."""
        queue.advance(conn, self._job, progress, now)
        self.tries = 1

    def check(self) -> None:
        """Raise Stopping when the server ends, Lost when the job is another worker's."""
        if self.lost.is_set():
            raise queue.Lost
        if self._stopping.is_set():
            raise Stopping


class Kind(msgspec.Struct, frozen=True):
    """How jobs of one kind are worked on, and what else to write in the transaction that gives one up."""

    work: Callable[[queue.Job, Lease], None]
    """Works until the job is finished, and finishes it; raises Passing and Failed."""
    give_up: Callable[[queue.Connection, queue.Job, str], None]


def run(
    base: database.Database,
    kinds: Mapping[str, Kind],
    clock: Callable[[], dt.datetime],
    stopping: threading.Event,
) -> None:
    """Work jobs off until told to stop. A database that is away is asked again."""
    while not stopping.is_set():
        try:
            job = queue.claim(base, clock())
        except problems.Unavailable:
            job = None
        except Exception:
            # A thread that ends would leave the jobs alone without a word.
            log.exception("jobs_broke")
            job = None
        if job is None:
            stopping.wait(POLL_SECONDS)
        else:
            _attend(base, kinds, clock, stopping, job)


def _attend(
    base: database.Database,
    kinds: Mapping[str, Kind],
    clock: Callable[[], dt.datetime],
    stopping: threading.Event,
    job: queue.Job,
) -> None:
    trace = {"kind": job.kind, "account_id": job.account_id, "job": job.id, "attempt": job.attempt}
    lease, done = Lease(job, stopping), threading.Event()
    beating = threading.Thread(target=_beat, args=(base, job, lease, clock, done), daemon=True)
    beating.start()
    try:
        outcome = _outcome(base, kinds, clock, lease, job)
        log.info("job", outcome=outcome, **trace)
    except queue.Lost:
        log.info("job", outcome="lost", **trace)
    except problems.Unavailable as fault:
        # Its lease runs out, and whoever reaches the database then goes on with it.
        log.warning("job", outcome="left", reason=fault.message, **trace)
    except Exception:
        log.exception("job_broke", **trace)
    finally:
        done.set()
        beating.join()


def _outcome(
    base: database.Database,
    kinds: Mapping[str, Kind],
    clock: Callable[[], dt.datetime],
    lease: Lease,
    job: queue.Job,
) -> str:
    kind = kinds[job.kind]
    try:
        if job.tries > TRIES:
            # Each time the process ended before it could say why.
            raise Failed(job.last_error or _BROKE)
        kind.work(job, lease)
    except Stopping:
        queue.release(base, job, clock())
        return "released"
    except Failed as fault:
        _give_up(base, kind, job, str(fault), clock())
        return "failed"
    except queue.Lost:
        raise
    except Passing as fault:
        return _again(base, kind, job, lease, str(fault), clock())
    except problems.Unavailable as fault:
        return _again(base, kind, job, lease, fault.message, clock())
    except Exception:
        log.exception("job_broke", kind=job.kind, account_id=job.account_id, job=job.id)
        return _again(base, kind, job, lease, _BROKE, clock())
    return "done"


def _again(base: database.Database, kind: Kind, job: queue.Job, lease: Lease, reason: str, now: dt.datetime) -> str:
    if lease.tries >= TRIES:
        _give_up(base, kind, job, f"{reason} ({lease.tries} attempts)", now)
        return "failed"
    queue.postpone(base, job, reason, now + WAITS[lease.tries - 1])
    return "postponed"


def _give_up(base: database.Database, kind: Kind, job: queue.Job, reason: str, now: dt.datetime) -> None:
    with base.transaction() as conn:
        queue.give_up(conn, job, reason, now)
        kind.give_up(conn, job, reason)


def _beat(
    base: database.Database,
    job: queue.Job,
    lease: Lease,
    clock: Callable[[], dt.datetime],
    done: threading.Event,
) -> None:
    while not done.wait(BEAT_SECONDS):
        try:
            with base.transaction() as conn:
                queue.extend(conn, job, clock())
        except queue.Lost:
            lease.lost.set()
            return
        except problems.Unavailable as fault:
            log.warning("lease_not_extended", reason=fault.message)

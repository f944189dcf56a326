"""Jobs as rows: added in the transaction that wants them, taken by one worker at a time, gone when they are done.

Who takes a job holds it by a lease. One that is not extended in time is another worker's, and from then on nothing that
the first one does for the job can be committed: every statement here names the attempt that it belongs to.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import psycopg

from tokenbase.contract import problems
from tokenbase.store import database, queries

sql = queries.load("tokenbase.jobs")

Connection = psycopg.Connection[tuple[Any, ...]]

LEASE = dt.timedelta(seconds=30)
"""How long a job is its worker's after the last sign of life. The clocks of servers may differ by less than this."""

OPEN_JOBS = 100
"""Jobs of one account that wait or run."""


class Lost(Exception):
    """The job is another worker's by now: whatever was done for it must be rolled back."""


class Job(msgspec.Struct, frozen=True):
    """A job as it was taken. `tries` counts the attempts since the last progress, this one included."""

    account_id: int
    id: str
    kind: str
    payload: str
    sealed: bytes | None
    progress: str
    attempt: int
    tries: int
    last_error: str | None


def add(
    conn: Connection, account_id: int, job_id: str, kind: str, payload: str, sealed: bytes | None, now: dt.datetime
) -> None:
    """Add a job; it is there when the caller's transaction is committed.

    Raises Overloaded for an account that has too many; several that are added at once may pass that by a few.
    """
    row = conn.execute(sql.count_open, {"account_id": account_id}).fetchone()
    assert row is not None
    if row[0] >= OPEN_JOBS:
        raise problems.Overloaded(
            f"{OPEN_JOBS} jobs of this account wait already: send it again when some of them are done"
        )
    conn.execute(
        sql.add,
        {"account_id": account_id, "id": job_id, "kind": kind, "payload": payload, "sealed": sealed, "now": now},
    )


def due(database: database.Database, now: dt.datetime) -> bool:
    """Tell whether a job waits for a worker, or its worker is gone."""
    with database.transaction() as conn:
        row = conn.execute(sql.due, {"now": now}).fetchone()
    return row == (True,)


def claim(database: database.Database, now: dt.datetime) -> Job | None:
    """Take the next job that is due, or one whose worker is gone; None where there is none."""
    with database.transaction() as conn:
        conn.execute(sql.take_turns)
        row = conn.execute(sql.claim, {"now": now, "until": now + LEASE}).fetchone()
    return None if row is None else Job(*row)


def extend(conn: Connection, job: Job, now: dt.datetime) -> None:
    """Keep a job for another lease. Raises Lost."""
    _hold(conn.execute(sql.extend, {**_of(job), "until": now + LEASE}).rowcount)


def advance(conn: Connection, job: Job, progress: str, now: dt.datetime) -> None:
    """Note how far a job has come, in the transaction that brought it there. Raises Lost."""
    _hold(conn.execute(sql.advance, {**_of(job), "progress": progress, "until": now + LEASE}).rowcount)


def finish(conn: Connection, job: Job, now: dt.datetime) -> None:
    """End a job that is done, in the transaction of its last deed. Raises Lost."""
    _hold(conn.execute(sql.finish, _of(job)).rowcount)
    conn.execute(sql.queue_again, {"account_id": job.account_id, "now": now})


def give_up(conn: Connection, job: Job, reason: str, now: dt.datetime) -> None:
    """End a job that failed; it stays for 30 days with the reason. Raises Lost."""
    _hold(conn.execute(sql.give_up, {**_of(job), "reason": reason, "now": now}).rowcount)
    conn.execute(sql.queue_again, {"account_id": job.account_id, "now": now})


def postpone(database: database.Database, job: Job, reason: str, due_at: dt.datetime) -> None:
    """Let a job be tried again later. Raises Lost."""
    with database.transaction() as conn:
        given = {**_of(job), "reason": reason, "due_at": due_at, "less": 0}
        _hold(conn.execute(sql.postpone, given).rowcount)


def release(database: database.Database, job: Job, now: dt.datetime) -> None:
    """Hand a job back that another worker may go on with at once; it counts as no attempt. Raises Lost."""
    with database.transaction() as conn:
        given = {**_of(job), "reason": None, "due_at": now, "less": 1}
        _hold(conn.execute(sql.postpone, given).rowcount)


def last_error(conn: Connection, account_id: int, job_id: object) -> str | None:
    """Return why the last attempt at a job came to nothing, None where none did."""
    row = conn.execute(sql.last_error, {"account_id": account_id, "id": job_id}).fetchone()
    return None if row is None else row[0]


def _of(job: Job) -> dict[str, object]:
    return {"account_id": job.account_id, "id": job.id, "attempt": job.attempt}


def _hold(rows: int) -> None:
    if rows == 0:
        raise Lost

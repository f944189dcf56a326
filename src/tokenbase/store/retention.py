"""What is only kept for a time: import sessions, jobs that failed and confirmation mails 30 days, answers to
Idempotency-Keys one.
"""

from __future__ import annotations

import datetime as dt

from tokenbase.store import database, queries

sql = queries.load("tokenbase.store")

SESSIONS = dt.timedelta(days=30)
ANSWERS = dt.timedelta(days=1)
MAILS = dt.timedelta(days=30)
PIECE = 1_000
"""How many rows one transaction deletes."""


def sweep(database: database.Database, now: dt.datetime) -> None:
    """Delete what is older than it is kept for."""
    for statement, kept in (
        (sql.sweep_sessions, SESSIONS),
        (sql.sweep_portions, SESSIONS),
        (sql.sweep_jobs, SESSIONS),
        (sql.sweep_answers, ANSWERS),
        (sql.sweep_mails, MAILS),
    ):
        deleted = PIECE
        while deleted == PIECE:
            with database.transaction() as conn:
                deleted = conn.execute(statement, {"before": now - kept, "piece": PIECE}).rowcount

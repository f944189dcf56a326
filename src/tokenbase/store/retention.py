"""What is only kept for a time: import sessions 30 days, answers to Idempotency-Keys one."""

from __future__ import annotations

import datetime as dt

from tokenbase.store import database, queries

sql = queries.load("tokenbase.store")

SESSIONS = dt.timedelta(days=30)
ANSWERS = dt.timedelta(days=1)


def sweep(database: database.Database, now: dt.datetime) -> None:
    """Delete what is older than it is kept for."""
    with database.transaction() as conn:
        conn.execute(sql.sweep_sessions, {"before": now - SESSIONS})
        conn.execute(sql.sweep_answers, {"before": now - ANSWERS})

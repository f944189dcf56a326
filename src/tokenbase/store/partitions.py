"""Monthly partitions of the table event, made ahead, so that old months can be dropped whole."""

from __future__ import annotations

import datetime as dt

import structlog
from psycopg import errors
from psycopg import sql as composing

from tokenbase.store import database, queries

log = structlog.get_logger()
sql = queries.load("tokenbase.store")

MONTHS_AHEAD = 2


def ensure(database: database.Database, now: dt.datetime) -> list[str]:
    """Make the partitions of this month and the next two that are missing; return their names.

    A month that the default partition already holds events of is left there: they are found in it as well.
    """
    made = []
    for ahead in range(MONTHS_AHEAD + 1):
        month = now.year * 12 + now.month - 1 + ahead
        first, after = (dt.date(number // 12, number % 12 + 1, 1) for number in (month, month + 1))
        name = f"event_{first:%Y_%m}"
        try:
            with database.transaction() as conn:
                conn.execute(sql.lock_partitions)
                if name in {row[0] for row in conn.execute(sql.partitions)}:
                    continue
                statement = composing.SQL("CREATE TABLE {} PARTITION OF event FOR VALUES FROM ({}) TO ({})")
                conn.execute(statement.format(composing.Identifier(name), f"{first} 00:00Z", f"{after} 00:00Z"))
                made.append(name)
        except errors.CheckViolation:
            log.warning("partition_not_made", name=name, reason="event_default holds events of that month")
    return made

"""The way to the database: a pool of connections, transactions, and what its troubles mean to a caller."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec
import psycopg
import psycopg_pool
from psycopg import conninfo, errors
from psycopg.types import json

from tokenbase.contract import problems
from tokenbase.ops import settings
from tokenbase.store import blocks, queries

sql = queries.load("tokenbase.store")

# Every row has additional fields to decode, and msgspec is the faster decoder.
json.set_json_loads(msgspec.json.decode)

Connection = psycopg.Connection[tuple[Any, ...]]

_PASSING = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg_pool.PoolTimeout,
    psycopg_pool.PoolClosed,
    errors.ReadOnlySqlTransaction,
)
"""Troubles of the world rather than of the request: the same request may succeed a little later."""


GIVING_WAY = 2
"""How often work that gave way to another transaction is begun anew before somebody is told."""

_Result = TypeVar("_Result")


class Database:
    """An open database. Safe to use from several threads."""

    def __init__(self, url: str, pool: psycopg_pool.ConnectionPool[Connection]) -> None:
        """Take the database's URL, and a pool of connections to it that is open."""
        self.url = url
        self._pool = pool
        self.blocks = blocks.Blocks(self.transaction)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Give a connection in a transaction: committed at the end, rolled back by an error or by `psycopg.Rollback`.

        Raises Unavailable when the database cannot be reached or has no room, GaveWay when another transaction waited
        for this one while this one waited for it.
        """
        try:
            with self._pool.connection() as conn, conn.transaction():
                yield conn
        except errors.DiskFull as fault:
            raise problems.Unavailable("the database's disk is full: make room, then send it again") from fault
        except errors.ProgramLimitExceeded:
            # The driver counts it among the passing ones, but the same request would meet the same limit for ever.
            raise
        except (errors.DeadlockDetected, errors.SerializationFailure, errors.LockNotAvailable) as fault:
            raise problems.GaveWay() from fault
        except _PASSING as fault:
            raise problems.Unavailable() from fault

    def ping(self) -> None:
        """Ask the database for a sign of life. Raises Unavailable where there is none."""
        with self.transaction() as conn:
            conn.execute(sql.ping)

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()


_PATIENCE = "100ms"
"""So long work that can be begun anew waits for a row while all others that write to its account wait for it."""

_patience = contextvars.ContextVar("patience", default="")


def patience() -> str:
    """Return PostgreSQL's `lock_timeout` for what is done here while others wait; "" leaves it as it is."""
    return _patience.get()


def persist(work: Callable[[], _Result], wait: Callable[[], object]) -> _Result:
    """Return what some work gives that can be begun anew, and begin it anew where it gave way to another transaction.

    `wait` waits for those that it may have given way to, while nobody waits for it. Raises GaveWay where it gives way
    time and again.
    """
    for _ in range(GIVING_WAY):
        # Nothing of it was stored.
        with contextlib.suppress(problems.GaveWay):
            before = _patience.set(_PATIENCE)
            try:
                return work()
            finally:
                _patience.reset(before)
        wait()
    return work()


def dial(url: str, **more: Any) -> Connection:
    """Return a connection of its own. Raises Unavailable with the driver's reason, BadSetting for what is no URL."""
    try:
        return psycopg.connect(url, connect_timeout=10, **more)
    except psycopg.ProgrammingError:
        # The driver's message would repeat the password.
        raise settings.BadSetting(
            "DATABASE_URL is not an address of PostgreSQL: write postgresql://user:password@host:5432/name"
        ) from None
    except psycopg.OperationalError as fault:
        raise problems.Unavailable(f"the database cannot be reached: {fault}") from fault


def connect(url: str, size: int = 8) -> Database:
    """Open a database by its URL with at most `size` connections. Raises Unavailable with the driver's reason."""
    dial(url).close()
    given = conninfo.conninfo_to_dict(url).get("options", "")
    # Moments are fetched as texts, too. Whoever waited for a lock must see what its last holder committed.
    options = f"{given} -c timezone=UTC -c datestyle=ISO -c default_transaction_isolation=read\\ committed"
    pool = psycopg_pool.ConnectionPool[Connection](
        url,
        min_size=1,
        max_size=size,
        timeout=5,
        open=False,
        check=psycopg_pool.ConnectionPool.check_connection,
        kwargs={
            "application_name": "tokenbase",
            "options": options,
            "connect_timeout": 10,
            # What COPY is sent is encoded by ourselves (store/rows.py).
            "client_encoding": "utf8",
        },
        name="tokenbase",
    )
    pool.open()
    return Database(url, pool)

"""Accounts and imports that are held up, so that a test can do something meanwhile."""

from __future__ import annotations

import concurrent.futures
import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg

from server import Account

Told = dict[str, Any]


def eventually(there: Callable[[], object]) -> None:
    """Wait until something is there."""
    deadline = time.monotonic() + 30
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextlib.contextmanager
def locked(account: Account) -> Iterator[psycopg.Connection[Any]]:
    """Nobody may write to the account."""
    with psycopg.connect(account.server.database_url or "") as blocker:
        blocker.execute("SELECT pg_advisory_xact_lock(7151, %s)", (account.id,))
        yield blocker


def until_written(account: Account) -> None:
    """Wait until an import into the account's base has written rows and waits for whoever has the account."""
    # Who has written has a transaction's number.
    waits = (
        "SELECT 1 FROM pg_locks AS lock JOIN pg_stat_activity AS at USING (pid) WHERE lock.locktype = 'advisory'"
        " AND NOT lock.granted AND at.datname = current_database() AND at.backend_xid IS NOT NULL"
    )
    with psycopg.connect(account.server.database_url or "", autocommit=True) as watch:
        eventually(lambda: watch.execute(waits).fetchone() is not None)


@contextlib.contextmanager
def held(account: Account, external_id: str, send: Callable[[], Told]) -> Iterator[concurrent.futures.Future[Told]]:
    """An import, sent in a thread, that waits for the row of one of its contacts until the end of this."""
    waits = (
        "SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'transactionid' AND NOT granted"
        " AND datname = current_database()"
    )
    url = account.server.database_url or ""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with psycopg.connect(url, autocommit=True) as conn, conn.transaction():
            row = "SELECT 1 FROM contact WHERE account_id = %s AND external_id = %s FOR UPDATE"
            assert conn.execute(row, (account.id, external_id)).fetchone() is not None
            sent = pool.submit(send)
            with psycopg.connect(url, autocommit=True) as other:
                eventually(lambda: other.execute(waits).fetchone() is not None)
            yield sent
            assert not sent.done()
        sent.result()

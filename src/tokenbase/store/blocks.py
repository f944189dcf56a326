"""Ids in blocks: each process takes numbers from the database a block at a time and hands them out itself.

A number is never handed out twice; those of a block that a process did not use up are never used.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import psycopg

from tokenbase.store import queries

sql = queries.load("tokenbase.store")

_SIZES = {"contact": 10_000, "event": 10_000}
"""How many numbers a process takes at a time, where it is not one by one."""


class Blocks:
    """The numbers that this process may still hand out. Safe to use from several threads."""

    def __init__(self, transaction: Callable[[], AbstractContextManager[psycopg.Connection[tuple[Any, ...]]]]) -> None:
        """Take what begins a transaction, for when a block is used up."""
        self._transaction = transaction
        self._lock = threading.Lock()
        self._left: dict[str, range] = {}

    def take(self, name: str, count: int) -> range:
        """Return `count` new numbers in a row. A block is taken in a transaction of its own."""
        if count == 0:
            return range(0)
        with self._lock:
            left = self._left.get(name, range(0))
            if len(left) < count:
                size = max(count, _SIZES.get(name, 1))
                with self._transaction() as conn:
                    row = conn.execute(sql.take_block, {"name": name, "size": size}).fetchone()
                assert row is not None
                left = range(row[0], row[0] + size)
            self._left[name] = left[count:]
            return left[:count]

"""Statements and rows on their way to the database while the next ones are made."""

from __future__ import annotations

import concurrent.futures
import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

import psycopg

from tokenbase.store import rows

_Answer = TypeVar("_Answer")

_FEW_ROWS = 200
"""So few are written at once; a thread would cost more than it saves."""


class Writing:
    """Statements on their way to the database, one after the other, in a thread of their own.

    So the rows of one are made while PostgreSQL stores those of the one before. Nothing comes back from them, and
    nobody else may use the connection meanwhile.
    """

    def __init__(
        self, conn: psycopg.Connection[tuple[object, ...]], thread: concurrent.futures.Executor | None
    ) -> None:
        """Take the connection and the thread, None to write at once."""
        self._conn = conn
        self._thread = thread
        self._begun: list[concurrent.futures.Future[object]] = []

    def ask(self, question: Callable[[], _Answer]) -> _Answer:
        """Return what something says that uses the connection, when all that was given before is written."""
        return question() if self._thread is None else self._thread.submit(question).result()

    def finish(self) -> None:
        """Wait until all is written. Raises what the first fault raised."""
        for one in self._begun:
            one.result()

    def do(self, do: Callable[[], object]) -> None:
        """Do something that uses the connection, when all that was given before is written."""
        if self._thread is None:
            do()
            return
        for one in self._begun:
            if one.done():
                # What has failed fails all that comes after it.
                one.result()
        self._begun.append(self._thread.submit(do))

    def execute(self, statement: bytes, parameters: Mapping[str, object]) -> None:
        """Run a statement."""
        self.do(lambda: self._conn.execute(statement, parameters))

    def copy(self, statement: bytes, table: bytes) -> None:
        """Send rows, as `rows.table` gives them, to a COPY … FROM STDIN (FORMAT binary); for none no statement."""
        if table:
            self.do(lambda: self._copy(statement, table))

    def _copy(self, statement: bytes, table: bytes) -> None:
        with self._conn.cursor().copy(statement) as copy:
            copy.write(b"".join((rows.BEGIN, table, rows.END)))


@contextlib.contextmanager
def writing(conn: psycopg.Connection[tuple[object, ...]], rows: int) -> Iterator[Writing]:
    """Give a Writing for about so many rows; at its end everything is written. Raises what the first fault raised."""
    if rows <= _FEW_ROWS:
        yield Writing(conn, None)
        return
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        begun = Writing(conn, thread)
        try:
            yield begun
        finally:
            # Whatever else went wrong came of it.
            begun.finish()

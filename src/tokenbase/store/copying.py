"""Rows as PostgreSQL's COPY reads them, in its text format: the fastest way in that the driver offers.

A row is made of cells, each the text of a value as PostgreSQL writes it, and an empty cell is null: no column that can
be null holds an empty text. Statements that read COPY say `(NULL '')`, and those that fetch cells cast to text.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

import psycopg

_Answer = TypeVar("_Answer")

_FEW_LINES = 200
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

    def _aside(self, do: Callable[[], object]) -> None:
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
        self._aside(lambda: self._conn.execute(statement, parameters))

    def copy(self, statement: bytes, lines: Iterable[str]) -> None:
        """Send lines, each the cells of a row with a tab between and a newline at its end, to a COPY … FROM STDIN.

        No cell may hold a tab or a newline. Where there are no lines there is no statement.
        """
        if text := "".join(lines).replace("\\", "\\\\"):
            self._aside(lambda: self._copy(statement, text))

    def _copy(self, statement: bytes, text: str) -> None:
        with self._conn.cursor().copy(statement) as copy:
            copy.write(text)


@contextlib.contextmanager
def writing(conn: psycopg.Connection[tuple[object, ...]], rows: int) -> Iterator[Writing]:
    """Give a Writing for about so many rows; at its end everything is written. Raises what the first fault raised."""
    if rows <= _FEW_LINES:
        yield Writing(conn, None)
        return
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        begun = Writing(conn, thread)
        try:
            yield begun
        finally:
            # Whatever else went wrong came of it.
            begun.finish()

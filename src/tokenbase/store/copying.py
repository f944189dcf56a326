"""Statements and rows on their way to the database while the next ones are made."""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

import psycopg
from psycopg import errors, generators, pq

from tokenbase.store import rows

_Answer = TypeVar("_Answer")

_FEW_ROWS = 200
"""So few are written at once; a thread would cost more than it saves."""

_PIECE_BYTES = 1024 * 1024
"""The most that is handed to the driver at a time, which keeps its buffer for as long as the connection lasts."""


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
        self._coming: collections.deque[bytes] = collections.deque()
        """The statements of a series that are still to come."""
        self._message = b""
        """All of them as one message, until it is sent."""
        self.missed = False
        """Whether a statement met other rows than it named; known when all is written."""

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

    def execute(self, statement: bytes, parameters: Mapping[str, object], many: int | None = None) -> None:
        """Run a statement, which meets so many rows, or else is said to have `missed` some."""

        def run() -> None:
            met = self._conn.execute(statement, parameters).rowcount
            self.missed |= many is not None and met != many

        self._aside(run)

    def copy(self, statement: bytes, table: bytes) -> None:
        """Send rows, as `rows.table` gives them, to a COPY … FROM STDIN (FORMAT binary); for none no statement."""
        if self._coming:
            self._next(statement, table)
        elif table:
            with self.series(statement):
                self._next(statement, table)

    @contextlib.contextmanager
    def series(self, *statements: bytes) -> Iterator[None]:
        """Have these COPYs, in this order, be all that is given to `copy` inside.

        They are sent as one message, so that PostgreSQL goes from one to the next by itself: it need not be told, nor
        need it wait until the thread here has its turn.
        """
        self._coming = collections.deque(statements)
        self._message = b";\n".join(statements)
        try:
            yield
            if self._coming:
                raise ValueError(f"{self._coming[0]!r} was to come as well")
        except BaseException:
            self._coming.clear()
            self._message = b""
            if self._thread is None:
                self._give_up()
            else:
                # Whatever has failed before: it may be no fault of the server's, which then still waits.
                self._begun.append(self._thread.submit(self._give_up))
            raise

    def _next(self, statement: bytes, table: bytes) -> None:
        """Send the rows of the next COPY of a series."""
        message, self._message = self._message, b""
        if statement != self._coming.popleft():
            raise ValueError(f"another COPY comes next than {statement!r}")
        after = [pq.ExecStatus.COPY_IN] if self._coming else []
        self._aside(lambda: self._copy(message, table, after))

    def _copy(self, message: bytes, table: bytes, after: list[pq.ExecStatus]) -> None:
        """Send rows, behind the message that begins the series if there is one; `after` says what comes then."""
        # The driver's own COPY knows one statement a message.
        server = self._conn.pgconn
        if message:
            server.send_query(message)
            self._expect([pq.ExecStatus.COPY_IN])
        data = b"".join((rows.BEGIN, table, rows.END))
        for start in range(0, len(data), _PIECE_BYTES):
            more = start + _PIECE_BYTES < len(data)
            self._conn.wait(generators.copy_to(server, data[start : start + _PIECE_BYTES], flush=more))
        server.put_copy_end()
        self._expect([pq.ExecStatus.COMMAND_OK, *after])

    def _expect(self, statuses: list[pq.ExecStatus]) -> None:
        """Wait for the server to say these. Raises what it says else."""
        said = self._conn.wait(generators.execute(self._conn.pgconn))
        if [one.status for one in said] != statuses:
            raise errors.error_from_result(said[-1])

    def _give_up(self) -> None:
        """Break off a COPY that waits for rows that will not come; the transaction can only be rolled back then."""
        server = self._conn.pgconn
        if server.transaction_status == pq.TransactionStatus.ACTIVE:
            server.put_copy_end(b"the rows are not sent")
            self._conn.wait(generators.execute(server))


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

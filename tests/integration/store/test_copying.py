"""COPYs one after the other in one message, and what becomes of the connection where one of them fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg
import pytest
from psycopg import errors

from tokenbase.contract import problems
from tokenbase.store import copying, database, rows

ONE = b"COPY one FROM STDIN (FORMAT binary)"
TWO = b"COPY two FROM STDIN (FORMAT binary)"
THREE = b"COPY three FROM STDIN (FORMAT binary)"


def table(*numbers: int, text: str = "") -> bytes:
    return rows.table(len(numbers), 2, [rows.bigints(numbers), rows.text(text)])


def send(
    base: database.Database,
    many: int,
    given: Sequence[tuple[bytes, bytes]],
    series: Sequence[bytes] = (ONE, TWO, THREE),
    before: tuple[int, Callable[[psycopg.Connection[Any], copying.Writing], None]] | None = None,
) -> None:
    """Send tables of a series in one transaction. `before` is done before the one at that place, or behind the last."""
    with base.transaction() as conn, copying.writing(conn, many) as writing, writing.series(*series):
        for place in range(len(given) + 1):
            if before is not None and before[0] == place:
                before[1](conn, writing)
            if place < len(given):
                writing.copy(*given[place])


def counts(base: database.Database) -> tuple[int, ...]:
    with base.transaction() as conn:
        row = conn.execute(b"SELECT (SELECT count(*) FROM one), (SELECT count(*) FROM two), count(*) FROM three")
        return tuple(row.fetchone() or ())


@pytest.fixture
def tables(base: database.Database) -> Iterator[database.Database]:
    """A database of one connection, so that each test finds out whether it can be used again."""
    with base.transaction() as conn:
        for name in (b"one", b"two", b"three"):
            conn.execute(b"CREATE TABLE " + name + b" (a bigint PRIMARY KEY, b text)")
    opened = database.connect(base.url, size=1)
    yield opened
    opened.close()


pytestmark = pytest.mark.parametrize("many", [1, 1_000], ids=["at once", "in a thread"])


def test_each_gets_its_own_rows_and_some_get_none(tables: database.Database, many: int) -> None:
    with tables.transaction() as conn, copying.writing(conn, many) as writing:
        for first in (0, 100):
            with writing.series(ONE, TWO, THREE):
                writing.copy(ONE, table(first, first + 1))
                writing.copy(TWO, b"")
                writing.copy(THREE, table(first))
        writing.copy(TWO, table(7))
        writing.execute(b"DELETE FROM one WHERE a = %(a)s", {"a": 101})
    assert counts(tables) == (3, 1, 2)


def test_rows_may_be_larger_than_what_is_handed_over_at_a_time(tables: database.Database, many: int) -> None:
    with tables.transaction() as conn, copying.writing(conn, many) as writing, writing.series(ONE, TWO):
        writing.copy(ONE, table(*range(500), text="ї" * 5_000))
        writing.copy(TWO, table(*range(3)))
    assert counts(tables) == (500, 3, 0)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_key_that_is_there_already_undoes_all_and_is_told(tables: database.Database, many: int, place: int) -> None:
    given = [(statement, table(1, 2)) for statement in (ONE, TWO, THREE)]
    given[place] = (given[place][0], table(1, 2, 2))
    with pytest.raises(errors.UniqueViolation):
        send(tables, many, given)
    assert counts(tables) == (0, 0, 0)


def test_a_table_that_is_not_there_is_told(tables: database.Database, many: int) -> None:
    missing = b"COPY four FROM STDIN (FORMAT binary)"
    with pytest.raises(errors.UndefinedTable):
        send(tables, many, [(ONE, table(1)), (missing, table(1))], series=(ONE, missing))
    assert counts(tables) == (0, 0, 0)


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_whoever_stops_in_the_middle_leaves_a_connection_that_can_be_used(
    tables: database.Database, many: int, place: int
) -> None:
    class Stopped(Exception):
        pass

    def stop(*_: object) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        send(tables, many, [(ONE, table(1)), (TWO, table(1)), (THREE, table(1))], before=(place, stop))
    assert counts(tables) == (0, 0, 0)


def test_a_fault_that_is_not_the_servers_leaves_a_connection_that_can_be_used(
    tables: database.Database, many: int
) -> None:
    class Lost(Exception):
        pass

    def lose(_: psycopg.Connection[Any], writing: copying.Writing) -> None:
        def lost() -> None:
            raise Lost

        # The first COPY is through and the second is waited for; then it is lost, before its rows come.
        writing.ask(lambda: None)
        writing._aside(lost)
        writing.ask(lambda: None)

    with tables.transaction() as conn:
        before = conn.info.backend_pid
    with pytest.raises(Lost):
        send(tables, many, [(ONE, table(1)), (TWO, table(1)), (THREE, table(1))], before=(1, lose))
    assert counts(tables) == (0, 0, 0)
    with tables.transaction() as conn:
        assert conn.info.backend_pid == before


def test_another_statement_than_the_next_is_refused(tables: database.Database, many: int) -> None:
    with pytest.raises(ValueError, match="another COPY comes next"):
        send(tables, many, [(ONE, table(1)), (THREE, table(1))])
    assert counts(tables) == (0, 0, 0)


def test_a_statement_that_does_not_come_is_missed(tables: database.Database, many: int) -> None:
    with pytest.raises(ValueError, match="COPY three FROM STDIN .* was to come as well"):
        send(tables, many, [(ONE, table(1)), (TWO, table(1))])
    assert counts(tables) == (0, 0, 0)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_connection_that_is_ended_meanwhile_is_unavailable(tables: database.Database, many: int, place: int) -> None:
    def end(conn: psycopg.Connection[Any], writing: copying.Writing) -> None:
        writing.ask(lambda: None)
        with psycopg.connect(tables.url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 10000)", (conn.info.backend_pid,))

    with pytest.raises(problems.Unavailable):
        send(tables, many, [(ONE, table(1)), (TWO, table(1)), (THREE, table(1))], before=(place, end))
    assert counts(tables) == (0, 0, 0)

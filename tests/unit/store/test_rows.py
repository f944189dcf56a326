"""Rows of COPY's binary format, told by PostgreSQL itself."""

from __future__ import annotations

import datetime as dt

import pytest

from tokenbase.store import copying, database, rows

NOW = dt.datetime(2026, 11, 23, 17, 5, 0, 123456, dt.UTC)
OLD = dt.datetime(1970, 1, 1, 2, tzinfo=dt.timezone(dt.timedelta(hours=2)))
LATE = dt.datetime(9000, 12, 31, 23, 59, 59, 999999, dt.UTC)


def stored(base: database.Database, columns: str, table: bytes) -> list[tuple[object, ...]]:
    """Return what PostgreSQL has after a COPY of rows into a table of such columns."""
    with base.transaction() as conn:
        conn.execute(f"CREATE TEMPORARY TABLE copied ({columns}) ON COMMIT DROP".encode())
        with copying.writing(conn, 1) as writing:
            writing.copy(b"COPY copied FROM STDIN (FORMAT binary)", table)
        return conn.execute(b"SELECT * FROM copied").fetchall()


def test_every_type_arrives_as_it_was_sent(base: database.Database) -> None:
    key = "0123456789abcdef0123456789abcdef"
    columns: list[rows.Column] = [
        rows.integer("7"),
        rows.bigints([2**63 - 1, 0]),
        rows.column(rows.boolean, ["true", "false"]),
        map(rows.moment, [NOW, OLD]),
        rows.moment(LATE),
        rows.digests([key, ""]),
        map(rows.jsonb, [b'{"a":"\xd1\x97"}', b"{}"]),
        rows.nullable(rows.identifier, ["83b77a49-fc28-409b-aeaa-68c9d544ab9d", ""]),
    ]
    kinds = "a integer, b bigint, c boolean, d timestamptz, e timestamptz, f uuid, g jsonb, h uuid"
    one, two = stored(base, kinds, rows.table(2, len(columns), columns))
    assert one[:5] == (7, 2**63 - 1, True, NOW, LATE)
    assert two[:5] == (7, 0, False, OLD, LATE)
    assert [str(value).replace("-", "") for value in (one[5], two[5])] == [key, "None"]
    assert (one[6], two[6]) == ({"a": "ї"}, {})
    assert [str(value) for value in (one[7], two[7])] == ["83b77a49-fc28-409b-aeaa-68c9d544ab9d", "None"]


@pytest.mark.parametrize("text", ["a", "Їжак", "tab\tnewline\nback\\slash\\N", "x" * 4095, "ї" * 4096, "😀"])
def test_a_text_arrives_as_it_was_sent(base: database.Database, text: str) -> None:
    given = [text, "", text, "other"]
    table = rows.table(4, 2, [rows.nullable(rows.text, given), map(rows.text, given)])
    assert stored(base, "a text, b text", table) == [(one or None, one) for one in given]


def test_texts_of_which_many_are_the_same_keep_their_order(base: database.Database) -> None:
    given = [str(number % 7 or "") for number in range(300)]
    table = rows.table(300, 1, [rows.nullable(rows.text, given)])
    assert stored(base, "a text", table) == [(one or None,) for one in given]


@pytest.mark.parametrize("cells", [[b"", b""], [b"", b"", b"", b""]])
def test_a_column_of_more_or_fewer_rows_is_refused(cells: list[bytes]) -> None:
    with pytest.raises(ValueError, match="assign sequence"):
        rows.table(3, 2, [rows.bigints([1, 2, 3]), cells])


def test_cells_of_all_rows_stand_before_between_and_behind_the_others(base: database.Database) -> None:
    columns: list[rows.Column] = [
        rows.integer(1),
        rows.integer(2),
        rows.bigints([3, 4]),
        rows.NULL,
        rows.bigints([5, 6]),
        rows.integer(7),
    ]
    kinds = "a integer, b integer, c bigint, d text, e bigint, f integer"
    assert stored(base, kinds, rows.table(2, 6, columns)) == [(1, 2, 3, None, 5, 7), (1, 2, 4, None, 6, 7)]


def test_no_rows_are_no_statement(base: database.Database) -> None:
    assert rows.table(0, 2, [rows.integer(1), rows.bigints([])]) == b""
    assert stored(base, "a integer, b bigint", b"") == []

"""Segments as things of their own: made, changed and removed; and who is in one that is a rule (contract 6)."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator

import msgspec
from psycopg import errors
from psycopg import sql as composing

from tokenbase.contacts import fields, loading
from tokenbase.contract import limits, problems, segments
from tokenbase.segments import compiling, conditions
from tokenbase.store import database, queries

sql = queries.load("tokenbase.segments")

WHO = "SELECT contact.id FROM contact WHERE contact.account_id = %(account_id)s AND contact.deleted_at IS NULL AND {}"
COUNT = "SELECT count(*) FROM contact WHERE contact.account_id = %(account_id)s AND contact.deleted_at IS NULL AND {}"
PAGE = " ORDER BY contact.id LIMIT %(rows)s OFFSET %(skipped)s"
"""The statements that conditions stand in."""


def create(
    database: database.Database, account_id: int, wanted: segments.SegmentDefinition, now: dt.datetime
) -> segments.SegmentCard:
    """Make a segment: a dynamic one where there are conditions. Raises BadValue, Conflict for a name that is taken."""
    name = _name(wanted.name)
    with database.transaction() as conn:
        loading.lock(conn, account_id)
        rule = _rule(conn, account_id, wanted.conditions)
        (segment_id,) = database.blocks.take("segment", 1)
        kind = "Static" if rule is None else "Dynamic"
        row = {"id": segment_id, "name": name, "type": kind, "conditions": rule, "now": now}
        with _unique(name):
            conn.execute(sql.create_segment, {"account_id": account_id, **row})
    return segments.SegmentCard(id=segment_id, name=name, type=kind, conditions=wanted.conditions)


def read(database: database.Database, account_id: int, segment_id: int) -> segments.SegmentCard:
    """Return a segment with its conditions. Raises NotFound."""
    with database.transaction() as conn:
        return card(conn, account_id, segment_id)


def card(conn: loading.Connection, account_id: int, segment_id: int) -> segments.SegmentCard:
    """Return a segment with its conditions. Raises NotFound."""
    row = conn.execute(sql.segment, {"account_id": account_id, "segment_id": segment_id}).fetchone()
    if row is None:
        raise problems.NotFound(f"there is no segment {segment_id} in this account; GET /api/v1/groups lists them")
    name, kind, rule = row
    return segments.SegmentCard(id=segment_id, name=name, type=kind, conditions=rule)


def change(
    database: database.Database, account_id: int, segment_id: int, wanted: segments.SegmentDefinition
) -> segments.Segment:
    """Give a segment another name, and a dynamic one other conditions; what is not sent stays, and is not told.

    Raises NotFound, BadValue, and Conflict for a name that is taken or conditions for a static segment.
    """
    with database.transaction() as conn:
        loading.lock(conn, account_id)
        found = card(conn, account_id, segment_id)
        rule = _rule(conn, account_id, wanted.conditions)
        if rule is not None and found.type == "Static":
            message = f"the segment {segment_id} is static: it is a list and has no conditions"
            raise problems.Conflict(message, [problems.Problem(path="conditions", message=message)])
        name = found.name if wanted.name is None else _name(wanted.name)
        with _unique(name):
            row = {"account_id": account_id, "segment_id": segment_id, "name": name, "conditions": rule}
            conn.execute(sql.change_segment, row)
    return segments.Segment(id=segment_id, name=name, type=found.type)


def remove(database: database.Database, account_id: int, segment_id: int) -> None:
    """Remove a segment; its contacts stay. Raises NotFound."""
    with database.transaction() as conn:
        loading.lock(conn, account_id)
        card(conn, account_id, segment_id)
        conn.execute(sql.empty, {"account_id": account_id, "segment_id": segment_id})
        conn.execute(sql.remove_segment, {"account_id": account_id, "segment_id": segment_id})


def count(database: database.Database, account_id: int, sent: object, now: dt.datetime) -> int:
    """Return how many contacts meet conditions. Raises BadValue."""
    with database.transaction() as conn:
        tree = _read(conn, account_id, sent)
        return _count(conn, account_id, compiling.where(tree, now))


def page(
    conn: loading.Connection, account_id: int, rule: object, skipped: int, rows: int, now: dt.datetime
) -> tuple[list[int], int]:
    """Return the ids of a page of the contacts that meet stored conditions, and the number of all that do.

    Conditions on a field or a segment that is no more are met by nobody.
    """
    try:
        tree = _read(conn, account_id, rule)
    except problems.BadValue:
        return [], 0
    condition, given = found = compiling.where(tree, now)
    total = _count(conn, account_id, found)
    parameters = {**given, "account_id": account_id, "rows": rows, "skipped": skipped}
    statement = composing.SQL(WHO).format(condition) + composing.SQL(PAGE)
    return [row[0] for row in conn.execute(statement, parameters)], total


def _count(conn: loading.Connection, account_id: int, found: compiling.Where) -> int:
    # A base grows faster than its statistics, and by them the planner would read the tables of all accounts.
    conn.execute(sql.read_by_index, {"account_id": account_id})
    condition, given = found
    try:
        row = conn.execute(composing.SQL(COUNT).format(condition), {**given, "account_id": account_id}).fetchone()
    except errors.QueryCanceled:
        message = "these conditions take longer than half a minute: ask for less at once"
        raise problems.BadValue(message, [problems.Problem(path="conditions", message=message)]) from None
    assert row is not None
    return int(row[0])


def _read(conn: loading.Connection, account_id: int, sent: object) -> conditions.Node:
    """Return the tree of conditions. Raises BadValue, also for a segment that is no static one of the account."""
    tree = conditions.read(sent, fields.load(conn, account_id))
    named = conditions.segments(tree)
    rows = conn.execute(sql.static_segments, {"account_id": account_id, "ids": list(named)}).fetchall() if named else []
    if strange := named - {row[0] for row in rows}:
        message = f"there is no static segment {min(strange)} in this account"
        raise problems.bad_value("conditions", message)
    return tree


def _rule(conn: loading.Connection, account_id: int, sent: object) -> str | None:
    if sent is None:
        return None
    _read(conn, account_id, sent)
    return msgspec.json.encode(sent).decode()


def _name(sent: str | None) -> str:
    name = (sent or "").strip()
    if not name or len(name) > limits.GROUP_NAME_CHARACTERS or "\0" in name:
        message = f"a name of 1 to {limits.GROUP_NAME_CHARACTERS} characters is needed"
        raise problems.bad_value("name", message)
    return name


@contextlib.contextmanager
def _unique(name: str) -> Iterator[None]:
    """Raise Conflict for a name that another segment has."""
    try:
        yield
    except errors.UniqueViolation:
        message = f'there is a segment with the name "{name}" already'
        raise problems.Conflict(message, [problems.Problem(path="name", message=message)]) from None

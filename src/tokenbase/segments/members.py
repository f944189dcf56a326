"""Segments by their ids: which there are, who is in them, who comes in and goes out (contract 6)."""

from __future__ import annotations

import datetime as dt

from tokenbase.contacts import cards, loading, naming
from tokenbase.contract import cards as shapes
from tokenbase.contract import limits, problems, segments
from tokenbase.segments import dynamic, lists
from tokenbase.store import database, queries

sql = queries.load("tokenbase.segments")


def everyone(
    database: database.Database, account_id: int, name: str | None, skipped: int, rows: int
) -> tuple[list[segments.Segment], int]:
    """Return a page of the segments whose name has `name` in it, by id, and the number of all that have."""
    parameters = {"account_id": account_id, "name": name, "skipped": skipped, "rows": rows}
    with database.transaction() as conn:
        page = conn.execute(sql.page_of_segments, parameters).fetchall()
    found = [segments.Segment(id=row[0], name=row[1], type=row[2]) for row in page if row[0] is not None]
    return found, page[0][3]


def contacts(
    database: database.Database, account_id: int, segment_id: int, skipped: int, rows: int, now: dt.datetime
) -> tuple[list[shapes.ContactCard], int]:
    """Return a page of the contacts in a segment, by id, and the number of all. Raises NotFound for no segment."""
    with database.transaction() as conn:
        segment = dynamic.card(conn, account_id, segment_id)
        if segment.type == "Dynamic":
            ids, total = dynamic.page(conn, account_id, segment.conditions, skipped, rows, now)
            return cards.by_ids(conn, account_id, ids), total
        parameters = {"account_id": account_id, "segment_id": segment_id, "skipped": skipped, "rows": rows}
        page = conn.execute(sql.page_of_members, parameters).fetchall()
        ids = [contact_id for contact_id, _ in page if contact_id is not None]
        return cards.by_ids(conn, account_id, ids), page[0][1]


def attach(
    database: database.Database, account_id: int, segment_id: int, names: segments.ContactNames
) -> segments.Moved:
    """Put contacts into a static segment. Raises NotFound for no segment, Conflict for a dynamic one, BadValue."""
    _check(names)
    if not naming.counted(names):
        message = "required: contactIds or externalCustomerIds, a list of contacts"
        raise problems.bad_value("contactIds", message)
    with database.transaction() as conn:
        _static(conn, account_id, segment_id)
        ids, unknown = naming.find(conn, account_id, names)
        conn.execute(sql.attach, {"account_id": account_id, "segment_ids": [segment_id], "contact_ids": ids})
    return segments.Moved(len(ids), unknown)


def detach(
    database: database.Database, account_id: int, segment_id: int, names: segments.ContactNames
) -> segments.Moved:
    """Take contacts out of a static segment; all of them where none is named. Raises as `attach` does."""
    _check(names)
    with database.transaction() as conn:
        _static(conn, account_id, segment_id)
        if not naming.counted(names):
            return segments.Moved(
                conn.execute(sql.empty, {"account_id": account_id, "segment_id": segment_id}).rowcount
            )
        ids, unknown = naming.find(conn, account_id, names)
        conn.execute(sql.detach, {"account_id": account_id, "segment_ids": [segment_id], "contact_ids": ids})
    return segments.Moved(len(ids), unknown)


def _check(names: segments.ContactNames) -> None:
    most, many = limits.GROUP_CONTACTS_PER_REQUEST, naming.counted(names)
    if many > most:
        message = f"one request names at most {most} contacts, this one has {many:,}"
        path = "contactIds" if names.contact_ids is not None else "externalCustomerIds"
        raise problems.bad_value(path, message)


def _static(conn: lists.Connection, account_id: int, segment_id: int) -> None:
    loading.lock(conn, account_id)
    if dynamic.card(conn, account_id, segment_id).type != "Static":
        raise problems.Conflict(f"the segment {segment_id} is dynamic: its rule alone says who is in it")

"""Static segments by their names: made when missing, filled and emptied. The account must be locked by the caller."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

import psycopg

from tokenbase.store import queries

sql = queries.load("tokenbase.segments")

Connection = psycopg.Connection[tuple[Any, ...]]


def put(
    conn: Connection,
    account_id: int,
    names: Iterable[str],
    contact_ids: list[int],
    take_ids: Callable[[int], Iterable[int]],
    now: dt.datetime,
) -> list[str]:
    """Put contacts into the static segments of these names, created if missing.

    Returns the names that belong to dynamic segments: their rule alone says who is in them.
    """
    wanted = list(dict.fromkeys(names))
    known = find(conn, account_id, wanted)
    missing = [name for name in wanted if name not in known]
    if missing:
        parameters = {"account_id": account_id, "ids": list(take_ids(len(missing))), "names": missing, "now": now}
        conn.execute(sql.create_segments, parameters)
        known = find(conn, account_id, wanted)
    static = [segment_id for segment_id, kind in known.values() if kind == "Static"]
    if static and contact_ids:
        conn.execute(sql.attach, {"account_id": account_id, "segment_ids": static, "contact_ids": contact_ids})
    return [name for name, (_, kind) in known.items() if kind != "Static"]


def take_out(conn: Connection, account_id: int, names: Iterable[str], contact_ids: list[int]) -> None:
    """Take contacts out of the static segments of these names; a name that nobody has is no fault."""
    static = [segment_id for segment_id, kind in find(conn, account_id, list(names)).values() if kind == "Static"]
    if static and contact_ids:
        conn.execute(sql.detach, {"account_id": account_id, "segment_ids": static, "contact_ids": contact_ids})


def find(conn: Connection, account_id: int, names: list[str]) -> dict[str, tuple[int, str]]:
    """Return id and type of the segments with these names."""
    rows = conn.execute(sql.segments_by_name, {"account_id": account_id, "names": names})
    return {name: (segment_id, kind) for name, segment_id, kind in rows}

"""The events of an import: one for each new contact, in the import's own transaction (contract 4)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Reversible, Sequence

import msgspec

from tokenbase.contacts import people, storing
from tokenbase.imports import sessions
from tokenbase.store import blocks, copying, queries, rows

sql = queries.load("tokenbase.imports")

DEFAULT_KEY = "contactCreated"
"""The event type of new contacts where the request names none (ours)."""


_NAMES = {"contact_id": "contactId", "email": "EmailAddress", "sms": "SMS", "external_id": "externalCustomerId"}


class _Params(msgspec.Struct, rename=_NAMES):
    """What an event tells of a new contact (contract 4), "" for what it does not have."""

    contact_id: int | None
    email: str
    sms: str
    external_id: str
    token: str


_ENCODER = msgspec.json.Encoder()


def record(
    writing: copying.Writing,
    account_id: int,
    created: Sequence[people.Person],
    tokens: Reversible[people.Token],
    type_id: int,
    blocks: blocks.Blocks,
    now: dt.datetime,
) -> None:
    """Record an event for each new contact; they have their ids, and `tokens` has theirs in order."""
    # Backwards, so that the first of each owner's stays.
    first = {token.owner: token.row.get("value", "") for token in reversed(tokens)}
    params = []
    for person in created:
        cell = person.row.get
        email, sms, external_id = cell("email", ""), cell("sms", ""), cell("external_id", "")
        params.append(_Params(person.id, email, sms, external_id, first.get(person, "")))
    # One call for all of them takes a third of the time.
    encoded = _ENCODER.encode_lines(params).split(b"\n")[:-1]
    table = rows.table(
        len(created),
        7,
        [
            rows.integer(account_id),
            storing.ids(created),
            rows.bigints(blocks.take("event", len(created))),
            rows.bigint(type_id),
            rows.moment(now),
            [rows.text(one.email or one.sms or one.external_id or one.token) for one in params],
            map(rows.jsonb, encoded),
        ],
    )
    writing.copy(sql.copy_events, table)


def known_type(conn: sessions.Connection, account_id: int, event_key: str | None) -> int | None:
    """Return the id of the event type with this key, or of the default one; None where it has never been used."""
    found = conn.execute(sql.event_type_id, {"account_id": account_id, "key": event_key or DEFAULT_KEY}).fetchone()
    return None if found is None else int(found[0])


def type_id(
    conn: sessions.Connection, account_id: int, event_key: str | None, blocks: blocks.Blocks, now: dt.datetime
) -> int:
    """Return the id of the event type with this key, or of the default one; made if it is missing (contract 4)."""
    if (found := known_type(conn, account_id, event_key)) is not None:
        return found
    (made,) = blocks.take("event_type", 1)
    key = event_key or DEFAULT_KEY
    conn.execute(sql.create_event_type, {"account_id": account_id, "id": made, "key": key, "now": now})
    return made

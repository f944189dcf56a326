"""The events of an import: one for each new contact, in the import's own transaction (contract 4)."""

from __future__ import annotations

import datetime as dt

import msgspec

from tokenbase.contacts import matching, people
from tokenbase.imports import sessions
from tokenbase.store import blocks, copying, queries

sql = queries.load("tokenbase.imports")

DEFAULT_KEY = "contactCreated"
"""The event type of new contacts where the request names none (ours)."""


def record(
    writing: copying.Writing,
    account_id: int,
    base: matching.Base,
    type_id: int,
    blocks: blocks.Blocks,
    now: dt.datetime,
) -> None:
    """Record an event for each contact that the batch created. The account is locked, the contacts have their ids."""
    first_tokens: dict[people.Person, str] = {}
    for token in base.tokens.values():
        if token.owner is not None and token.owner.new and token.owner not in first_tokens:
            first_tokens[token.owner] = token.row["value"]
    ids = blocks.take("event", len(base.created))
    time = now.isoformat()
    lines = (
        f"{account_id}\t{person.id}\t{event_id}\t{type_id}\t{time}\t{_event(person, first_tokens.get(person, ''))}\n"
        for event_id, person in zip(ids, base.created, strict=True)
    )
    writing.copy(sql.copy_events, lines)


def _event(person: people.Person, token: str) -> str:
    """Return the cells of an event's value and parameters."""
    row = person.row
    email, sms, external_id = row.get("email", ""), row.get("sms", ""), row.get("external_id", "")
    params = {
        "contactId": person.id,
        "EmailAddress": email,
        "SMS": sms,
        "externalCustomerId": external_id,
        "token": token,
    }
    return f"{email or sms or external_id or token}\t{msgspec.json.encode(params).decode()}"


def type_id(
    conn: sessions.Connection, account_id: int, event_key: str | None, blocks: blocks.Blocks, now: dt.datetime
) -> int:
    """Return the id of the event type with this key, or of the default one; made if it is missing (contract 4)."""
    key = event_key or DEFAULT_KEY
    found = conn.execute(sql.event_type_id, {"account_id": account_id, "key": key}).fetchone()
    if found is not None:
        return int(found[0])
    (made,) = blocks.take("event_type", 1)
    conn.execute(sql.create_event_type, {"account_id": account_id, "id": made, "key": key, "now": now})
    return made

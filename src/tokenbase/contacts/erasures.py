"""What of a contact lies outside its own rows goes when it is erased, and the record that it was done stays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from tokenbase.contacts import identity, loading, people
from tokenbase.contract import exports
from tokenbase.store import database, queries

sql = queries.load("tokenbase.contacts")


def listing(
    database: database.Database,
    account_id: int,
    contact_id: int | None,
    external_id: str | None,
    skipped: int,
    rows: int,
) -> tuple[list[exports.Erasure], int]:
    """Return a page of the erasures, of a contact or an external id if one is given, and how many there are."""
    parameters = {
        "account_id": account_id,
        "contact_id": contact_id,
        "external_key": None if external_id is None else identity.external(external_id),
        "skipped": skipped,
        "rows": rows,
    }
    with database.transaction() as conn:
        page = conn.execute(sql.page_of_erasures, parameters).fetchall()
    found = [exports.Erasure(contact_id=row[0], erased_at=row[1]) for row in page if row[0] is not None]
    return found, page[0][2]


def sweep(conn: loading.Connection, account_id: int, person: people.Person, tokens: Sequence[str]) -> None:
    """Delete the events that are about nobody, but name this person by an address or a token."""
    row = person.row
    names = [(name, value) for name, column in _NAMES for value in (row.get(column), _digits(row, column)) if value]
    names += [(name, token) for name in ("token", "pushtoken") for token in tokens]
    names.append(("contactid", str(person.id)))
    parameters = {"account_id": account_id, "names": [name for name, _ in names], "values": [text for _, text in names]}
    conn.execute(sql.erase_stray_events, parameters)


def record(conn: loading.Connection, account_id: int, person: people.Person, now: dt.datetime) -> None:
    """Note that a person was erased, and when."""
    parameters = {"account_id": account_id, "contact_id": person.id, "external_key": person.external_key(), "now": now}
    conn.execute(sql.record_erasure, parameters)


_NAMES = (
    ("externalcustomerid", "external_id"),
    ("email", "email"),
    ("emailaddress", "email"),
    ("phone", "sms"),
    ("sms", "sms"),
)


def _digits(row: dict[str, str], column: str) -> str | None:
    """Return the other usual spelling of a telephone number."""
    number = row.get(column)
    return f"+{number}" if column == "sms" and number else None

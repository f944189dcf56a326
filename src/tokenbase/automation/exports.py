"""Everything held about one contact, in one answer: what somebody may ask who wants to know what is known of them."""

from __future__ import annotations

import datetime as dt

from tokenbase.contacts import cards, loading, subscriptions
from tokenbase.contract import exports, problems
from tokenbase.store import database, queries

sql = queries.load("tokenbase.automation")


def of_contact(
    database: database.Database, account_id: int, contact_id: int, now: dt.datetime
) -> exports.ContactExport:
    """Return everything held about a contact, also about a deleted one. Raises NotFound where there is none."""
    with database.transaction() as conn:
        return _export(conn, account_id, contact_id, now, f"there is no contact {contact_id} in this account")


def of_external_id(
    database: database.Database, account_id: int, external_id: str, now: dt.datetime
) -> exports.ContactExport:
    """Return everything held about the contact with an external id. Raises NotFound where there is none."""
    unknown = f'there is no contact with the externalCustomerId "{external_id[:255]}" in this account'
    with database.transaction() as conn:
        contact_id = loading.of_external_id(conn, account_id, external_id)
        return _export(conn, account_id, contact_id or 0, now, unknown)


def _export(
    conn: loading.Connection, account_id: int, contact_id: int, now: dt.datetime, unknown: str
) -> exports.ContactExport:
    one = {"account_id": account_id, "contact_id": contact_id}
    found = cards.by_ids(conn, account_id, [contact_id], deleted=True)
    state = conn.execute(sql.deleted_at, one).fetchone()
    if not found or state is None:
        raise problems.NotFound(unknown)
    events = [
        exports.HeldEvent(
            id=row[0], event_type_key=row[1], key_value=row[2], params=row[3], occurred=row[4], past=row[5]
        )
        for row in conn.execute(sql.events_of_contact, one)
    ]
    return exports.ContactExport(
        exported_at=now,
        deleted_at=state[0],
        contact=found[0],
        subscriptions=subscriptions.of(conn, account_id, contact_id),
        events=events,
    )

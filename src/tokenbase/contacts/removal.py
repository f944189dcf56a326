"""Contacts leave: deleted, so that their external id can bring them back, or erased with everything personal."""

from __future__ import annotations

import datetime as dt

from tokenbase.contacts import erasures, fields, loading
from tokenbase.contract import problems
from tokenbase.store import database, queries

sql = queries.load("tokenbase.contacts")


def by_id(database: database.Database, account_id: int, contact_id: int, erase: bool, now: dt.datetime) -> None:
    """Delete or erase a contact. Raises NotFound for one that is not there; a deleted one can still be erased."""
    with database.transaction() as conn:
        loading.lock(conn, account_id)
        _remove(conn, account_id, contact_id, erase, now, f"there is no contact {contact_id} in this account")


def by_external_id(
    database: database.Database, account_id: int, external_id: str, erase: bool, now: dt.datetime
) -> None:
    """Delete or erase the contact with an external id. Raises NotFound when there is none."""
    with database.transaction() as conn:
        loading.lock(conn, account_id)
        contact_id = loading.of_external_id(conn, account_id, external_id)
        unknown = f'there is no contact with the externalCustomerId "{external_id[:255]}" in this account'
        _remove(conn, account_id, contact_id or 0, erase, now, unknown)


def _remove(
    conn: loading.Connection, account_id: int, contact_id: int, erase: bool, now: dt.datetime, unknown: str
) -> None:
    person = loading.person(conn, account_id, contact_id)
    if person is None or (person.deleted and not erase):
        raise problems.NotFound(unknown)
    one = {"account_id": account_id, "ids": [contact_id], "now": now}
    keys = set(person.keys(fields.identifying(conn, account_id)))
    if not erase and (kept := person.external_key()) is not None:
        # The external id alone brings a deleted contact back (contract 3, rule 4).
        keys.discard(kept)
    tokens = _tokens(conn, account_id, contact_id)
    keys.update(tokens)
    if keys:
        conn.execute(sql.delete_identities, loading.pairs(account_id, [(contact_id, key) for key in keys]))
    if erase:
        conn.execute(sql.lock_erasures, one)
        for statement in (
            sql.erase_contacts,
            sql.erase_tokens,
            sql.erase_events,
            sql.erase_memberships,
            sql.erase_subscriptions,
            sql.erase_mails,
        ):
            conn.execute(statement, one)
        conn.execute(sql.erase_mutes, {"account_id": account_id, "keys": ",".join(tokens)})
        erasures.sweep(conn, account_id, person, list(tokens.values()))
        erasures.record(conn, account_id, person, now)
    else:
        conn.execute(sql.mark_deleted, one)


def _tokens(conn: loading.Connection, account_id: int, contact_id: int) -> dict[str, str]:
    """Return the tokens that stand with a contact, by their keys."""
    rows = conn.execute(sql.tokens_of_contacts, {"account_id": account_id, "contact_ids": [contact_id]})
    return {key: value for _, key, _, value, *_ in rows}

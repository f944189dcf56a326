"""Contacts as they are read back: by id, by external id, by a search. Nothing is changed here."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any

import msgspec

from tokenbase.contacts import emails, identity, loading, muting, people, phones, unsubscribed
from tokenbase.contract import cards, problems
from tokenbase.store import database, queries

sql = queries.load("tokenbase.contacts")


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for: all that is given must fit. Names are compared without case."""

    external_id: str | None = None
    email: str | None = None
    sms: str | None = None
    first_name: str | None = None
    last_name: str | None = None


def by_id(database: database.Database, account_id: int, contact_id: int) -> cards.ContactCard:
    """Return a contact. Raises NotFound for one that is not in the account or is deleted."""
    with database.transaction() as conn:
        found = by_ids(conn, account_id, [contact_id])
    if not found:
        raise problems.NotFound(f"there is no contact {contact_id} in this account")
    return found[0]


def by_external_id(database: database.Database, account_id: int, external_id: str) -> cards.ContactCard:
    """Return the contact with an external id. Raises NotFound when there is none, or it is deleted."""
    with database.transaction() as conn:
        contact_id = loading.of_external_id(conn, account_id, external_id)
        found = by_ids(conn, account_id, [contact_id]) if contact_id is not None else []
    if not found:
        raise problems.NotFound(
            f'there is no contact with the externalCustomerId "{external_id[:255]}" in this account'
        )
    return found[0]


def search(
    database: database.Database, account_id: int, what: Search, skipped: int, rows: int
) -> tuple[list[cards.ContactCard], int]:
    """Return a page of the contacts that fit, by id, and the number of all that do."""
    keys = _keys(what)
    if keys is None:
        return [], 0
    statement = sql.page_by_names if what.first_name or what.last_name else sql.page_of_all
    if keys:
        statement = sql.page_by_keys
    parameters = {
        "account_id": account_id,
        "keys": ",".join(keys),
        "many": len(keys),
        "first_name": what.first_name,
        "last_name": what.last_name,
        "rows": rows,
        "skipped": skipped,
    }
    with database.transaction() as conn:
        page = conn.execute(statement, parameters).fetchall()
        ids = [contact_id for contact_id, _ in page if contact_id is not None]
        return by_ids(conn, account_id, ids), page[0][1]


def _keys(what: Search) -> list[str] | None:
    """Return the keys to look for; None when what is looked for cannot be anybody's."""
    try:
        return [
            key
            for key in (
                identity.external(what.external_id.strip()) if what.external_id else None,
                identity.email(emails.clean(what.email)) if what.email else None,
                identity.key("sms", phones.clean(what.sms)) if what.sms else None,
            )
            if key is not None
        ]
    except ValueError:
        return None


def by_ids(
    conn: loading.Connection, account_id: int, ids: Sequence[int], deleted: bool = False
) -> list[cards.ContactCard]:
    """Return those of these contacts that are there, in this order; deleted ones only if they are asked for."""
    if not ids:
        return []
    parameters = {"account_id": account_id, "contact_ids": list(ids)}
    channels: dict[int, list[cards.ChannelCard]] = {}
    tokens = conn.execute(sql.tokens_of_contacts, parameters).fetchall()
    muted = muting.among(conn, account_id, [key for _, key, *_ in tokens])
    for contact_id, key, *columns in tokens:
        row = dict(zip(people.TOKEN_COLUMNS, columns, strict=True))
        channels.setdefault(contact_id, []).append(_token(row | {"muted": key in muted or None}))
    groups: dict[int, list[cards.GroupCard]] = {}
    for contact_id, group_id, name, kind in conn.execute(sql.memberships_of_contacts, parameters):
        groups.setdefault(contact_id, []).append(cards.GroupCard(id=group_id, name=name, type=kind))
    rows = {}
    for contact_id, created_at, updated_at, gone, fields, *columns in conn.execute(
        sql.cards_by_id, {"account_id": account_id, "ids": list(ids)}
    ):
        if deleted or not gone:
            row = dict(zip(people.COLUMNS, columns, strict=True))
            rows[contact_id] = row | {"created_at": created_at, "updated_at": updated_at, "fields": fields}
    addresses = {str(row["email"]) for row in rows.values() if row["email"] is not None}
    refusing = unsubscribed.among(conn, account_id, addresses)
    return [
        _card(contact_id, rows[contact_id], refusing, channels.get(contact_id, []), groups.get(contact_id, []))
        for contact_id in ids
        if contact_id in rows
    ]


def _card(
    contact_id: int,
    row: dict[str, Any],
    refusing: Container[str],
    tokens: list[cards.ChannelCard],
    groups: list[cards.GroupCard],
) -> cards.ContactCard:
    return cards.ContactCard(
        id=contact_id,
        external_customer_id=row["external_id"],
        first_name=row["first_name"],
        last_name=row["last_name"],
        channels=[*_addresses(row, refusing), *tokens],
        address=_address(row),
        fields=[cards.FieldCard(id=int(field_id), value=value) for field_id, value in sorted(row["fields"].items())],
        groups=groups,
        language_code=row["language_code"],
        time_zone=row["time_zone"],
        contact_key=row["contact_key"],
        address_book_id=row["address_book_id"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _addresses(row: dict[str, Any], refusing: Container[str]) -> list[cards.ChannelCard]:
    status = "confirmed" if row["email_confirmed"] else "unconfirmed"
    status = "unsubscribed" if row["email"] in refusing else status
    return [
        cards.ChannelCard(type=kind, value=str(row[kind]), status=status if kind == "email" else None)
        for kind in ("email", "sms", "viber", "telegram")
        if row[kind] is not None
    ]


def _address(row: dict[str, Any]) -> dict[str, str] | None:
    names = {"region": "region", "town": "town", "address": "address", "postcode": "postcode"}
    names["address_description"] = "description"
    return {name: str(row[column]) for column, name in names.items() if row[column] is not None} or None


def _token(row: dict[str, Any]) -> cards.ChannelCard:
    device = cards.DeviceCard(**{name: row[name] for name in cards.DeviceCard.__struct_fields__})
    card = cards.ChannelCard(type=row["channel"], value=row["value"], device=device)
    if row["channel"] == "webpush":
        keys = {"p256dh": row["web_push_p256dh"], "auth": row["web_push_auth"]}
        card.web_push_subscription = {"endpoint": row["value"], "keys": keys}
    return card

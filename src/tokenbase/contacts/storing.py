"""Write what a batch changed: new rows by COPY, changes by one statement a table, whatever the batch's size."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import msgspec

from tokenbase.contacts import loading, matching, people
from tokenbase.store import copying, queries

sql = queries.load("tokenbase.contacts")


def store(conn: loading.Connection, account_id: int, base: matching.Base, now: dt.datetime) -> None:
    """Write a base that was worked through; its new contacts have their ids."""
    touched = [person for person in base.by_id.values() if person.changed]
    _store_keys(conn, account_id, base, touched)
    _store_contacts(conn, account_id, base, touched, now)
    _store_tokens(conn, account_id, base, now)


def _store_keys(
    conn: loading.Connection, account_id: int, base: matching.Base, touched: Collection[people.Person]
) -> None:
    added: list[tuple[int, str, int, int]] = []
    gone: list[tuple[int, str]] = []
    for person in (*base.created, *touched):
        assert person.id is not None
        unique, stored = person.external_key(), person.stored_keys
        keys = person.keys(base.identifying)
        for key in keys:
            if key not in stored:
                added.append((account_id, key, 0 if key == unique else person.id, person.id))
        if stored:
            gone.extend((person.id, key) for key in stored.difference(keys))
    moved: list[tuple[int, str]] = []
    for token in base.tokens.values():
        if token.owner is not None and token.owner.id is not None:
            if token.key_at is None:
                added.append((account_id, token.key, 0, token.owner.id))
            elif token.key_at != token.owner.id:
                moved.append((token.owner.id, token.key))
    for statement, pairs in ((sql.delete_identities, gone), (sql.move_identities, moved)):
        if pairs:
            conn.execute(statement, _pairs(account_id, pairs))
    if added:
        copying.write(conn, sql.copy_identities, added)


def _store_contacts(
    conn: loading.Connection,
    account_id: int,
    base: matching.Base,
    touched: Collection[people.Person],
    now: dt.datetime,
) -> None:
    if base.created:
        time = now.isoformat()
        copying.write(
            conn,
            sql.copy_contacts,
            [(account_id, person.id, time, time, _json(person.fields), *_columns(person)) for person in base.created],
        )
    rows = [
        {"id": person.id, "restored": person.restored, "fields": person.fields}
        | dict(zip(people.COLUMNS, _columns(person), strict=True))
        for person in touched
    ]
    if rows:
        parameters = {"account_id": account_id, "now": now, "rows": msgspec.json.encode(rows).decode()}
        conn.execute(sql.update_contacts, parameters)


def _columns(person: people.Person) -> list[object]:
    row = person.row
    row["email_confirmed"] = bool(row.get("email_confirmed"))
    return list(map(row.get, people.COLUMNS))


def _json(fields: dict[str, str]) -> str:
    return msgspec.json.encode(fields).decode() if fields else "{}"


def _store_tokens(conn: loading.Connection, account_id: int, base: matching.Base, now: dt.datetime) -> None:
    gone = list(base.stale)
    time = now.isoformat()
    added: list[tuple[object, ...]] = []
    learnt: list[dict[str, object]] = []
    for token in base.tokens.values():
        owner = token.owner
        if owner is None or owner.id is None:
            continue
        if token.row_at == owner.id:
            if token.changed:
                learnt.append({"contact_id": owner.id, "key": token.key, **token.row})
            continue
        if token.row_at is not None:
            gone.append((token.row_at, token.key))
        added.append((account_id, owner.id, token.key, time, time, *map(token.row.get, people.TOKEN_COLUMNS)))
    if gone:
        conn.execute(sql.delete_tokens, _pairs(account_id, gone))
    if added:
        copying.write(conn, sql.copy_tokens, added)
    if learnt:
        parameters = {"account_id": account_id, "now": now, "rows": msgspec.json.encode(learnt).decode()}
        conn.execute(sql.update_tokens, parameters)


def _pairs(account_id: int, pairs: list[tuple[int, str]]) -> dict[str, object]:
    return {
        "account_id": account_id,
        "contact_ids": [contact_id for contact_id, _ in pairs],
        "keys": ",".join(key for _, key in pairs),
    }


def index_field(conn: loading.Connection, account_id: int, field_id: int) -> None:
    """Make an additional field one that identifies, if it is not yet. The account must be locked."""
    if conn.execute(sql.mark_identifying, {"account_id": account_id, "field_id": field_id}).fetchone() is not None:
        conn.execute(sql.index_field, {"account_id": account_id, "field_id": str(field_id)})

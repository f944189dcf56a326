"""Fetch the part of the base that a batch can touch: a fixed number of statements, whatever the batch's size."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import psycopg

from tokenbase.contacts import identity, incoming, matching, people, reading, rules
from tokenbase.store import queries

sql = queries.load("tokenbase.contacts")

Connection = psycopg.Connection[tuple[Any, ...]]


def lock(conn: Connection, account_id: int) -> None:
    """Make other requests that write to the account wait until this transaction ends (contract 3)."""
    conn.execute(sql.lock_account, {"account_id": account_id})


def load(
    conn: Connection,
    account_id: int,
    batch: Collection[incoming.Incoming],
    how: rules.Rules,
    identifying: frozenset[int],
) -> matching.Base:
    """Return what is known of everybody that these contacts name. The account must be locked."""
    base = matching.Base(identifying)
    external = {identity.external(sent.external_id): sent.external_id for sent in batch if sent.external_id is not None}
    shared = {
        key for sent in batch for kind in how.kinds if kind != "id" for key in reading.keys(sent, kind, how.field_id)
    }
    base.tokens = {key: people.Token(key, {}) for sent in batch for key in sent.tokens}
    held = match(conn, account_id, [*external, *(shared - base.tokens.keys()), *base.tokens])
    ids = {contact_id for holders in held.values() for contact_id in holders}
    ids.update(sent.contact_id for sent in batch if sent.contact_id is not None and "id" in how.kinds)
    if how.target is not None:
        ids.add(how.target)
    base.by_id = dict(_people(conn, account_id, ids, identifying))
    deleted = [contact_id for contact_id, person in base.by_id.items() if person.deleted]
    if deleted and how.restore_deleted:
        _keep_tokens(conn, account_id, deleted, base, held)
    for key, holders in held.items():
        if key in base.tokens:
            token = base.tokens[key]
            token.key_at = token.row_at = holders[0]
            token.owner = base.by_id[holders[0]]
        elif key in external:
            base.by_external_id[external[key]] = base.by_id[holders[0]]
        else:
            base.holders[key] = [base.by_id[contact_id] for contact_id in holders]
    _load_tokens(conn, account_id, base)
    return base


def match(conn: Connection, account_id: int, keys: list[str]) -> dict[str, list[int]]:
    """Return who holds each key, for those that anybody holds."""
    held: dict[str, list[int]] = {}
    if keys:
        parameters = {"account_id": account_id, "keys": ",".join(keys)}
        for place, contact_id in conn.execute(sql.match_by_key, parameters).fetchall():
            held.setdefault(keys[place - 1], []).append(contact_id)
    return held


def person(conn: Connection, account_id: int, contact_id: int) -> people.Person | None:
    """Return one contact, deleted or not."""
    return dict(_people(conn, account_id, [contact_id], frozenset())).get(contact_id)


def of_external_id(conn: Connection, account_id: int, external_id: str) -> int | None:
    """Return the id of the contact, deleted or not, that has an external id."""
    holders = match(conn, account_id, [identity.external(external_id)])
    return next((contact_id for found in holders.values() for contact_id in found), None)


def _people(
    conn: Connection, account_id: int, ids: Collection[int], identifying: frozenset[int]
) -> Iterator[tuple[int, people.Person]]:
    if not ids:
        return
    for contact_id, updated_at, deleted, fields, *columns in conn.execute(
        sql.contacts_by_id, {"account_id": account_id, "ids": list(ids)}
    ).fetchall():
        person = people.Person(dict(zip(people.COLUMNS, columns, strict=True)), fields, (0, updated_at, contact_id))
        person.id = contact_id
        person.deleted = deleted
        if deleted:
            key = person.external_key()
            person.stored_keys = frozenset() if key is None else frozenset({key})
        else:
            person.stored_keys = frozenset(person.keys(identifying))
        yield contact_id, person


def _load_tokens(conn: Connection, account_id: int, base: matching.Base) -> None:
    pairs = [(token.row_at, key) for key, token in base.tokens.items() if token.key_at is not None]
    if pairs:
        parameters = {
            "account_id": account_id,
            "contact_ids": [holder for holder, _ in pairs],
            "keys": ",".join(key for _, key in pairs),
        }
        for _, key, *columns in conn.execute(sql.tokens_by_holder, parameters).fetchall():
            base.tokens[key].row = dict(zip(people.TOKEN_COLUMNS, columns, strict=True))


def _keep_tokens(
    conn: Connection, account_id: int, deleted: list[int], base: matching.Base, held: dict[str, list[int]]
) -> None:
    """Fetch what deleted contacts would come back with, and who holds those tokens today."""
    for contact_id, key, *columns in conn.execute(
        sql.tokens_of_contacts, {"account_id": account_id, "contact_ids": deleted}
    ):
        kept = people.Token(key, dict(zip(people.TOKEN_COLUMNS, columns, strict=True)))
        base.kept_tokens.setdefault(contact_id, []).append(kept)
    unasked = {kept.key for tokens in base.kept_tokens.values() for kept in tokens} - base.tokens.keys()
    base.tokens.update((key, people.Token(key, {})) for key in unasked)
    found = match(conn, account_id, list(unasked))
    held.update(found)
    strangers = {contact_id for holders in found.values() for contact_id in holders} - base.by_id.keys()
    base.by_id.update(_people(conn, account_id, strangers, base.identifying))

"""Fetch the part of the base that a batch can touch: a fixed number of statements, whatever the batch's size."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
import psycopg

from tokenbase.contacts import identity, incoming, matching, people, reading, rules
from tokenbase.store import database, queries

sql = queries.load("tokenbase.contacts")

Connection = psycopg.Connection[tuple[Any, ...]]

_Result = TypeVar("_Result")


def queue(conn: Connection, account_id: int) -> None:
    """Make other imports into the account wait until this transaction ends; the account's lock comes after it."""
    conn.execute(sql.queue_import, {"account_id": account_id})


def lock(conn: Connection, account_id: int) -> None:
    """Make other requests that write to the account wait until this transaction ends (contract 3).

    Within `persist` this transaction waits for rows that others hold only as long as is due there.
    """
    conn.execute(sql.lock_account, {"account_id": account_id, "patience": database.patience()})


def write_ahead(conn: Connection, account_id: int) -> None:
    """Have whoever gives way in `persist` wait until this transaction ends, which writes without the account's lock."""
    conn.execute(sql.write_ahead, {"account_id": account_id})


def persist(base: database.Database, account_id: int, work: Callable[[], _Result]) -> _Result:
    """Return what some work on an account gives, begun anew where it gave way to those who write ahead of the lock.

    Raises GaveWay where it gives way time and again.
    """

    def await_writers() -> None:
        with base.transaction() as conn:
            conn.execute(sql.await_writers, {"account_id": account_id})

    return database.persist(work, await_writers)


def hold_erasures(conn: Connection, account_id: int) -> None:
    """Make erasures in the account wait until this transaction ends, so that none is outlived by what is stored here.

    Whoever takes both takes the account's lock first.
    """
    conn.execute(sql.hold_erasures, {"account_id": account_id})


def load(
    conn: Connection,
    account_id: int,
    batch: Collection[incoming.Incoming],
    how: rules.Rules,
    identifying: frozenset[int],
    known: Mapping[str, int],
    fetched: Mapping[int, people.Person],
) -> matching.Base:
    """Return what is known of everybody that these contacts name.

    `known` is who has which external id, `fetched` what was fetched before of some of them. Where the account is not
    locked, keys and what they lead to may be of different moments: `together` tells.
    """
    base = matching.Base(identifying)
    base.tokens = {key: people.Token(key) for sent in batch for key in sent.tokens}
    shared = {
        key for sent in batch for kind in how.kinds if kind != "id" for key in reading.keys(sent, kind, how.field_id)
    }
    held = match(conn, account_id, list(shared - base.tokens.keys()))
    ids = {contact_id for holders in held.values() for contact_id in holders}
    ids.update(known[sent.external_id] for sent in batch if sent.external_id in known)
    ids.update(sent.contact_id for sent in batch if sent.contact_id is not None and "id" in how.kinds)
    if how.target is not None:
        ids.add(how.target)
    base.by_id = {contact_id: fetched[contact_id] for contact_id in ids if contact_id in fetched}
    base.by_id.update(by_ids(conn, account_id, ids - fetched.keys()))
    base.by_external_id = {
        sent.external_id: base.by_id[contact_id]
        for sent in batch
        if (contact_id := known.get(sent.external_id)) is not None and contact_id in base.by_id
    }
    for key, holders in held.items():
        base.holders[key] = [base.by_id[contact_id] for contact_id in holders]
    deleted = [contact_id for contact_id, person in base.by_id.items() if person.deleted]
    if deleted and how.restore_deleted:
        _keep_tokens(conn, account_id, deleted, base)
    # Most tokens of known contacts are their own: those need no look at the identity table.
    _load_tokens(conn, account_id, base, list(_expected(batch, base)))
    strange = [key for key, token in base.tokens.items() if token.owner is None]
    found = match(conn, account_id, strange)
    strangers = {holders[0] for holders in found.values()} - base.by_id.keys()
    base.by_id.update(by_ids(conn, account_id, strangers))
    for key, holders in found.items():
        base.tokens[key].key_at = holders[0]
    _load_tokens(conn, account_id, base, [(holders[0], key) for key, holders in found.items()])
    return base


def together(base: matching.Base, known: Mapping[str, int], found: Collection[int]) -> bool:
    """Tell whether keys and the rows that they lead to, which were read one after the other, go together.

    `found` are the contacts whose rows there were. From then on versions or digests of the rows tell whether
    they still do. Whoever has a key by a kind that several contacts may share is not looked at.
    """
    return (
        all(contact_id in found for contact_id in known.values())
        and all(person.row["external_id"] == external_id for external_id, person in base.by_external_id.items())
        and all(
            token.key_at is None or (token.owner is not None and not token.owner.deleted)
            for token in base.tokens.values()
        )
    )


def external_ids(conn: Connection, account_id: int, external_ids: Iterable[str]) -> dict[str, int]:
    """Return which contact, deleted or not, has which of these external ids."""
    asked = list(external_ids)
    keys = dict(zip([key.hex() for key in identity.of_values("external_id", asked)], asked, strict=True))
    return {keys[key]: holders[0] for key, holders in match(conn, account_id, list(keys)).items()}


def digests(conn: Connection, account_id: int, ids: Collection[int]) -> dict[int, str]:
    """Return the digests of those of these contacts that stand as they were last imported (imports/unchanged.py)."""
    if not ids:
        return {}
    rows = conn.execute(sql.digests, {"account_id": account_id, "ids": _list(ids)}).fetchall()
    return {contact_id: digest.replace("-", "") for contact_id, digest in rows}


def unchanged(
    conn: Connection, account_id: int, contacts: Iterable[people.Person], tokens: Iterable[people.Token]
) -> bool:
    """Tell whether these contacts and tokens, those that were written since excepted, are as they were fetched."""
    known = [(person.id, person.version) for person in contacts if person.id is not None and person.version]
    if known:
        given = {"account_id": account_id, "many": len(known), "contact_ids": _list(each for each, _ in known)}
        given["versions"] = versions(version for _, version in known)
        if conn.execute(sql.contacts_unchanged, given).fetchone() != (len(known),):
            return False
    held = [token for token in tokens if token.version]
    if held:
        given = pairs(account_id, [(token.row_at or 0, token.key) for token in held])
        given["versions"] = versions(token.version for token in held)
        return conn.execute(sql.tokens_unchanged, given).fetchone() == (len(held),)
    return True


def forget(conn: Connection, account_id: int, ids: Collection[int]) -> None:
    """Note that these contacts or their tokens are no longer as they were last imported. The account must be locked."""
    conn.execute(sql.forget_digests, {"account_id": account_id, "ids": _list(ids)})


def match(conn: Connection, account_id: int, keys: list[str]) -> dict[str, list[int]]:
    """Return who holds each key, for those that anybody holds."""
    held: dict[str, list[int]] = {}
    if keys:
        parameters = {"account_id": account_id, "keys": ",".join(keys)}
        for key, contact_id in conn.execute(sql.match_by_key, parameters).fetchall():
            held.setdefault(key.replace("-", ""), []).append(contact_id)
    return held


def person(conn: Connection, account_id: int, contact_id: int) -> people.Person | None:
    """Return one contact, deleted or not."""
    return dict(by_ids(conn, account_id, [contact_id])).get(contact_id)


def of_external_id(conn: Connection, account_id: int, external_id: str) -> int | None:
    """Return the id of the contact, deleted or not, that has an external id."""
    return external_ids(conn, account_id, [external_id]).get(external_id)


def pairs(account_id: int, pairs: Sequence[tuple[int, str]]) -> dict[str, object]:
    """Return contacts and keys as the parameters of statements that take them pair by pair."""
    return {
        "account_id": account_id,
        "many": len(pairs),
        "contact_ids": _list(holder for holder, _ in pairs),
        "keys": ",".join(key for _, key in pairs),
    }


def versions(versions: Iterable[str]) -> str:
    """Return versions of rows as a parameter; "" is null, which is any version."""
    return f"{{{','.join(version or 'NULL' for version in versions)}}}"


def by_ids(conn: Connection, account_id: int, ids: Collection[int]) -> Iterator[tuple[int, people.Person]]:
    """Give those of these contacts that there are, deleted or not, each behind its id."""
    if not ids:
        return
    parameters = {"account_id": account_id, "ids": _list(ids)}
    for cells in conn.execute(sql.contacts_by_id, parameters).fetchall():
        contact_id, updated_at, deleted, digest, version, fields = cells[:6]
        row = dict(zip(people.COLUMNS, cells[6:], strict=True))
        person = people.Person(row, {} if fields == "{}" else msgspec.json.decode(fields), (0, updated_at, contact_id))
        person.id = contact_id
        person.deleted = deleted
        person.stored_digest = digest.replace("-", "")
        person.version = version
        yield contact_id, person


def _expected(batch: Collection[incoming.Incoming], base: matching.Base) -> Iterator[tuple[int, str]]:
    """Give each token with the contact that has its external id, where there is one that is not deleted."""
    for sent in batch:
        person = base.by_external_id.get(sent.external_id)
        if person is not None and not person.deleted and person.id is not None:
            for key in sent.tokens:
                yield person.id, key


def _load_tokens(conn: Connection, account_id: int, base: matching.Base, wanted: list[tuple[int, str]]) -> None:
    """Fetch those of these tokens, each with the contact that may have it, that are there."""
    if not wanted:
        return
    for place, version, *cells in conn.execute(sql.tokens_by_holder, pairs(account_id, wanted)).fetchall():
        holder, key = wanted[place - 1]
        token = base.tokens[key]
        token.row = dict(zip(people.TOKEN_COLUMNS, cells, strict=True))
        token.version = version
        token.key_at = token.row_at = holder
        token.owner = base.by_id[holder]


def _keep_tokens(conn: Connection, account_id: int, deleted: list[int], base: matching.Base) -> None:
    """Fetch what deleted contacts would come back with; who holds those tokens today is asked with all others."""
    parameters = {"account_id": account_id, "contact_ids": _list(deleted)}
    for contact_id, key, *cells in conn.execute(sql.kept_tokens, parameters).fetchall():
        kept = people.Token(key.replace("-", ""))
        kept.row = dict(zip(people.TOKEN_COLUMNS, cells, strict=True))
        base.kept_tokens.setdefault(contact_id, []).append(kept)
        base.tokens.setdefault(kept.key, people.Token(kept.key))


def _list(ids: Iterable[int]) -> str:
    return f"{{{','.join(map(str, ids))}}}"

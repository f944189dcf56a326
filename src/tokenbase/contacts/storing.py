"""Write what a batch changed: new rows by COPY, changes by one statement a table, whatever the batch's size."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

import msgspec

from tokenbase.contacts import identity, incoming, loading, matching, people
from tokenbase.store import copying, queries, rows

sql = queries.load("tokenbase.contacts")


_NOT_TEXT: Mapping[str, Callable[[str], bytes]] = {
    "email_confirmed": rows.boolean,
    "address_book_id": rows.integer,
    "active": rows.boolean,
    "app_id": rows.identifier,
    "registered_at": lambda cell: rows.moment(dt.datetime.fromisoformat(cell)),
    "last_active_at": lambda cell: rows.moment(dt.datetime.fromisoformat(cell)),
}
"""How the columns that are no texts are sent."""


def store(writing: copying.Writing, account_id: int, base: matching.Base, now: dt.datetime) -> None:
    """Write a base that was worked through; its new contacts have their ids."""
    store_changes(writing, account_id, base.by_id.values(), base.tokens.values(), now)
    writing.copy(sql.copy_contacts, _contacts(account_id, base.created, now))
    _store_tokens(writing, account_id, base, now)
    _store_keys(writing, account_id, base, [person for person in base.by_id.values() if person.changed])


def store_changes(
    writing: copying.Writing,
    account_id: int,
    known: Iterable[people.Person],
    tokens: Iterable[people.Token],
    now: dt.datetime,
) -> None:
    """Write what changed of these contacts and tokens since it was written last, their keys and owners excepted.

    Those that are not stored yet are passed over. `store` must follow, for the rest.
    """
    changed = [person for person in dict.fromkeys(known) if _has_changed(person)]
    for person in changed:
        person.written = person.state()
    _update_contacts(writing, account_id, changed, now)
    learnt: list[dict[str, object]] = []
    for token in tokens:
        owner = token.owner
        if (
            owner is not None
            and owner.id is not None
            and token.row_at == owner.id
            and token.learnt is not token.written
        ):
            token.written = token.learnt
            row = {"account_id": account_id, "contact_id": owner.id, "key": token.key, **token.learnt}
            if token.version:
                row["version"], token.version = token.version, ""
            learnt.append(row)
    if learnt:
        parameters = {"now": now, "rows": msgspec.json.encode(learnt).decode()}
        writing.execute(sql.update_tokens, parameters, len(learnt))


def _has_changed(person: people.Person) -> bool:
    if person.new or not (person.written or person.changed or (person.seen and person.digest != person.stored_digest)):
        return False
    return person.written != person.state()


STORE_NEW = (sql.copy_contacts, sql.copy_tokens, sql.copy_identities)
"""The statements of `store_new`."""


def store_new(
    writing: copying.Writing,
    account_id: int,
    created: Sequence[people.Person],
    tokens: Sequence[people.Token],
    identifying: frozenset[int],
    now: dt.datetime,
) -> None:
    """Write contacts and tokens that are all new, with their keys; the contacts have their ids.

    The account need not be locked: a key that only one may hold and somebody does is a UniqueViolation.
    """
    writing.copy(sql.copy_contacts, _contacts(account_id, created, now))
    writing.copy(sql.copy_tokens, _tokens(account_id, tokens, now))
    keys = _new_keys(created, identifying)
    keys.add([bytes.fromhex(token.key) for token in tokens], _owners(tokens), alone=True)
    writing.copy(sql.copy_identities, keys.table(account_id))


class _Keys:
    """New rows of the identity table."""

    def __init__(self) -> None:
        """Begin without any."""
        self._rows: list[bytes] = []

    def add(self, keys: Iterable[bytes], holders: Iterable[bytes], alone: bool) -> None:
        """Add keys and the ids of the contacts that hold them; `alone` where nobody else may."""
        if alone:
            self._rows += [key + _ALONE + holder for key, holder in zip(keys, holders, strict=True)]
        else:
            self._rows += [key + holder + holder for key, holder in zip(keys, holders, strict=True)]

    def table(self, account_id: int) -> bytes:
        """Return the rows, in the order of the index, of which neighbours then share pages."""
        before_key = rows.integer(account_id) + rows.UUID
        return rows.table(len(self._rows), 4, [before_key, sorted(self._rows)])


_ALONE = rows.bigint(0)
"""The slot of a key that only one contact may hold; elsewhere it is the holder."""


def _new_keys(created: Sequence[people.Person], identifying: frozenset[int]) -> _Keys:
    keys = _Keys()
    for column in identity.KEYED_COLUMNS:
        having = [person for person in created if person.row.get(column)]
        found = identity.of_values(column, [person.row[column] for person in having])
        keys.add(found, ids(having), alone=column == "external_id")
    for person in created if identifying else ():
        found = [bytes.fromhex(key) for key in person.field_keys(identifying)]
        keys.add(found, ids([person]) * len(found), alone=False)
    return keys


def ids(contacts: Iterable[people.Person]) -> list[bytes]:
    """Return the cells of the ids of contacts, all of which have one."""
    return rows.bigints([person.id for person in contacts if person.id is not None])


def _owners(tokens: Iterable[people.Token]) -> list[bytes]:
    """Return the cells of the ids of the contacts that own tokens, all of which are owned."""
    return ids([token.owner for token in tokens if token.owner is not None])


def _store_keys(
    writing: copying.Writing, account_id: int, base: matching.Base, touched: Collection[people.Person]
) -> None:
    added = _new_keys(base.created, base.identifying)
    gone: list[tuple[int, str]] = []
    for person in touched:
        assert person.id is not None
        if person.restored:
            # The external id alone stayed in the identity table.
            given = [key for key in person.keys(base.identifying) if key != person.external_key()]
        else:
            lost, given = person.keys_changed(base.identifying)
            gone += [(person.id, key) for key in lost]
        unique_key = person.external_key() if given else None
        for key in given:
            added.add([bytes.fromhex(key)], [rows.bigint(person.id)], alone=key == unique_key)
    moved: list[tuple[int, str]] = []
    for token in base.tokens.values():
        if token.owner is not None and (holder := token.owner.id) is not None and token.key_at != holder:
            if token.key_at is None:
                added.add([bytes.fromhex(token.key)], [rows.bigint(holder)], alone=True)
            else:
                moved.append((holder, token.key))
    for statement, pairs in ((sql.delete_identities, gone), (sql.move_identities, moved)):
        if pairs:
            writing.execute(statement, loading.pairs(account_id, pairs), len(pairs))
    writing.copy(sql.copy_identities, added.table(account_id))


def _contacts(account_id: int, created: Sequence[people.Person], now: dt.datetime) -> bytes:
    time = rows.moment(now)
    fields = [msgspec.json.encode(person.fields) if person.fields else b"{}" for person in created]
    columns: list[rows.Column] = [
        rows.integer(account_id),
        ids(created),
        time,
        time,
        rows.digests([person.digest for person in created]),
        rows.column(rows.jsonb, fields),
        *_columns(people.COLUMNS, [person.row for person in created], people.DEFAULTS),
    ]
    return rows.table(len(created), len(columns), columns)


def _tokens(account_id: int, tokens: Sequence[people.Token], now: dt.datetime) -> bytes:
    time = rows.moment(now)
    columns: list[rows.Column] = [
        rows.integer(account_id),
        _owners(tokens),
        rows.digests([token.key for token in tokens]),
        time,
        time,
        *_columns(people.TOKEN_COLUMNS, [token.row for token in tokens], people.TOKEN_DEFAULTS),
    ]
    return rows.table(len(tokens), len(columns), columns)


def _columns(
    names: Iterable[str], given: Sequence[incoming.Columns], defaults: Mapping[str, str]
) -> Iterator[rows.Column]:
    """Give columns of rows, with their defaults or null where nothing is given."""
    used = set(itertools.chain.from_iterable(given))
    for name in names:
        encode = _NOT_TEXT.get(name, rows.text)
        absent = defaults.get(name, "")
        if name in used:
            yield rows.nullable(encode, [row.get(name, absent) for row in given])
        else:
            yield from rows.nullable(encode, [absent])


def _update_contacts(
    writing: copying.Writing, account_id: int, known: Iterable[people.Person], now: dt.datetime
) -> None:
    rows: list[dict[str, object]] = []
    for person in known:
        row: dict[str, object] = {"account_id": account_id, "id": person.id}
        if person.version:
            row["version"], person.version = person.version, ""
        if person.digest:
            row["digest"] = person.digest
        if person.changed:
            row["changed"] = True
            row.update((column, person.row[column]) for column in person.before)
            if person.restored:
                row["restored"] = True
            if person.fields_before is not None:
                row["fields"] = person.fields
        rows.append(row)
    if rows:
        parameters = {"now": now, "rows": msgspec.json.encode(rows).decode()}
        writing.execute(sql.update_contacts, parameters, len(rows))


def _store_tokens(writing: copying.Writing, account_id: int, base: matching.Base, now: dt.datetime) -> None:
    gone = list(base.stale)
    versions = [""] * len(gone)
    added: list[people.Token] = []
    for token in base.tokens.values():
        owner = token.owner
        if owner is None or owner.id is None:
            continue
        if token.row_at == owner.id:
            continue
        if token.row_at is not None:
            gone.append((token.row_at, token.key))
            versions.append(token.version)
            token.version = ""
        added.append(token)
    if gone:
        parameters = {**loading.pairs(account_id, gone), "versions": loading.versions(versions)}
        writing.execute(sql.delete_tokens, parameters, len(gone))
    writing.copy(sql.copy_tokens, _tokens(account_id, added, now))


def index_field(conn: loading.Connection, account_id: int, field_id: int) -> None:
    """Make an additional field one that identifies, if it is not yet. The account must be locked."""
    if conn.execute(sql.mark_identifying, {"account_id": account_id, "field_id": field_id}).fetchone() is not None:
        conn.execute(sql.index_field, {"account_id": account_id, "field_id": str(field_id)})

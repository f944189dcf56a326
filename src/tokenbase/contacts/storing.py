"""Write what a batch changed: new rows by COPY, changes by one statement a table, whatever the batch's size."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator

import msgspec

from tokenbase.contacts import loading, matching, people
from tokenbase.store import copying, queries

sql = queries.load("tokenbase.contacts")


_NO_COLUMNS = dict.fromkeys(people.COLUMNS, "") | {"email_confirmed": "false"}
_NO_TOKEN_COLUMNS = dict.fromkeys(people.TOKEN_COLUMNS, "")


def store(writing: copying.Writing, account_id: int, base: matching.Base, now: dt.datetime) -> None:
    """Write a base that was worked through; its new contacts have their ids."""
    store_changes(writing, account_id, base.by_id.values(), base.tokens.values(), now)
    writing.copy(sql.copy_contacts, _contact_lines(account_id, base.created, now.isoformat()))
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
            learnt.append({"account_id": account_id, "contact_id": owner.id, "key": token.key, **token.learnt})
    if learnt:
        parameters = {"now": now, "rows": msgspec.json.encode(learnt).decode()}
        writing.execute(sql.update_tokens, parameters)


def _has_changed(person: people.Person) -> bool:
    if person.new or not (person.written or person.changed or (person.seen and person.digest != person.stored_digest)):
        return False
    return person.written != person.state()


def store_new(
    writing: copying.Writing,
    account_id: int,
    created: Collection[people.Person],
    tokens: Collection[people.Token],
    identifying: frozenset[int],
    now: dt.datetime,
) -> None:
    """Write contacts and tokens that are all new, with their keys; the contacts have their ids.

    The account need not be locked: a key that only one may hold and somebody does is a UniqueViolation.
    """
    time = now.isoformat()
    writing.copy(sql.copy_contacts, _contact_lines(account_id, created, time))
    writing.copy(sql.copy_tokens, _token_lines(account_id, tokens, time))
    lines = _new_key_lines(account_id, created, identifying)
    lines += [f"{account_id}\t{token.key}\t0\t{token.owner.id}\n" for token in tokens if token.owner is not None]
    _copy_keys(writing, lines)


def _copy_keys(writing: copying.Writing, lines: list[str]) -> None:
    # In the order of the index, of which neighbours then share pages.
    lines.sort()
    writing.copy(sql.copy_identities, lines)


def _new_key_lines(account_id: int, created: Iterable[people.Person], identifying: frozenset[int]) -> list[str]:
    lines = []
    for person in created:
        # The external id is the first of the columns that are keys.
        slot = 0 if person.row.get("external_id") else person.id
        for key in person.keys(identifying):
            lines.append(f"{account_id}\t{key}\t{slot}\t{person.id}\n")
            slot = person.id
    return lines


def _store_keys(
    writing: copying.Writing, account_id: int, base: matching.Base, touched: Collection[people.Person]
) -> None:
    added = _new_key_lines(account_id, base.created, base.identifying)
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
        added += [f"{account_id}\t{key}\t{0 if key == unique_key else person.id}\t{person.id}\n" for key in given]
    moved: list[tuple[int, str]] = []
    for token in base.tokens.values():
        if token.owner is not None and (holder := token.owner.id) is not None and token.key_at != holder:
            if token.key_at is None:
                added.append(f"{account_id}\t{token.key}\t0\t{holder}\n")
            else:
                moved.append((holder, token.key))
    for statement, pairs in ((sql.delete_identities, gone), (sql.move_identities, moved)):
        if pairs:
            writing.execute(statement, loading.pairs(account_id, pairs))
    _copy_keys(writing, added)


def _contact_lines(account_id: int, created: Iterable[people.Person], time: str) -> Iterator[str]:
    for person in created:
        fields = msgspec.json.encode(person.fields).decode() if person.fields else "{}"
        cells = "\t".join({**_NO_COLUMNS, **person.row}.values())
        yield f"{account_id}\t{person.id}\t{time}\t{time}\t{person.digest}\t{fields}\t{cells}\n"


def _update_contacts(
    writing: copying.Writing, account_id: int, known: Iterable[people.Person], now: dt.datetime
) -> None:
    rows: list[dict[str, object]] = []
    for person in known:
        row: dict[str, object] = {"account_id": account_id, "id": person.id}
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
        writing.execute(sql.update_contacts, parameters)


def _store_tokens(writing: copying.Writing, account_id: int, base: matching.Base, now: dt.datetime) -> None:
    gone = list(base.stale)
    added: list[people.Token] = []
    for token in base.tokens.values():
        owner = token.owner
        if owner is None or owner.id is None:
            continue
        if token.row_at == owner.id:
            continue
        if token.row_at is not None:
            gone.append((token.row_at, token.key))
        added.append(token)
    if gone:
        writing.execute(sql.delete_tokens, loading.pairs(account_id, gone))
    writing.copy(sql.copy_tokens, _token_lines(account_id, added, now.isoformat()))


def _token_lines(account_id: int, added: Iterable[people.Token], time: str) -> Iterator[str]:
    for token in added:
        assert token.owner is not None
        cells = "\t".join({**_NO_TOKEN_COLUMNS, **token.row}.values())
        yield f"{account_id}\t{token.owner.id}\t{token.key}\t{time}\t{time}\t{cells}\n"


def index_field(conn: loading.Connection, account_id: int, field_id: int) -> None:
    """Make an additional field one that identifies, if it is not yet. The account must be locked."""
    if conn.execute(sql.mark_identifying, {"account_id": account_id, "field_id": field_id}).fetchone() is not None:
        conn.execute(sql.index_field, {"account_id": account_id, "field_id": str(field_id)})

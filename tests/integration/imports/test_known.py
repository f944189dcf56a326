"""Known contacts are written ahead of the account's lock, and it is noticed when a token changes hands meanwhile."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Collection
from typing import Any

import msgspec
import pytest

from tokenbase.accounts import accounts
from tokenbase.contacts import loading, removal
from tokenbase.contract.imports import ImportRequest
from tokenbase.imports import batch, single, ways
from tokenbase.store import database

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
MANY = ways.FEW + 1


def person(number: int, *tokens: str, **more: Any) -> dict[str, Any]:
    channels = [{"type": "mobilepush", "value": token} for token in (f"t{number}", *tokens)]
    return {"externalCustomerId": f"x{number}", "channels": channels, **more}


class Known:
    """An account with contacts, and one that no upload names."""

    def __init__(self, base: database.Database) -> None:
        self.base = base
        self.id = accounts.create(base, "Test", "a@b.co", NOW)
        self.upload([person(number) for number in range(MANY)])
        self.add({"channels": [{"type": "mobilepush", "value": "wanted"}]})
        ((self.stranger,),) = self.holders()

    def upload(self, people: list[dict[str, Any]], dedupe_on: str = "externalCustomerId") -> dict[str, Any]:
        request = msgspec.json.decode(json.dumps({"contacts": people, "dedupeOn": dedupe_on}), type=ImportRequest)
        answer: dict[str, Any] = json.loads(batch.accept(self.base, self.id, request, None, False, lambda: NOW))
        return answer

    def add(self, contact: dict[str, Any]) -> None:
        single.save(self.base, self.id, msgspec.Raw(json.dumps(contact).encode()), lambda: NOW)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self.base.transaction() as conn:
            return conn.execute(statement.encode(), [self.id]).fetchall()

    def holders(self) -> list[tuple[Any, ...]]:
        """Who has the token, deleted contacts excepted."""
        return self.rows(
            "SELECT token.contact_id FROM token JOIN contact ON contact.account_id = token.account_id"
            " AND contact.id = token.contact_id WHERE token.account_id = %s AND value = 'wanted' AND deleted_at IS NULL"
        )


def moved(known: Known) -> None:
    known.add(person(MANY, "wanted"))


def deleted(known: Known) -> None:
    removal.by_id(known.base, known.id, known.stranger, False, NOW)


def erased(known: Known) -> None:
    removal.by_id(known.base, known.id, known.stranger, True, NOW)


@pytest.mark.parametrize("dedupe_on", ["externalCustomerId", "mobilepush"])
@pytest.mark.parametrize("meanwhile", [moved, deleted, erased])
def test_a_token_has_one_holder_whatever_its_holder_does_meanwhile(
    base: database.Database, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[Known], None], dedupe_on: str
) -> None:
    known = Known(base)
    by_ids = loading.by_ids
    looked: list[int] = []

    def late(conn: loading.Connection, account_id: int, ids: Collection[int]) -> Any:
        if known.stranger in ids and not looked:
            looked.append(known.stranger)
            meanwhile(known)
        return by_ids(conn, account_id, ids)

    people = [person(number, firstName="Ann") for number in range(MANY)]
    if dedupe_on == "externalCustomerId":
        people[0] = person(0, "wanted", firstName="Ann")
    else:
        people.append({"firstName": "Ann", "channels": [{"type": "mobilepush", "value": "wanted"}]})
    monkeypatch.setattr(loading, "by_ids", late)
    answer = known.upload(people, dedupe_on)
    assert looked == [known.stranger]
    assert answer["failed"] == answer["skipped"] == 0
    assert len(known.holders()) == 1
    led = (
        "SELECT identity.contact_id FROM token JOIN identity ON identity.account_id = token.account_id"
        " AND identity.key = token.key AND identity.slot = 0 WHERE token.account_id = %s AND value = 'wanted'"
    )
    assert set(known.rows(led)) == set(known.holders())
    if meanwhile is deleted:
        gone = f"SELECT deleted_at FROM contact WHERE account_id = %s AND id = {int(known.stranger)}"
        assert known.rows(gone) == [(NOW,)]


@pytest.mark.parametrize("dedupe_on", ["externalCustomerId", "mobilepush", "id"])
def test_known_contacts_are_written_ahead_as_well(
    base: database.Database, monkeypatch: pytest.MonkeyPatch, dedupe_on: str
) -> None:
    def upload(name: str, dedupe_on: str) -> dict[str, Any]:
        people = [
            {
                "firstName": name,
                "channels": [{"type": "mobilepush", "value": f"t{number}"}],
                **({"id": ids[number]} if dedupe_on == "id" else {}),
                **({"externalCustomerId": f"x{number}"} if dedupe_on == "externalCustomerId" else {}),
            }
            for number in range(many)
        ]
        request = msgspec.json.decode(json.dumps({"contacts": people, "dedupeOn": dedupe_on}), type=ImportRequest)
        answer: dict[str, Any] = json.loads(batch.accept(base, account_id, request, None, False, lambda: NOW))
        return answer

    many = ways.FEW + 1
    ids: list[int] = []
    account_id = accounts.create(base, "Test", "a@b.co", NOW)
    assert upload("Ann", "externalCustomerId" if dedupe_on != "mobilepush" else dedupe_on)["created"] == many
    with base.transaction() as conn:
        ids += [row[0] for row in conn.execute("SELECT id FROM contact WHERE account_id = %s", [account_id])]

    def ordinary(*_: object) -> bytes:
        raise AssertionError("it had the account locked")

    monkeypatch.setattr(ways.Import, "_store_any", ordinary)
    answer = upload("Bea", dedupe_on)
    assert (answer["updated"], answer["unchanged"], answer["created"]) == (many, 0, 0)


def test_contacts_that_come_unchanged_are_looked_at_ahead_as_well(
    base: database.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Known(base)

    def ordinary(*_: object) -> None:
        raise AssertionError("it had the account locked")

    monkeypatch.setattr(ways.Import, "_store_any", ordinary)
    answer = known.upload([person(number) for number in range(MANY)])
    assert (answer["unchanged"], answer["updated"], answer["created"]) == (MANY, MANY, 0)
    some = [person(number, **({"firstName": "Ann"} if number < 3 else {})) for number in range(MANY)]
    answer = known.upload(some)
    assert (answer["unchanged"], answer["updated"], answer["created"]) == (MANY - 3, MANY, 0)


def taken(known: Known) -> None:
    known.add(person(MANY, "t5"))


def removed(known: Known) -> None:
    removal.by_id(known.base, known.id, known.rows(FIFTH)[0][0], False, NOW)


def forgotten(known: Known) -> None:
    removal.by_id(known.base, known.id, known.rows(FIFTH)[0][0], True, NOW)


def renamed(known: Known) -> None:
    known.add({"externalCustomerId": "x5", "firstName": "Bea", "channels": []})


def nothing(known: Known) -> None:
    pass


FIFTH = "SELECT id FROM contact WHERE account_id = %s AND external_id = 'x5'"
HOLDER = (
    "SELECT external_id FROM token JOIN contact ON contact.account_id = token.account_id"
    " AND contact.id = token.contact_id WHERE token.account_id = %s AND value = 't5' AND deleted_at IS NULL"
)


@pytest.mark.parametrize("meanwhile", [nothing, taken, removed, forgotten, renamed])
@pytest.mark.parametrize("changed", [0, 3])
def test_what_happens_to_an_unchanged_contact_between_the_look_and_the_commit_happened_before(
    base: database.Database, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[Known], None], changed: int
) -> None:
    # As if the upload had come after it, which is what whoever did it will be told.
    people = [person(number, **({"firstName": "Ann"} if number < changed else {})) for number in range(MANY)]
    known, other = Known(base), Known(base)
    meanwhile(other)
    expected = other.upload(people)
    lock, before = ways.Import._lock, []

    def late(importing: ways.Import, conn: loading.Connection) -> None:
        if not before:
            before.append(conn)
            meanwhile(known)
        lock(importing, conn)

    monkeypatch.setattr(ways.Import, "_lock", late)
    answer = known.upload(people)
    assert before
    counts = ("unchanged", "updated", "created", "skipped", "failed")
    assert [answer[count] for count in counts] == [expected[count] for count in counts]
    assert known.rows(HOLDER) == other.rows(HOLDER)
    name = "SELECT external_id, first_name, deleted_at FROM contact WHERE account_id = %s ORDER BY external_id"
    assert known.rows(name) == other.rows(name)


def test_odd_contacts_among_unchanged_ones_become_what_they_do_under_the_lock(
    base: database.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd: list[Any] = [
        None,
        5,
        [],
        "x",
        {},
        person(3),
        person(4, firstName="Ann"),
        person(MANY + 1, "t7"),
        {"externalCustomerId": "x8", "channels": None},
        {"externalCustomerId": {"deep": [[[]]]}, "channels": "wrong"},
        {"externalCustomerId": "x9", "channels": [{"type": "mobilepush", "value": "t" * 10_000}]},
        {"externalCustomerId": "new\x00", "channels": [{"type": "mobilepush", "value": "t-new"}]},
    ]
    people = [person(number) for number in range(MANY)]
    ahead, under = Known(base), Known(base)
    with monkeypatch.context() as patched:
        patched.delattr(ways.Import, "_store_any")
        told = ahead.upload(people + odd)
    with monkeypatch.context() as patched:
        patched.setattr(ways.Import, "_stored_as_known", lambda *_: False)
        expected = under.upload(people + odd)
    for answer in (told, expected):
        del answer["asyncSessionId"]
    assert told == expected
    assert min(told["failed"], told["unchanged"], told["created"]) > 0
    rows = (
        "SELECT external_id, first_name, value, active FROM contact LEFT JOIN token"
        " ON token.account_id = contact.account_id AND token.contact_id = contact.id"
        " WHERE contact.account_id = %s ORDER BY external_id, value"
    )
    assert ahead.rows(rows) == under.rows(rows)

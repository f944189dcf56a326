"""Large requests of new contacts, whose rows are written before the account's lock: nobody can tell."""

from __future__ import annotations

import concurrent.futures
import json
from typing import Any

import msgspec
import pytest

import holding
from server import Account
from tokenbase.imports import ahead

APP = "83b77a49-fc28-409b-aeaa-68c9d544ab9d"
MANY = 2 * ahead.PART + 500


def person(number: int, **more: Any) -> dict[str, Any]:
    push = {"type": "mobilepush", "value": f"t{number}", "device": {"appId": APP}}
    channels = [push, {"type": "email", "value": f"p{number}@b.co"}]
    return {"externalCustomerId": f"x{number}", "firstName": "Ann", "channels": channels, **more}


@pytest.fixture
def used(account: Account) -> Account:
    """An account that has imported before, so that the type of its events is there."""
    account.upload({"externalCustomerId": "first", "channels": []})
    return account


def count(account: Account, table: str) -> int:
    return int(account.rows(f"SELECT count(*) FROM {table} WHERE account_id = %s")[0][0])


def sums(account: Account, answer: dict[str, Any], **expected: int) -> None:
    """The answer says so, the session says so for each contact, and there is an event for each contact there is."""
    assert {name: answer[name] for name in expected} == expected
    session = account.get(f"/api/v1/importstatus/{answer['asyncSessionId']}").json()
    assert [row["index"] for row in session["mapping"]] == list(range(answer["total"]))
    for name, number in expected.items():
        assert sum(row["result"] == name for row in session["mapping"]) == number
    assert count(account, "event") == count(account, "contact")


def whole(account: Account) -> None:
    """Each token and each external id has one contact, and each key leads to one that is there."""
    for column, table in (("value", "token"), ("external_id", "contact")):
        doubles = f"SELECT {column} FROM {table} WHERE account_id = %s GROUP BY 1 HAVING count({column}) > 1"
        assert account.rows(doubles) == []
    orphans = (
        "SELECT token.value FROM token LEFT JOIN identity ON identity.account_id = token.account_id"
        " AND identity.key = token.key AND identity.slot = 0 WHERE token.account_id = %s"
        " AND identity.contact_id IS DISTINCT FROM token.contact_id"
    )
    assert account.rows(orphans) == []


def test_many_new_contacts_are_stored_whole_and_unchanged_when_sent_again(used: Account) -> None:
    people = [person(number) for number in range(MANY)]
    sums(used, used.upload(*people, groupNames=["All"]), created=MANY, updated=0, failed=0)
    assert (count(used, "contact"), count(used, "token"), count(used, "identity")) == (MANY + 1, MANY, 3 * MANY + 1)
    assert count(used, "segment_member") == MANY
    last = used.contact(f"x{MANY - 1}")
    assert [channel["value"] for channel in last["channels"]] == [f"p{MANY - 1}@b.co", f"t{MANY - 1}"]
    assert used.upload(*people)["unchanged"] == MANY
    whole(used)


def test_what_is_wrong_with_some_is_told_of_those(used: Account) -> None:
    people: list[Any] = [person(number) for number in range(MANY)]
    people[5] = "Ann"
    people[MANY - 1] = person(MANY - 1, channels=[{"type": "email", "value": "joe@"}])
    answer = used.upload(*people)
    sums(used, answer, created=MANY - 2, failed=2)
    assert [contact["index"] for contact in answer["failedContacts"]] == [5, MANY - 1]


KNOWN: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    "an external id": ({"externalCustomerId": "first", "channels": []}, {"updated": 1, "created": MANY - 1}),
    "one of this request": ({"externalCustomerId": "x1", "channels": []}, {"updated": 1, "created": MANY - 1}),
    "a token of this request": (person(1) | {"externalCustomerId": "other"}, {"updated": 0, "created": MANY}),
}


@pytest.mark.parametrize("name", KNOWN)
def test_somebody_known_in_a_later_part_is_found(used: Account, name: str) -> None:
    known, expected = KNOWN[name]
    people = [person(number) for number in range(MANY - 1)]
    sums(used, used.upload(*people, known), **expected)
    whole(used)


def test_a_token_known_in_a_later_part_moves(used: Account) -> None:
    used.upload(person(MANY) | {"externalCustomerId": "owner"})
    sums(used, used.upload(*[person(number) for number in range(1, MANY + 1)]), created=MANY, updated=0)
    assert used.get(f"/api/v1/contact/token/{APP}/t{MANY}/contactId").json() == {
        "contactId": used.contact(f"x{MANY}")["id"]
    }
    whole(used)


def test_an_address_known_in_a_later_part_is_matched(used: Account) -> None:
    used.upload({"channels": [{"type": "email", "value": f"P{MANY}@b.co"}]}, dedupe_on="email")
    people = [{"channels": [{"type": "email", "value": f"p{number}@b.co"}]} for number in range(1, MANY + 1)]
    sums(used, used.upload(*people, dedupe_on="email"), created=MANY - 1, updated=1)


def test_a_deleted_contact_in_a_later_part_is_skipped(used: Account) -> None:
    used.delete("/api/v1/contact?externalCustomerId=first&erase=false")
    people = [person(number) for number in range(MANY - 1)]
    answer = used.upload(*people, {"externalCustomerId": "first", "channels": []})
    sums(used, answer, created=MANY - 1, skipped=1)


def test_a_field_that_identifies_from_now_on_does_so_in_the_whole_request(used: Account) -> None:
    field = used.field(name="Card", type="text")
    people = [person(number, fields=[{"id": field, "value": f"c{number}"}]) for number in range(MANY)]
    for person_sent in people:
        del person_sent["externalCustomerId"]
    sums(used, used.upload(*people, dedupe_on="fieldId", fieldId=field), created=MANY)
    sums(used, used.upload(*people, dedupe_on="fieldId", fieldId=field), created=0, updated=MANY)


@pytest.mark.parametrize("dedupe_on", ["externalCustomerId", "email", "mobilepush"])
def test_the_same_new_contacts_at_once_are_created_once(used: Account, dedupe_on: str) -> None:
    people = [person(number) for number in range(MANY)]

    def upload(turn: int) -> dict[str, Any]:
        order = people if turn % 2 else people[::-1]
        return used.upload(*order, dedupe_on=dedupe_on)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(upload, range(4)))
    assert sorted(answer["created"] for answer in answers) == [0, 0, 0, MANY]
    assert count(used, "contact") == count(used, "event") == MANY + 1
    whole(used)


def test_one_key_at_once_is_stored_once_and_answered_alike(used: Account) -> None:
    body = {"contacts": [person(number) for number in range(MANY)], "dedupeOn": "externalCustomerId"}
    content = json.dumps(body).encode()

    def send(_: int) -> bytes:
        return used.post("/api/v1/contacts", content=content, headers={"Idempotency-Key": "k"}).content

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(send, range(4)))) == 1
    assert count(used, "import_session") == 2
    assert count(used, "contact") == MANY + 1


def test_rows_are_written_while_another_has_the_account(used: Account) -> None:
    people = [person(number) for number in range(MANY)]
    with concurrent.futures.ThreadPoolExecutor(1) as pool, holding.locked(used):
        sent = pool.submit(used.upload, *people)
        holding.until_written(used)
        assert count(used, "contact") == 1
    assert sent.result()["created"] == MANY


def test_the_devices_of_one_person_in_a_row_are_that_persons_wherever_a_part_ends(used: Account) -> None:
    # Three rows a person, so that every part would end within one.
    rows = [
        {"externalCustomerId": f"x{number}", "channels": [{"type": "mobilepush", "value": f"t{number}-{device}"}]}
        for number in range(MANY // 3)
        for device in range(3)
    ]
    places = list(ahead.parts([msgspec.Raw(json.dumps(row).encode()) for row in rows]))
    assert [place for part in places for place in part] == list(range(len(rows)))
    assert len(places) > 2
    assert all(part.start % 3 == 0 for part in places)
    answer = used.upload(*rows)
    people = MANY // 3
    assert (answer["created"], answer["updated"], answer["failed"]) == (people, 2 * people, 0)
    assert (count(used, "contact"), count(used, "token"), count(used, "event")) == (people + 1, 3 * people, people + 1)
    whole(used)

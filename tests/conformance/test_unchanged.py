"""What is sent again as it was: passed over where it stands so, and laid over again where anything else changed it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from server import Account

APP = "83b77a49-fc28-409b-aeaa-68c9d544ab9d"


def person(number: int, **more: Any) -> dict[str, Any]:
    device = {"appId": APP, "os": "iOS", "active": True}
    channels = [
        {"type": "mobilepush", "value": f"t{number}", "device": device},
        {"type": "email", "value": f"p{number}@b.co"},
    ]
    return {"externalCustomerId": f"x{number}", "firstName": "Ann", "channels": channels, **more}


def remembered(account: Account) -> int:
    return len(account.rows("SELECT id FROM contact WHERE account_id = %s AND digest IS NOT NULL"))


def state(account: Account, external_id: str) -> dict[str, Any]:
    return {name: value for name, value in account.contact(external_id).items() if name != "updatedAt"}


def test_a_base_sent_again_is_unchanged_and_answers_the_same(account: Account) -> None:
    people = [person(number) for number in range(40)]
    first = account.upload(*people)
    before = account.rows("SELECT * FROM contact WHERE account_id = %s ORDER BY id")
    again = account.upload(*people)
    assert (first["created"], again["updated"], again["unchanged"]) == (40, 40, 40)
    assert again["warnings"] == first["warnings"] != []
    assert account.rows("SELECT * FROM contact WHERE account_id = %s ORDER BY id") == before
    session = account.get(f"/api/v1/importstatus/{again['asyncSessionId']}").json()
    assert [row["externalCustomerId"] for row in session["mapping"]] == [f"x{number}" for number in range(40)]
    assert remembered(account) == 40


CHANGES: dict[str, Callable[[Account, int], object]] = {
    "put": lambda account, id: account.put(f"/api/v1/contact/{id}", json={"firstName": "Bob"}),
    "post": lambda account, id: account.post(
        "/api/v1/contact", json={"externalCustomerId": "x1", "channels": [], "firstName": "Bob"}
    ),
    "another device": lambda account, id: account.upload(
        person(1, channels=[{"type": "mobilepush", "value": "t1", "device": {"appId": APP, "os": "Android"}}])
    ),
    "token switched off": lambda account, id: account.put(
        f"/api/v1/contact/token/activated/{APP}/t1", json={"active": False}
    ),
    "token taken by another": lambda account, id: account.upload(
        {**person(77), "channels": [{"type": "mobilepush", "value": "t1", "device": {"appId": APP}}]}
    ),
    "deleted and restored": lambda account, id: (
        account.delete(f"/api/v1/contact/{id}"),
        account.upload({"externalCustomerId": "x1", "channels": []}, restoreDeleted=True),
    ),
    "erased": lambda account, id: account.delete(f"/api/v1/contact/{id}", params={"erase": "true"}),
    "name cleared": lambda account, id: account.upload(
        {"externalCustomerId": "x1", "channels": []}, contactFields=["firstName"]
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_anything_else_changed_is_laid_over_again(account: Account, change: str) -> None:
    people = [person(number) for number in range(5)]
    account.upload(*people)
    account.upload(*people)
    wanted = state(account, "x1")
    CHANGES[change](account, wanted["id"])
    again = account.upload(*people)
    assert again["failed"] == 0
    assert again["unchanged"] == (5 if change == "deleted and restored" else 4)
    found = state(account, "x1")
    assert {**found, "id": 0, "createdAt": ""} == {**wanted, "id": 0, "createdAt": ""}
    assert account.upload(*people)["unchanged"] == 5


def test_a_deleted_contact_that_was_unchanged_is_skipped(account: Account) -> None:
    account.upload(person(1), person(2))
    account.delete(f"/api/v1/contact/{state(account, 'x1')['id']}")
    again = account.upload(person(1), person(2))
    assert (again["skipped"], again["unchanged"]) == (1, 1)


def test_other_rules_for_the_same_contact_are_followed(account: Account) -> None:
    account.upload(person(1, address={"town": "Lviv"}))
    answer = account.upload(person(1, address={"town": "Lviv"}), contactFields=["firstName", "lastName", "town"])
    assert answer["unchanged"] == 1
    account.put(f"/api/v1/contact/{state(account, 'x1')['id']}", json={"lastName": "Smith"})
    account.upload(person(1, address={"town": "Lviv"}))
    assert state(account, "x1")["lastName"] == "Smith"
    account.upload(person(1, address={"town": "Lviv"}), contactFields=["firstName", "lastName", "town"])
    assert "lastName" not in state(account, "x1")


def test_a_contact_with_a_warning_is_told_of_again(account: Account) -> None:
    sent = person(1, firstName="12345")
    first, again = account.upload(sent), account.upload(sent)
    assert [w["path"] for w in first["warnings"]] == [w["path"] for w in again["warnings"]]
    assert "contacts[0].firstName" in [w["path"] for w in again["warnings"]]


def test_a_field_made_meanwhile_takes_the_value_that_came_without_it(account: Account) -> None:
    sent = person(1, fields=[{"id": 12345, "value": "writer"}])
    account.upload(sent, customFieldsIDs=[12345])
    account.field(id=12345, name="Role", type="text")
    account.upload(sent, customFieldsIDs=[12345])
    assert [(f["id"], f["value"]) for f in state(account, "x1")["fields"]] == [(12345, "writer")]


def test_the_same_person_twice_in_a_batch_is_never_passed_over(account: Account) -> None:
    pair = [person(1), person(1, firstName="Bob")]
    account.upload(person(1))
    answer = account.upload(*pair)
    assert (answer["updated"], answer["unchanged"]) == (2, 1)
    assert state(account, "x1")["firstName"] == "Bob"
    answer = account.upload(*pair)
    assert (answer["updated"], answer["unchanged"]) == (2, 0)
    assert state(account, "x1")["firstName"] == "Bob"


def test_an_unchanged_contact_whose_token_comes_with_another_loses_it_in_order(account: Account) -> None:
    people = [person(number) for number in range(6)]
    account.upload(*people)
    thief = person(9)
    thief["channels"] = [{"type": "mobilepush", "value": "t5", "device": {"appId": APP}}]
    account.upload(*people, thief)
    assert [c["value"] for c in state(account, "x5")["channels"] if c["type"] == "mobilepush"] == []
    account.upload(thief, *people)
    assert [c["value"] for c in state(account, "x5")["channels"] if c["type"] == "mobilepush"] == ["t5"]


def test_unchanged_contacts_still_fill_their_segments(account: Account) -> None:
    account.upload(person(1), person(2))
    assert account.upload(person(1), person(2), groupNames=["VIP"])["unchanged"] == 2
    assert [group["name"] for group in state(account, "x1")["groups"]] == ["VIP"]


def test_a_dry_run_looks_at_everything_and_a_lost_token_comes_back(account: Account) -> None:
    people = [person(1), person(2)]
    account.upload(*people)
    account.rows("DELETE FROM token WHERE account_id = %s AND value = 't1' RETURNING 1")
    body = {"contacts": people, "dedupeOn": "externalCustomerId"}
    tried = account.post("/api/v1/contacts?dryRun=true", json=body).json()
    assert [row["changed"] for row in tried["mapping"]] == [True, False]
    account.upload(person(1, lastName="Smith"))
    assert [c["value"] for c in state(account, "x1")["channels"] if c["type"] == "mobilepush"] == ["t1"]


@pytest.mark.parametrize(
    "sent",
    [
        "null",
        "[]",
        "7",
        '{"externalCustomerId": ' + "9" * 5_000 + ', "channels": []}',
        '{"externalCustomerId": 1e400, "channels": []}',
        '{"externalCustomerId": {"a": 1}, "channels": []}',
        '{"externalCustomerId": null, "channels": []}',
        '{"externalCustomerId": "a\\tb", "channels": []}',
        '{"externalCustomerId": "\\u0000", "channels": []}',
    ],
    ids=range(9),
)
def test_what_cannot_be_stored_among_unchanged_contacts_fails_alone(account: Account, sent: str) -> None:
    people = [person(number) for number in range(20)]
    account.upload(*people)
    listed = json.dumps(people).removesuffix("]")
    body = f'{{"contacts": {listed}, {sent}], "dedupeOn": "externalCustomerId"}}'
    response = account.post("/api/v1/contacts", content=body.encode())
    assert response.status_code == 200
    assert b'"unchanged":20' in response.content
    assert b'"failed":1' in response.content
    assert b'"index":20' in response.content


def test_backslashes_and_what_looks_like_null_are_kept_to_the_letter(account: Account) -> None:
    sent = {"externalCustomerId": "a\\b", "channels": [{"type": "mobilepush", "value": "\\N"}]}
    assert account.upload(sent)["created"] == 1
    assert [channel["value"] for channel in state(account, "a\\b")["channels"]] == ["\\N"]
    assert account.upload({**sent, "firstName": "Ann"})["unchanged"] == 0
    assert [channel["value"] for channel in state(account, "a\\b")["channels"]] == ["\\N"]

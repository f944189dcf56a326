"""Contract 3 and 4: the answer to a bulk request, its session, its limits, and the events it makes."""

from __future__ import annotations

import concurrent.futures
import json
import uuid
from typing import Any

import pytest

from server import Account, Server


def person(number: int, **more: Any) -> dict[str, Any]:
    return {"externalCustomerId": f"x{number}", "channels": [{"type": "mobilepush", "value": f"t{number}"}], **more}


def test_the_answer_to_a_batch_has_id_0_a_session_and_no_failures(account: Account) -> None:
    answer = account.upload(person(1), person(2))
    assert answer["id"] == 0
    assert uuid.UUID(answer["asyncSessionId"])
    assert answer["failedContacts"] == []
    assert answer["warnings"] == []


def test_ten_broken_contacts_of_3000_are_reported_and_2990_stored(account: Account) -> None:
    broken: dict[int, tuple[Any, str]] = {
        0: ("no object", "contacts[0]"),
        299: ({"externalCustomerId": "a"}, "contacts[299].channels"),
        300: (
            {"externalCustomerId": "b", "channels": [{"type": "email", "value": "joe@"}]},
            "contacts[300].channels[0].value",
        ),
        301: (
            {"externalCustomerId": "c", "channels": [{"type": "mobilepush", "value": " "}]},
            "contacts[301].channels[0].value",
        ),
        302: (
            {"externalCustomerId": "d", "channels": [{"type": "fax", "value": "1"}]},
            "contacts[302].channels[0].type",
        ),
        303: ({"externalCustomerId": "e" * 256, "channels": []}, "contacts[303].externalCustomerId"),
        304: ({"channels": []}, "contacts[304]"),
        305: ({"externalCustomerId": {"a": 1}, "channels": []}, "contacts[305].externalCustomerId"),
        306: (
            {"externalCustomerId": "f", "channels": [{"type": "mobilepush", "value": "a\x00b"}]},
            "contacts[306].channels[0].value",
        ),
        2999: (
            {"externalCustomerId": "g", "channels": [{"type": "sms", "value": "12"}]},
            "contacts[2999].channels[0].value",
        ),
    }
    contacts = [broken[number][0] if number in broken else person(number) for number in range(3000)]

    answer = account.upload(*contacts)

    assert (answer["created"], answer["failed"], answer["total"]) == (2990, 10, 3000)
    assert [failed["index"] for failed in answer["failedContacts"]] == sorted(broken)
    for failed in answer["failedContacts"]:
        sent, path = broken[failed["index"]]
        assert failed["path"] == path
        assert failed["errorMessage"].startswith(f"{path}: ")
        assert isinstance(failed["errorCode"], int)
        if isinstance(sent, dict):
            assert sent.items() <= failed.items()
    assert account.rows("SELECT count(*) FROM contact WHERE account_id = %s") == [(2990,)]


def test_3001_contacts_are_refused_with_the_limit_and_the_number_and_nothing_is_stored(account: Account) -> None:
    response = account.post(
        "/api/v1/contacts", json={"contacts": [person(n) for n in range(3001)], "dedupeOn": "externalCustomerId"}
    )
    assert response.status_code == 400
    assert "3,000" in response.json()["errorMessage"]
    assert "3,001" in response.json()["errorMessage"]
    assert account.rows("SELECT count(*) FROM contact WHERE account_id = %s") == [(0,)]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"contacts": None}, "contacts"),
        ({"contacts": []}, "contacts"),
        ({"contacts": "x"}, "contacts"),
        ({"dedupeOn": None}, "dedupeOn"),
        ({"dedupeOn": "name"}, "dedupeOn"),
        ({"dedupeOn": 5}, "dedupeOn"),
        ({"dedupeOn": "fieldId"}, "fieldId"),
        ({"dedupeOn": "fieldId", "fieldId": 99999}, "fieldId"),
        ({"eventKeyForNewContacts": "new contact!"}, "eventKeyForNewContacts"),
        ({"groupNames": ["x" * 256]}, "groupNames[0]"),
    ],
)
def test_an_envelope_that_cannot_be_worked_on_is_400_with_the_path(
    account: Account, change: dict[str, Any], path: str
) -> None:
    body = {"contacts": [person(1)], "dedupeOn": "externalCustomerId", **change}
    response = account.post("/api/v1/contacts", json=body)
    assert response.status_code == 400
    assert response.json()["errors"][0]["path"] == path
    assert account.rows("SELECT count(*) FROM contact WHERE account_id = %s") == [(0,)]


def test_unknown_names_in_contact_fields_and_custom_fields_are_warnings(account: Account) -> None:
    answer = account.upload(person(1), contactFields=["firstName", "shoeSize"], customFieldsIDs=[777])
    assert [warning["path"] for warning in answer["warnings"]] == ["contactFields[1]", "customFieldsIDs[0]"]


def test_the_status_tells_what_became_of_each_contact(account: Account) -> None:
    account.upload(person(1), person(2), person(3))
    account.delete("/api/v1/contact", params={"externalCustomerId": "x3"})
    bad = {"externalCustomerId": "bad", "channels": [{"type": "email", "value": "joe@"}]}
    answer = account.upload(person(1), person(2, firstName="Ann"), person(3), bad, person(4))

    response = account.get(f"/api/v1/importstatus/{answer['asyncSessionId']}")

    status = response.json()
    assert (status["id"], status["status"]) == (answer["asyncSessionId"], "FINISHED")
    results = [(row["index"], row["externalCustomerId"], row["result"], row["changed"]) for row in status["mapping"]]
    assert results == [
        (0, "x1", "updated", False),
        (1, "x2", "updated", True),
        (2, None, "skipped", False),
        (3, None, "failed", False),
        (4, "x4", "created", True),
    ]
    assert status["mapping"][4]["contactId"] == account.contact("x4")["id"]
    counts = {
        name: status[name] for name in ("created", "updated", "unchanged", "restored", "skipped", "failed", "total")
    }
    assert counts == {"created": 1, "updated": 2, "unchanged": 1, "restored": 0, "skipped": 1, "failed": 1, "total": 5}
    assert status["failedContacts"] == answer["failedContacts"]
    assert status["startedAt"] <= status["finishedAt"]


def test_a_session_of_another_account_or_of_nobody_is_404(server: Server) -> None:
    mine, other = server.account(), server.account()
    session = mine.upload(person(1))["asyncSessionId"]
    assert other.get(f"/api/v1/importstatus/{session}").status_code == 404
    assert mine.get(f"/api/v1/importstatus/{uuid.uuid4()}").status_code == 404
    assert mine.get("/api/v1/importstatus/nonsense").status_code == 404
    assert mine.get(f"/api/v1/importstatus/{session}/").status_code == 200


def test_accounts_do_not_see_each_others_contacts_or_tokens(server: Server) -> None:
    mine, other = server.account(), server.account()
    first = mine.upload(person(1))
    second = other.upload(person(1))
    assert second["created"] == 1
    assert first["id"] != second["id"]
    assert other.get(f"/api/v1/contact/{first['id']}").status_code == 404
    assert other.delete(f"/api/v1/contact/{first['id']}").status_code == 404
    assert mine.contact("x1")["channels"][0]["value"] == "t1"


def test_an_idempotency_key_gets_the_first_answer_again(account: Account) -> None:
    body = json.dumps({"contacts": [person(1)], "dedupeOn": "externalCustomerId"})
    first, again = (account.post("/api/v1/contacts", content=body, headers={"Idempotency-Key": "k1"}) for _ in range(2))
    assert first.content == again.content
    assert account.rows("SELECT count(*) FROM import_session WHERE account_id = %s") == [(1,)]


def test_an_idempotency_key_with_another_body_is_409(account: Account) -> None:
    for number, status in ((1, 200), (2, 409)):
        body = {"contacts": [person(number)], "dedupeOn": "externalCustomerId"}
        response = account.post("/api/v1/contacts", json=body, headers={"Idempotency-Key": "k1"})
        assert response.status_code == status
    assert account.rows("SELECT external_id FROM contact WHERE account_id = %s") == [("x1",)]


def test_of_two_at_once_with_one_idempotency_key_one_is_imported_and_both_get_its_answer(account: Account) -> None:
    body = json.dumps({"contacts": [person(n) for n in range(300)], "dedupeOn": "externalCustomerId"})

    def send(_: int) -> bytes:
        return account.post("/api/v1/contacts", content=body, headers={"Idempotency-Key": "k1"}).content

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = set(pool.map(send, range(4)))
    assert len(answers) == 1
    assert json.loads(answers.pop())["created"] == 300


def test_a_dry_run_tells_everything_and_stores_nothing(account: Account) -> None:
    known = account.upload(person(1))
    before = account.rows("SELECT * FROM identity WHERE account_id = %s ORDER BY key")
    contacts = [person(1, firstName="Ann"), person(2), {"externalCustomerId": "bad"}]
    response = account.post(
        "/api/v1/contacts?dryRun=true",
        json={"contacts": contacts, "dedupeOn": "externalCustomerId", "groupNames": ["New"]},
    )
    answer = response.json()
    assert answer["dryRun"] is True
    assert [(row["result"], row["contactId"]) for row in answer["mapping"]] == [
        ("updated", known["id"]),
        ("created", None),
        ("failed", None),
    ]
    assert account.rows("SELECT * FROM identity WHERE account_id = %s ORDER BY key") == before
    assert account.rows("SELECT count(*) FROM import_session WHERE account_id = %s") == [(1,)]
    assert account.rows("SELECT count(*) FROM segment WHERE account_id = %s") == [(0,)]
    assert "firstName" not in account.contact("x1")


def test_every_new_contact_makes_an_event_and_a_known_one_none(account: Account) -> None:
    full = {
        "externalCustomerId": "x",
        "channels": [
            {"type": "mobilepush", "value": "t"},
            {"type": "email", "value": "a@b.co"},
            {"type": "sms", "value": "380671234567"},
        ],
    }
    account.upload(full, person(1), eventKeyForNewContacts="newContact")
    account.upload(full, person(1), person(2), eventKeyForNewContacts="newContact")
    account.upload(person(3))

    events = account.rows(
        "SELECT event_type.key, event_type.name, key_value, params FROM event JOIN event_type"
        " ON event_type.account_id = event.account_id AND event_type.id = event.event_type_id"
        " WHERE event.account_id = %s ORDER BY event.id"
    )
    assert [(key, name, value) for key, name, value, _ in events] == [
        ("newContact", "newContact", "a@b.co"),
        ("newContact", "newContact", "x1"),
        ("newContact", "newContact", "x2"),
        ("contactCreated", "contactCreated", "x3"),
    ]
    assert events[0][3] == {
        "contactId": account.contact("x")["id"],
        "EmailAddress": "a@b.co",
        "SMS": "380671234567",
        "externalCustomerId": "x",
        "token": "t",
    }
    assert (events[1][3]["EmailAddress"], events[1][3]["SMS"]) == ("", "")


def test_the_single_method_makes_no_event(account: Account) -> None:
    account.post("/api/v1/contact", json=person(1))
    assert account.rows("SELECT count(*) FROM event WHERE account_id = %s") == [(0,)]


def test_a_token_of_an_unknown_app_is_stored_and_told_once(account: Account) -> None:
    app = "83b77a49-fc28-409b-aeaa-68c9d544ab9d"
    channels = [[{"type": "mobilepush", "value": f"t{n}", "device": {"appId": app.upper()}}] for n in range(3)]
    answer = account.upload(*(person(n, channels=channels[n]) for n in range(3)))
    assert [warning["path"] for warning in answer["warnings"]] == ["contacts[0].channels[0].device.appId"]
    assert account.rows("SELECT id::text, registered FROM app WHERE account_id = %s") == [(app, False)]
    assert account.rows("SELECT count(*) FROM token WHERE account_id = %s") == [(3,)]


def test_a_contact_with_an_email_is_confirmed(account: Account) -> None:
    account.upload(person(1, channels=[{"type": "email", "value": "a@b.co"}]))
    assert account.contact("x1")["channels"] == [{"type": "email", "value": "a@b.co", "status": "confirmed"}]

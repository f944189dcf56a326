"""Contract 3, "Who is matched", and what a match may change: a test for each rule, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from server import Account


def email(value: str) -> dict[str, Any]:
    return {"type": "email", "value": value}


def sms(value: str) -> dict[str, Any]:
    return {"type": "sms", "value": value}


def push(value: str, **device: Any) -> dict[str, Any]:
    return {"type": "mobilepush", "value": value, "device": device}


def person(*channels: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"channels": list(channels), **more}


def people(account: Account) -> list[tuple[Any, ...]]:
    return account.rows("SELECT id, external_id, email FROM contact WHERE account_id = %s ORDER BY id")


def values(contact: dict[str, Any], kind: str) -> list[str]:
    return [channel["value"] for channel in contact["channels"] if channel["type"] == kind]


def by_id(account: Account, contact_id: int) -> dict[str, Any]:
    found = account.get(f"/api/v1/contact/{contact_id}").json()
    assert isinstance(found, dict)
    return found


# Rule 1


@pytest.mark.parametrize("dedupe_on", ["email", "sms", "mobilepush", "contactKey", "externalCustomerId"])
def test_the_external_id_matches_first_whatever_dedupe_on_says(account: Account, dedupe_on: str) -> None:
    first = account.upload(person(externalCustomerId="x"))
    account.upload(person(email("a@b.co"), sms("380671234567"), externalCustomerId="y", contactKey="k"))

    answer = account.upload(
        person(email("a@b.co"), sms("380671234567"), push("t"), externalCustomerId="x", contactKey="k"),
        dedupe_on=dedupe_on,
    )

    assert answer["id"] == first["id"]
    assert answer["updated"] == 1


# Rule 2


@pytest.mark.parametrize(
    ("dedupe_on", "key"),
    [
        ("email", {"channels": [email("a@b.co")]}),
        ("sms", {"channels": [sms("+38 067 123 45 67")]}),
        ("email_or_sms", {"channels": [email("a@b.co")]}),
        ("mobilepush", {"channels": [push("t")]}),
        ("push", {"channels": [push("t")]}),
        ("webpush", {"channels": [{"type": "webpush", "value": "https://push.example.com/1"}]}),
        ("telegram", {"channels": [{"type": "telegram", "value": "1001"}]}),
        ("contactKey", {"channels": [], "contactKey": "k"}),
    ],
)
def test_every_dedupe_key_finds_the_contact_again(account: Account, dedupe_on: str, key: dict[str, Any]) -> None:
    first = account.upload(key, dedupe_on=dedupe_on)
    again = account.upload({**key, "firstName": "Ann"}, dedupe_on=dedupe_on)

    assert first["created"] == 1
    assert (again["id"], again["updated"]) == (first["id"], 1)
    assert by_id(account, first["id"])["firstName"] == "Ann"


def test_dedupe_on_id_updates_the_contact_with_that_id(account: Account) -> None:
    first = account.upload(person(externalCustomerId="x"))
    answer = account.upload(person(id=str(first["id"]), firstName="Ann"), dedupe_on="id")
    assert (answer["id"], answer["updated"]) == (first["id"], 1)


def test_dedupe_on_id_never_creates(account: Account) -> None:
    answer = account.upload(person(email("a@b.co"), id=987654), dedupe_on="id")
    assert (answer["created"], answer["failed"]) == (0, 1)
    assert "987654" in answer["failedContacts"][0]["errorMessage"]


def test_dedupe_on_a_field_finds_contacts_stored_before_it_was_ever_used(account: Account) -> None:
    field = account.field(name="Card", type="text")
    first = account.upload(person(externalCustomerId="x", fields=[{"id": field, "value": "4711"}]))
    answer = account.upload(
        person(fields=[{"id": str(field), "value": " 4711 "}], firstName="Ann"), dedupe_on="fieldId", fieldId=str(field)
    )
    other = account.upload(person(fields=[{"id": field, "value": "0815"}]), dedupe_on="fieldId", fieldId=field)
    assert (answer["id"], answer["updated"]) == (first["id"], 1)
    assert other["created"] == 1
    assert (
        account.upload(person(fields=[{"id": field, "value": "0815"}]), dedupe_on="fieldId", fieldId=field)["id"]
        == other["id"]
    )


def test_a_field_value_that_identifies_has_at_most_50_characters(account: Account) -> None:
    field = account.field(name="Card", type="text")
    answer = account.upload(person(fields=[{"id": field, "value": "x" * 51}]), dedupe_on="fieldId", fieldId=field)
    assert answer["failed"] == 1
    assert "50 characters" in answer["failedContacts"][0]["errorMessage"]


def test_email_or_sms_looks_at_the_phone_first(account: Account) -> None:
    account.upload(person(email("a@b.co"), externalCustomerId="by-mail"))
    by_phone = account.upload(person(sms("380671234567"), externalCustomerId="by-phone"))
    answer = account.upload(person(email("a@b.co"), sms("380671234567")), dedupe_on="email_or_sms")
    assert answer["id"] == by_phone["id"]


def test_of_several_that_share_the_value_the_most_recently_updated_is_taken(account: Account) -> None:
    first = account.upload(person(email("a@b.co"), externalCustomerId="1"))
    account.upload(person(email("A@b.co"), externalCustomerId="2"))
    account.upload(person(externalCustomerId="1", firstName="Ann"))

    answer = account.upload(person(email("a@B.co"), lastName="Smith"), dedupe_on="email")

    assert answer["id"] == first["id"]


# Rule 3


def test_a_new_external_id_goes_to_the_one_without(account: Account) -> None:
    without = account.upload(person(email("a@b.co")), dedupe_on="email")
    account.upload(person(email("a@b.co"), externalCustomerId="other"))

    answer = account.upload(person(email("a@b.co"), externalCustomerId="new"), dedupe_on="email")

    assert answer["id"] == without["id"]
    assert by_id(account, without["id"])["externalCustomerId"] == "new"


def test_it_is_received_even_where_contact_fields_does_not_list_it(account: Account) -> None:
    without = account.upload(person(email("a@b.co")), dedupe_on="email")
    account.upload(person(email("a@b.co"), externalCustomerId="new"), dedupe_on="email", contactFields=["firstName"])
    assert by_id(account, without["id"])["externalCustomerId"] == "new"


def test_a_contact_with_a_foreign_external_id_is_never_matched(account: Account) -> None:
    other = account.upload(person(email("a@b.co"), push("t"), externalCustomerId="other"))
    for dedupe_on in ("email", "mobilepush"):
        answer = account.upload(
            person(email("a@b.co"), push("t"), externalCustomerId=f"new-{dedupe_on}"), dedupe_on=dedupe_on
        )
        assert answer["created"] == 1
        assert answer["id"] != other["id"]


# Rule 4


def test_a_deleted_contact_is_skipped_and_reported(account: Account) -> None:
    account.upload(person(email("a@b.co"), externalCustomerId="x"))
    account.delete("/api/v1/contact", params={"externalCustomerId": "x"})

    answer = account.upload(person(externalCustomerId="x", firstName="Ann"), person(externalCustomerId="y"))

    assert (answer["created"], answer["skipped"], answer["failed"]) == (1, 1, 0)
    assert answer["skippedContacts"][0]["index"] == 0
    assert "restoreDeleted" in answer["skippedContacts"][0]["message"]
    assert account.get("/api/v1/contact", params={"externalCustomerId": "x"}).status_code == 404


def test_with_restore_deleted_it_comes_back_updated_and_with_its_tokens(account: Account) -> None:
    first = account.upload(person(email("a@b.co"), push("t1"), push("t2"), externalCustomerId="x", lastName="Smith"))
    account.delete(f"/api/v1/contact/{first['id']}")
    account.upload(person(push("t2"), externalCustomerId="y"))

    answer = account.upload(person(externalCustomerId="x", firstName="Ann"), restoreDeleted=True)

    assert (answer["id"], answer["restored"]) == (first["id"], 1)
    found = account.contact("x")
    assert (found["firstName"], found["lastName"]) == ("Ann", "Smith")
    assert values(found, "mobilepush") == ["t1"]
    assert values(account.contact("y"), "mobilepush") == ["t2"]
    assert account.rows("SELECT count(*) FROM token WHERE account_id = %s") == [(2,)]
    assert account.upload(person(email("a@b.co")), dedupe_on="email")["id"] == first["id"]


def test_a_deleted_contact_is_never_matched_by_anything_else(account: Account) -> None:
    first = account.upload(person(email("a@b.co"), push("t"), externalCustomerId="x", contactKey="k"))
    account.delete(f"/api/v1/contact/{first['id']}")
    for dedupe_on in ("email", "mobilepush", "contactKey"):
        answer = account.upload(
            person(email("a@b.co"), push("t"), contactKey="k"), dedupe_on=dedupe_on, restoreDeleted=True
        )
        assert answer["id"] != first["id"]
    assert account.upload(person(id=first["id"]), dedupe_on="id")["failed"] == 1


# Rule 5


def test_contacts_of_one_request_that_are_one_person_give_one_contact_the_later_value_winning(account: Account) -> None:
    answer = account.upload(
        person(push("t1"), externalCustomerId="x", firstName="Ann", lastName="Smith"),
        person(externalCustomerId="y"),
        person(push("t2"), externalCustomerId="x", firstName="Bea"),
    )
    assert (answer["created"], answer["updated"]) == (2, 1)
    found = account.contact("x")
    assert (found["firstName"], found["lastName"]) == ("Bea", "Smith")
    assert sorted(values(found, "mobilepush")) == ["t1", "t2"]


def test_they_are_one_person_by_the_dedupe_key_too(account: Account) -> None:
    answer = account.upload(
        person(email("a@b.co"), firstName="Ann"), person(email("A@B.CO"), externalCustomerId="x"), dedupe_on="email"
    )
    assert answer["created"] == 1
    assert account.contact("x")["firstName"] == "Ann"


def test_a_contact_made_by_this_request_takes_all_that_the_request_carries_for_it(account: Account) -> None:
    field = account.field(name="City", type="text")
    account.upload(
        person(externalCustomerId="x", firstName="Ann"),
        person(externalCustomerId="x", lastName="Smith", fields=[{"id": field, "value": "Kyiv"}]),
        contactFields=["firstName"],
    )
    found = account.contact("x")
    assert (found["firstName"], found["lastName"], found["fields"]) == (
        "Ann",
        "Smith",
        [{"id": field, "value": "Kyiv"}],
    )


# Tokens


def test_a_token_that_arrives_with_another_contact_moves_to_it(account: Account) -> None:
    account.upload(person(push("t", os="iOS", appVersion="1.0"), externalCustomerId="x"))
    account.upload(person(push("t", appVersion="2.0"), externalCustomerId="y"))

    assert values(account.contact("x"), "mobilepush") == []
    (channel,) = account.contact("y")["channels"]
    assert (channel["device"]["os"], channel["device"]["appVersion"]) == ("iOS", "2.0")
    assert account.rows("SELECT count(*) FROM token WHERE account_id = %s") == [(1,)]


def test_a_token_that_moves_keeps_all_that_is_known_of_its_device(account: Account) -> None:
    app = "83b77a49-fc28-409b-aeaa-68c9d544ab9d"
    known = {
        "appId": app,
        "deviceModel": "Pixel 9\\N",
        "os": "Android",
        "locale": "uk-UA",
        "clientVersion": "1.0",
        "appVersion": "2.0",
        "active": False,
        "deviceId": "device-1",
        "timeZone": "Europe/Kyiv",
        "advertisingId": "ad-1",
        "registeredAt": "1970-01-01T00:00:00.000001Z",
        "lastActiveAt": "2026-11-23T17:05:00.5+02:00",
        "environment": "sandbox",
        "provider": "fcm",
    }
    account.upload(person(push("t", **known), externalCustomerId="x"))
    (there,) = account.contact("x")["channels"]
    account.upload(person(push("t", appId=app), externalCustomerId="y"))

    assert account.contact("x")["channels"] == []
    assert account.contact("y")["channels"] == [there]
    assert there["device"]["active"] is False
    ((row,),) = account.rows("SELECT to_jsonb(t) FROM token t WHERE account_id = %s")
    assert row["registered_at"] == "1970-01-01T00:00:00.000001+00:00"
    assert row["last_active_at"] == "2026-11-23T15:05:00.5+00:00"


def test_what_a_new_token_is_unless_it_is_said_changes_nothing_when_it_is_said(account: Account) -> None:
    contacts = [
        person(push("t", **device), externalCustomerId="x") for device in ({}, {"active": True}, {"active": False})
    ]
    answer = account.upload(*contacts)
    assert (answer["created"], answer["updated"], answer["unchanged"]) == (1, 2, 1)
    (channel,) = account.contact("x")["channels"]
    assert channel["device"]["active"] is False


def test_the_same_token_of_another_app_is_another_token(account: Account) -> None:
    one, two = "83b77a49-fc28-409b-aeaa-68c9d544ab9d", "1f0c3c1e-7a54-4b3f-9c53-3b1f2ad0e6f1"
    account.upload(
        person(push("t", appId=one), externalCustomerId="x"), person(push("t", appId=two), externalCustomerId="y")
    )
    assert values(account.contact("x"), "mobilepush") == values(account.contact("y"), "mobilepush") == ["t"]


def test_a_contact_may_hold_many_tokens_and_one_email(account: Account) -> None:
    account.upload(person(push("t1"), push("t2"), email("a@b.co"), externalCustomerId="x"))
    account.upload(person(push("t3"), email("c@d.co"), externalCustomerId="x"))
    found = account.contact("x")
    assert sorted(values(found, "mobilepush")) == ["t1", "t2", "t3"]
    assert values(found, "email") == ["c@d.co"]


def test_a_token_that_was_switched_off_stays_off_when_it_is_uploaded_again(account: Account) -> None:
    account.upload(person(push("t", active=False), externalCustomerId="x"))
    account.upload(person(push("t"), externalCustomerId="x"))
    assert account.contact("x")["channels"][0]["device"]["active"] is False


# contactFields and customFieldsIDs


def test_without_contact_fields_all_that_is_carried_is_updated_and_the_rest_left_alone(account: Account) -> None:
    account.upload(person(email("a@b.co"), externalCustomerId="x", firstName="Ann", lastName="Smith"))
    account.upload(person(externalCustomerId="x", firstName="Bea", languageCode="uk"))
    found = account.contact("x")
    assert (found["firstName"], found["lastName"], found["languageCode"]) == ("Bea", "Smith", "uk")
    assert values(found, "email") == ["a@b.co"]


def test_only_listed_fields_of_a_known_contact_are_updated(account: Account) -> None:
    account.upload(person(push("t1"), externalCustomerId="x", firstName="Ann", lastName="Smith"))
    account.upload(
        person(push("t2"), email("a@b.co"), externalCustomerId="x", firstName="Bea", lastName="Jones"),
        contactFields=["lastName"],
    )
    found = account.contact("x")
    assert (found["firstName"], found["lastName"]) == ("Ann", "Jones")
    assert values(found, "mobilepush") == ["t1"]
    assert values(found, "email") == []


def test_a_listed_field_that_the_contact_does_not_carry_is_cleared(account: Account) -> None:
    address = {"region": "R", "town": "T", "address": "A", "postcode": "1"}
    everything = person(
        *(email("a@b.co"), sms("380671234567"), {"type": "telegram", "value": "1"}),
        **{"externalCustomerId": "x", "firstName": "Ann", "lastName": "Smith", "languageCode": "uk"},
        **{"timeZone": "Europe/Kyiv", "contactKey": "k", "address": address},
    )
    account.upload(everything)
    listed = ["firstName", "lastName", "email", "sms", "telegram", "address", "town", "region", "postcode"]
    account.upload(person(externalCustomerId="x"), contactFields=[*listed, "languageCode", "timeZone", "contactKey"])
    found = account.contact("x")
    assert found["channels"] == []
    assert found.keys() == {"id", "externalCustomerId", "channels", "fields", "groups", "createdAt", "updatedAt"}
    assert account.upload(person(email("a@b.co")), dedupe_on="email")["created"] == 1


def test_an_absent_mobilepush_never_deletes_tokens(account: Account) -> None:
    account.upload(person(push("t"), externalCustomerId="x"))
    account.upload(person(externalCustomerId="x"), contactFields=["mobilepush"])
    assert values(account.contact("x"), "mobilepush") == ["t"]


def test_the_identifying_field_is_not_changed_by_the_match_on_it(account: Account) -> None:
    first = account.upload(person(email("Ann@b.co")), dedupe_on="email")
    account.upload(person(email("ANN@B.CO"), firstName="Ann"), dedupe_on="email", contactFields=["email", "firstName"])
    assert values(by_id(account, first["id"]), "email") == ["Ann@b.co"]


def test_custom_fields_of_a_known_contact_are_touched_only_where_listed(account: Account) -> None:
    one, two, three = (account.field(name=name, type="text") for name in ("One", "Two", "Three"))
    first = [{"id": one, "value": "1"}, {"id": two, "value": "1"}, {"id": three, "value": "1"}]
    again = [{"id": one, "value": "2"}, {"id": two, "value": "2"}]

    account.upload(person(externalCustomerId="x", fields=first))
    account.upload(person(externalCustomerId="x", fields=again))
    assert account.contact("x")["fields"] == first
    account.upload(person(externalCustomerId="x", fields=again), customFieldsIDs=[str(one), three])
    assert [field["value"] for field in account.contact("x")["fields"]] == ["2", "1", "1"]


# Groups


def test_groups_are_made_and_filled_and_emptied(account: Account) -> None:
    account.upload(person(externalCustomerId="x"), person(externalCustomerId="y"), groupNames=["Customers", "New"])
    account.upload(person(externalCustomerId="x"), groupNames="VIP", groupNamesExclude=["New", "Nobody"])

    assert [group["name"] for group in account.contact("x")["groups"]] == ["Customers", "VIP"]
    assert [(group["name"], group["type"]) for group in account.contact("y")["groups"]] == [
        ("Customers", "Static"),
        ("New", "Static"),
    ]


def test_a_failed_contact_is_put_in_no_group(account: Account) -> None:
    answer = account.upload(person(email("joe@"), externalCustomerId="x"), groupNames=["Customers"])
    assert answer["failed"] == 1
    assert account.rows("SELECT count(*) FROM segment_member WHERE account_id = %s") == [(0,)]


# Identity


def test_a_contact_that_nothing_identifies_fails_since_sent_twice_it_would_be_stored_twice(account: Account) -> None:
    answer = account.upload(person(sms("380671234567")), person(email("a@b.co")), dedupe_on="email")
    assert (answer["created"], answer["failed"]) == (1, 1)
    assert answer["failedContacts"][0]["index"] == 0
    assert "email" in answer["failedContacts"][0]["errorMessage"]


def test_the_same_batch_twice_changes_nothing(account: Account) -> None:
    batch = [person(push(f"t{n}", os="iOS"), email(f"u{n}@b.co"), externalCustomerId=f"x{n}") for n in range(50)]
    account.upload(*batch)
    before = account.rows("SELECT * FROM contact WHERE account_id = %s ORDER BY id")
    again = account.upload(*batch)
    assert (again["created"], again["unchanged"]) == (0, 50)
    assert account.rows("SELECT * FROM contact WHERE account_id = %s ORDER BY id") == before
    assert people(account)[0][1] == "x0"

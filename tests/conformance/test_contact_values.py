"""Contract 2, line by line: what each value of a contact may be, what is kept of it and what is told."""

from __future__ import annotations

from typing import Any

import pytest

from server import Account


def stored(account: Account, **contact: Any) -> tuple[dict[str, Any], list[str]]:
    """The contact as it was stored, and the paths of the warnings."""
    answer = account.upload({"externalCustomerId": "x", "channels": [], **contact})
    assert answer["failed"] == 0, answer
    return account.contact("x"), [warning["path"] for warning in answer["warnings"]]


@pytest.mark.parametrize(
    "name",
    [
        "x" * 41,
        "Ann2024",
        "12345",
        "?!",
        "<b>",
        "Ann@home",
        "'Ann",
        "Ann-",
        "Annabel.",
        "A B C De",
        "Four Five Nine Seven",
    ],
)
def test_a_first_name_that_breaks_a_rule_is_dropped(account: Account, name: str) -> None:
    contact, told = stored(account, firstName=name)
    assert "firstName" not in contact
    assert told == ["contacts[0].firstName"]


@pytest.mark.parametrize("name", ["Ann", "Ann 2", "Jean-Luc", "O'Neil", "J.", "Dr. Anna Maria", "Анна", "de la Rosa"])
def test_a_first_name_that_keeps_to_the_rules_is_kept(account: Account, name: str) -> None:
    contact, told = stored(account, firstName=name)
    assert (contact["firstName"], told) == (name, [])


def test_a_last_name_has_any_number_of_words_and_else_the_same_rules(account: Account) -> None:
    contact, told = stored(account, lastName="Maria del Carmen de la Rosa Iturbe")
    assert (contact["lastName"], told) == ("Maria del Carmen de la Rosa Iturbe", [])
    assert stored(account, lastName="x" * 41)[1] == ["contacts[0].lastName"]
    assert stored(account, lastName="Smith1234")[1] == ["contacts[0].lastName"]


def test_an_address_has_five_parts_which_come_back_as_they_were_sent(account: Account) -> None:
    address = {"region": "Yorkshire", "town": "Leeds", "address": "1 Park Row", "postcode": "LS1", "description": "red"}
    contact, told = stored(account, address=address)
    assert (contact["address"], told) == (address, [])


def test_a_contact_key_and_an_external_id_have_255_characters(account: Account) -> None:
    contact, told = stored(account, contactKey="k" * 255)
    assert (contact["contactKey"], told) == ("k" * 255, [])
    assert stored(account, contactKey="k" * 256)[1] == ["contacts[0].contactKey"]
    assert account.upload({"externalCustomerId": "ы" * 255, "channels": []})["created"] == 1
    assert account.upload({"externalCustomerId": "ы" * 256, "channels": []})["failed"] == 1


def test_an_id_is_a_number_that_no_other_contact_ever_has(account: Account) -> None:
    ids = set()
    for _ in range(3):
        ids.add(account.upload({"externalCustomerId": "x", "channels": []})["id"])
        assert account.delete("/api/v1/contact?externalCustomerId=x&erase=true").status_code == 200
    assert len(ids) == 3
    assert all(isinstance(found, int) and found > 0 for found in ids)


def test_a_new_email_and_a_new_phone_replace_the_old(account: Account) -> None:
    first = [{"type": "email", "value": " Ann@Example.com "}, {"type": "sms", "value": "+44 (7700) 900-123"}]
    contact, _ = stored(account, channels=first)
    assert [channel["value"] for channel in contact["channels"]] == ["Ann@Example.com", "447700900123"]
    again = [{"type": "email", "value": "ann@example.org"}, {"type": "sms", "value": "447700900124"}]
    contact, _ = stored(account, channels=again)
    assert [channel["value"] for channel in contact["channels"]] == ["ann@example.org", "447700900124"]
    assert account.get("/api/v1/contacts?email=ann@example.com").json() == []


def test_an_email_is_compared_without_case(account: Account) -> None:
    first = account.upload({"channels": [{"type": "email", "value": "Ann@Example.com"}]}, dedupe_on="email")
    again = account.upload({"channels": [{"type": "email", "value": "aNN@eXAMPLE.COM"}]}, dedupe_on="email")
    assert again["id"] == first["id"]


@pytest.mark.parametrize("value", ["joe", "joe@", "@b.co", "a b@c.co", "a@b", "a@b..co"])
def test_what_is_no_email_fails_its_contact_with_the_reason(account: Account, value: str) -> None:
    answer = account.upload({"externalCustomerId": "x", "channels": [{"type": "email", "value": value}]})
    (failed,) = answer["failedContacts"]
    assert (failed["path"], failed["errorCode"]) == ("contacts[0].channels[0].value", 1006)
    assert "@" in failed["errorMessage"] or "e-mail" in failed["errorMessage"]


def test_a_device_keeps_everything_that_is_said_of_it(account: Account) -> None:
    device = {
        "appId": "83b77a49-fc28-409b-aeaa-68c9d544ab9d",
        "deviceModel": "x" * 50,
        "os": "iOS",
        "locale": "uk-UA",
        "clientVersion": "native",
        "appVersion": "4.1.0",
        "active": False,
        "deviceId": "d-1",
        "timeZone": "Europe/Kyiv",
        "advertisingId": "a-1",
        "registeredAt": "2026-11-23T17:05:00Z",
        "lastActiveAt": "2026-11-23T18:05:00Z",
        "environment": "sandbox",
        "provider": "apns",
    }
    contact, _ = stored(account, channels=[{"type": "mobilepush", "value": "t", "device": device}])
    kept = contact["channels"][0]["device"]
    assert {name: kept[name] for name in device} == device
    assert (kept["language"], kept["kind"]) == ("uk", "unknown")


def test_what_is_not_said_of_a_device_stays_unknown_but_that_it_is_active(account: Account) -> None:
    contact, told = stored(account, channels=[{"type": "mobilepush", "value": "t"}])
    assert contact["channels"][0]["device"] == {"active": True, "kind": "unknown"}
    assert told == []


def test_a_device_model_beyond_50_characters_is_told(account: Account) -> None:
    channel = {"type": "mobilepush", "value": "t", "device": {"deviceModel": "x" * 51}}
    contact, told = stored(account, channels=[channel])
    assert told == ["contacts[0].channels[0].device.deviceModel"]
    assert len(contact["channels"][0]["device"].get("deviceModel", "")) <= 50


def test_the_fields_of_the_list_personal_exist_from_the_start(account: Account) -> None:
    listed = account.get("/api/v1/additionalfields").json()
    ids = {field["key"]: field["id"] for field in listed if field["list"] == "PERSONAL"}
    assert ids.keys() == {"GENDER", "BIRTHDAY"}
    sent = [{"id": ids["GENDER"], "value": "f"}, {"id": ids["BIRTHDAY"], "value": "1990-02-28"}]
    contact, told = stored(account, fields=sent)
    assert ({field["value"] for field in contact["fields"]}, told) == ({"f", "1990-02-28"}, [])


def test_a_contact_is_confirmed_by_every_method_but_subscribing(account: Account) -> None:
    account.post(
        "/api/v1/contact", json={"externalCustomerId": "y", "channels": [{"type": "email", "value": "b@b.co"}]}
    )
    contact, _ = stored(account, channels=[{"type": "email", "value": "a@b.co"}])
    for found in (contact, account.contact("y")):
        assert found["channels"][0]["status"] == "confirmed"

"""Contract 1 and 2: what clients send that is not as it should be, and what becomes of it. Nothing is ever a 500."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server import Account


def stored(account: Account, **contact: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The contact as it was stored, and the warnings."""
    answer = account.upload({"externalCustomerId": "x", "channels": [], **contact})
    assert answer["failed"] == 0, answer
    return account.contact("x"), answer["warnings"]


def failed(account: Account, *channels: Any) -> dict[str, Any]:
    answer = account.upload({"externalCustomerId": "x", "channels": list(channels)})
    assert (answer["created"], answer["failed"]) == (0, 1), answer
    found = answer["failedContacts"][0]
    assert isinstance(found, dict)
    return found


def test_unknown_keys_are_ignored(account: Account) -> None:
    contact, warnings = stored(
        account, shoeSize=42, ordersInfo={"a": 1}, channels=[{"type": "email", "value": "a@b.co", "x": []}]
    )
    assert contact["channels"][0]["value"] == "a@b.co"
    assert warnings == []


def test_null_is_absent(account: Account) -> None:
    stored(account, firstName="Ann")
    nothing = dict.fromkeys(
        ("firstName", "lastName", "address", "fields", "languageCode", "timeZone", "contactKey", "id", "groups")
    )
    contact, warnings = stored(account, **nothing, channels=[{"type": "mobilepush", "value": "t", "device": None}])
    assert contact["firstName"] == "Ann"
    assert warnings == []


def test_a_lone_object_is_a_list_of_one(account: Account) -> None:
    field = account.field(name="City", type="text")
    body = {
        "contacts": {
            "externalCustomerId": "x",
            "channels": {"type": "email", "value": "a@b.co"},
            "fields": {"id": str(field), "value": "Kyiv"},
        },
        "dedupeOn": "externalCustomerId",
        "groupNames": "Customers",
        "contactFields": "firstName",
        "customFieldsIDs": str(field),
    }
    assert account.post("/api/v1/contacts", json=body).json()["created"] == 1
    contact = account.contact("x")
    assert (contact["channels"][0]["value"], contact["fields"][0]["value"]) == ("a@b.co", "Kyiv")
    assert contact["groups"][0]["name"] == "Customers"


def test_ids_come_as_numbers_or_numeric_texts(account: Account) -> None:
    field = account.field(id=12345, name="City", type="text")
    account.upload(
        {
            "externalCustomerId": 77,
            "channels": [],
            "fields": [{"id": " 12345 ", "value": "Kyiv"}],
            "addressBookId": "1",
        }
    )
    contact = account.contact("77")
    assert contact["fields"] == [{"id": field, "value": "Kyiv"}]
    assert contact["addressBookId"] == 1


def test_texts_may_come_as_numbers(account: Account) -> None:
    contact, _ = stored(
        account, contactKey=5, address={"postcode": 1001}, channels=[{"type": "sms", "value": 380671234567}]
    )
    assert (contact["contactKey"], contact["address"], contact["channels"][0]["value"]) == (
        "5",
        {"postcode": "1001"},
        "380671234567",
    )


def test_values_of_a_wrong_type_are_dropped_and_told(account: Account) -> None:
    device = {"os": 5, "active": "maybe", "appVersion": 4.1, "locale": ["uk"], "deviceModel": "Pixel"}
    contact, warnings = stored(
        account,
        firstName={"a": 1},
        lastName="Smith",
        address=[1],
        languageCode=7,
        fields=[1, {"id": []}, "x"],
        channels=[{"type": "mobilepush", "value": "t", "device": device}],
    )
    assert contact["lastName"] == "Smith"
    assert contact["channels"][0]["device"] == {
        "appVersion": "4.1",
        "deviceModel": "Pixel",
        "active": True,
        "kind": "unknown",
    }
    assert {warning["path"] for warning in warnings} == {
        *("contacts[0].firstName", "contacts[0].address", "contacts[0].languageCode"),
        *("contacts[0].fields[0]", "contacts[0].fields[1].id", "contacts[0].fields[2]"),
        *(f"contacts[0].channels[0].device.{name}" for name in ("os", "active", "locale")),
    }
    assert "expected a text or a number" in str(warnings) or "expected a number or a text" in str(warnings)


@pytest.mark.parametrize("active", ["false", 0, "0", False])
def test_active_may_come_as_a_text_or_a_number(account: Account, active: Any) -> None:
    contact, _ = stored(account, channels=[{"type": "mobilepush", "value": "t", "device": {"active": active}}])
    assert contact["channels"][0]["device"]["active"] is False


def test_a_name_that_breaks_the_rules_is_dropped_and_the_contact_kept(account: Account) -> None:
    contact, warnings = stored(
        account, firstName="<script>", lastName="12345", channels=[{"type": "email", "value": "a@b.co"}]
    )
    assert "firstName" not in contact
    assert [warning["path"] for warning in warnings] == ["contacts[0].firstName", "contacts[0].lastName"]


def test_names_of_every_alphabet_survive(account: Account) -> None:
    for first in ("Олена", "محمد", "さくら", "नरेन्द्र", "Zoë", "D'Arcy", " Ann  Marie "):
        contact, warnings = stored(account, firstName=first)
        assert contact["firstName"] == " ".join(first.split())
        assert warnings == []


def test_languages_and_zones_take_their_canonical_form(account: Account) -> None:
    contact, warnings = stored(account, languageCode="en-us", timeZone="europe/kyiv")
    assert (contact["languageCode"], contact["timeZone"]) == ("en-US", "Europe/Kyiv")
    assert warnings == []
    _, warnings = stored(account, languageCode="??", timeZone="Mars/Base")
    assert [warning["path"] for warning in warnings] == ["contacts[0].timeZone", "contacts[0].languageCode"]


@pytest.mark.parametrize(
    ("locale", "language"), [("uk-UA", "uk"), ("ua", "uk"), ("en_UK", "en"), ("zh_Hant_TW", "zh-Hant"), ("???", None)]
)
def test_a_locale_is_kept_as_sent_beside_the_language_read_off_it(
    account: Account, locale: str, language: str | None
) -> None:
    contact, _ = stored(account, channels=[{"type": "mobilepush", "value": "t", "device": {"locale": locale}}])
    device = contact["channels"][0]["device"]
    assert (device["locale"], device.get("language")) == (locale, language)


@pytest.mark.parametrize(
    ("sent", "kept", "warned"),
    [("IOS", "iOS", False), ("android", "Android", False), ("HarmonyOS 4", "HarmonyOS 4", True)],
)
def test_an_os_is_known_in_any_case_and_another_kept(account: Account, sent: str, kept: str, warned: bool) -> None:
    contact, warnings = stored(account, channels=[{"type": "mobilepush", "value": "t", "device": {"os": sent}}])
    assert contact["channels"][0]["device"]["os"] == kept
    assert bool(warnings) is warned


def test_times_of_a_device_are_in_its_zone_and_bad_ones_are_dropped(account: Account) -> None:
    device = {"registeredAt": "2026-11-23T17:05", "lastActiveAt": "soon", "timeZone": "Europe/Kyiv"}
    contact, warnings = stored(account, channels=[{"type": "mobilepush", "value": "t", "device": device}])
    found = contact["channels"][0]["device"]
    assert found["registeredAt"] == "2026-11-23T15:05:00Z"
    assert "lastActiveAt" not in found
    assert warnings[0]["path"].endswith("device.lastActiveAt")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("8900-7654-6456-9876-0011", "unknown"),
        ("cQ1abcdefghijklmnopqrs", "fid"),
        ("cQ1abcdefghijklmnopqrs:APA91bXYZ", "fcm"),
        ("APA91bXYZ", "gcm"),
        ("AB" * 32, "apns"),
        ("ab" * 100, "apns"),
        ("ExponentPushToken[abc]", "expo"),
        ("💥", "unknown"),
        ("x" * 4096, "unknown"),
        ("/slash/+=%20 inside", "unknown"),
    ],
)
def test_no_token_is_refused_for_its_shape_and_its_kind_is_read_off(account: Account, value: str, kind: str) -> None:
    contact, _ = stored(account, channels=[{"type": "mobilepush", "value": f" {value} "}])
    channel = contact["channels"][0]
    assert (channel["value"], channel["device"]["kind"]) == (value, kind)


def test_hex_tokens_are_one_in_any_case_and_others_are_not(account: Account) -> None:
    for value in ("ab" * 32, "AB" * 32, "abc:APA91b", "ABC:APA91b"):
        account.upload({"channels": [{"type": "mobilepush", "value": value}]}, dedupe_on="mobilepush")
    assert account.rows("SELECT value FROM token WHERE account_id = %s ORDER BY value") == [
        ("ABC:APA91b",),
        ("ab" * 32,),
        ("abc:APA91b",),
    ]


@pytest.mark.parametrize("value", ["", "   ", None, "x" * 4097, "a\x00b", "a\nb", {}, [], True])
def test_an_empty_endless_or_broken_token_fails_its_contact(account: Account, value: Any) -> None:
    assert failed(account, {"type": "mobilepush", "value": value})["path"] == "contacts[0].channels[0].value"


@pytest.mark.parametrize("channel", [5, "x", [], {}, {"type": "fax", "value": "1"}, {"type": 7, "value": "1"}])
def test_a_channel_that_is_none_fails_its_contact(account: Account, channel: Any) -> None:
    assert failed(account, channel)["path"].startswith("contacts[0].channels[0]")


def test_a_channel_type_is_known_in_any_case(account: Account) -> None:
    contact, _ = stored(account, channels=[{"type": "MobilePush", "value": "t"}, {"type": "EMAIL", "value": "a@b.co"}])
    assert {channel["type"] for channel in contact["channels"]} == {"mobilepush", "email"}


def test_of_two_emails_the_later_is_taken_and_told(account: Account) -> None:
    contact, warnings = stored(
        account, channels=[{"type": "email", "value": "a@b.co"}, {"type": "email", "value": "c@d.co"}]
    )
    assert [channel["value"] for channel in contact["channels"]] == ["c@d.co"]
    assert warnings[0]["path"] == "contacts[0].channels[1]"


def test_a_web_push_subscription_is_kept_whole(account: Account) -> None:
    subscription = {"endpoint": "https://push.example.com/1", "keys": {"p256dh": "p", "auth": "a"}}
    contact, _ = stored(account, channels=[{"type": "webpush", "webPushSubscription": subscription}])
    assert contact["channels"][0]["webPushSubscription"] == subscription


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("number", [5, "5", "-7", "+3", 5.0], ["5.5", "x", 2**31, ""]),
        ("decimal", ["1.5", 2, "-0.25"], ["x", "NaN", "1e400"]),
        ("date", ["1814-03-09", "2026-11-23T10:00"], ["09.03.1814", "2026-02-30"]),
        ("datetime", ["2026-11-23T17:05", "2026-11-23T17:05:09+02:00"], ["tomorrow"]),
        ("text", ["x", 5, True, "🎉"], ["x" * 1001, "a\x00b"]),
        ("textarea", ["line\nline"], ["x" * 5001]),
    ],
)
def test_field_values_are_checked_by_type_and_bad_ones_dropped(
    account: Account, kind: str, good: list[Any], bad: list[Any]
) -> None:
    field = account.field(name="F", type=kind)
    for number, value in enumerate(good):
        answer = account.upload(
            {"externalCustomerId": f"g{number}", "channels": [], "fields": [{"id": field, "value": value}]}
        )
        assert answer["warnings"] == []
        assert len(account.contact(f"g{number}")["fields"]) == 1
    for number, value in enumerate(bad):
        answer = account.upload(
            {"externalCustomerId": f"b{number}", "channels": [], "fields": [{"id": field, "value": value}]}
        )
        assert answer["created"] == 1
        assert [w["path"] for w in answer["warnings"]] == ([] if value == "" else ["contacts[0].fields[0].value"])
        assert account.contact(f"b{number}")["fields"] == []


def test_choices_are_of_the_allowed_values(account: Account) -> None:
    one = account.field(name="Size", type="select", allowed_values=["S", "M"])
    many = account.field(name="Topics", type="checkbox", allowed_values=["a", "b", "c"])
    contact, warnings = stored(account, fields=[{"id": one, "value": "M"}, {"id": many, "value": ["c", "a"]}])
    assert [field["value"] for field in contact["fields"]] == ["M", "c,a"]
    assert warnings == []
    _, warnings = stored(
        account, externalCustomerId="y", fields=[{"id": one, "value": "XXL"}, {"id": many, "value": "a, z"}]
    )
    assert ["XXL" in warnings[0]["message"], "z" in warnings[1]["message"]] == [True, True]


def test_an_empty_value_clears_a_field_that_may_be_updated(account: Account) -> None:
    field = account.field(name="City", type="text")
    stored(account, fields=[{"id": field, "value": "Kyiv"}])
    account.upload(
        {"externalCustomerId": "x", "channels": [], "fields": [{"id": field, "value": ""}]}, customFieldsIDs=[field]
    )
    assert account.contact("x")["fields"] == []


def test_missing_fields_are_told_once_a_request(account: Account) -> None:
    contacts = [
        {"externalCustomerId": f"x{n}", "channels": [], "fields": [{"id": 999, "value": "v"}]} for n in range(30)
    ]
    (warning,) = account.upload(*contacts)["warnings"]
    assert warning["path"] == "contacts[0].fields[0].id"
    assert "30 contacts" in warning["message"]


BEYOND = ["1" + "0" * 400, "1e400", "-1" + "0" * 5_000]
DEEP = ["[" * depth + "]" * depth for depth in (900, 960, 980, 985, 990, 995)]


@pytest.mark.parametrize("value", BEYOND + DEEP, ids=len)
@pytest.mark.parametrize("key", ["externalCustomerId", "firstName", "unknown"])
def test_numbers_and_nesting_beyond_all_bounds_fail_their_contact_alone(account: Account, key: str, value: str) -> None:
    contact = f'{{"contactKey": "k", "channels": [], "{key}": {value}}}'
    body = f'{{"dedupeOn": "contactKey", "contacts": [{contact}, {{"externalCustomerId": "good", "channels": []}}]}}'
    response = account.post("/api/v1/contacts", content=body)
    assert response.status_code in (200, 400)
    if response.status_code == 200:
        assert account.contact("good")
    assert account.post("/api/v1/contact", content=contact).status_code in (200, 400)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = ["id", "externalCustomerId", "firstName", "channels", "fields", "address", "languageCode", "timeZone", "groups"]
CHANNEL_KEYS = ["type", "value", "device", "webPushSubscription"]
channel = st.dictionaries(
    st.sampled_from(CHANNEL_KEYS), json_values | st.sampled_from(["email", "sms", "mobilepush", "webpush"])
)
anything = st.dictionaries(st.sampled_from(KEYS), json_values | st.lists(channel, max_size=2)) | json_values


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contacts=st.lists(anything, min_size=1, max_size=4), single=anything)
def test_nothing_that_is_json_is_ever_a_500(account: Account, contacts: list[Any], single: Any) -> None:
    good = {"externalCustomerId": "good", "channels": []}
    body = json.dumps({"contacts": [*contacts, good], "dedupeOn": "mobilepush"})
    response = account.post("/api/v1/contacts", content=body)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert answer["total"] == len(contacts) + 1
    assert answer["failed"] == len(answer["failedContacts"])
    assert answer["created"] + answer["updated"] + answer["failed"] == answer["total"]
    assert account.post("/api/v1/contact", content=json.dumps(single)).status_code in (200, 400)
    assert account.put("/api/v1/contact/1", content=json.dumps(single)).status_code in (200, 400, 404, 409)

"""Contract 6: dynamic segments, whose conditions say who is in them."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
from typing import Any

import httpx2
import pytest

from server import Account

APPS = ("83b77a49-fc28-409b-aeaa-68c9d544ab9d", "93b77a49-fc28-409b-aeaa-68c9d544ab9d")


def days_ago(days: float) -> str:
    return (dt.datetime.now(dt.UTC) - dt.timedelta(days=days)).isoformat()


def push(value: str, **device: Any) -> dict[str, Any]:
    return {"type": "mobilepush", "value": value, "device": device}


@pytest.fixture
def filled(account: Account) -> Account:
    """Ann with an old iPhone, Bob with an old Android and a new iPhone, Cleo with an address alone, and one deleted."""
    names = {name: account.field(name=name, type=kind, **more) for name, kind, more in (
        ("Job", "text", {}), ("Score", "number", {}), ("Born", "date", {}), ("Seen", "datetime", {}),
        ("Plan", "select", {"allowed_values": ["free", "gold"]}),
        ("Likes", "checkbox", {"allowed_values": ["tea", "milk", "beer"]}),
    )}  # fmt: skip
    account.fields = names  # type: ignore[attr-defined]

    def values(**given: Any) -> list[dict[str, Any]]:
        return [{"id": names[name], "value": value} for name, value in given.items()]

    account.upload(
        {
            "externalCustomerId": "ann", "firstName": "Ann", "lastName": "Smith", "languageCode": "en-GB",
            "timeZone": "Europe/Kyiv", "address": {"town": "Lviv", "region": "West", "postcode": "79000"},
            "channels": [
                push("t1", appId=APPS[0], os="iOS", appVersion="1.9", locale="en-GB", deviceModel="iPhone 8",
                     active=True, environment="sandbox", provider="apns", lastActiveAt=days_ago(3),
                     registeredAt=days_ago(400)),
                {"type": "email", "value": "ann@b.co"},
            ],
            "fields": values(
                Job="Writer", Score=10, Born="1990-05-01", Seen=days_ago(2)[:19], Plan="gold", Likes="tea,milk"
            ),
        },
        {
            "externalCustomerId": "bob", "firstName": "Bob", "languageCode": "uk",
            "channels": [
                push("t2", appId=APPS[1], os="Android", appVersion="1.10", clientVersion="3", active=False,
                     lastActiveAt=days_ago(90)),
                push("t3", appId=APPS[0], os="iOS", appVersion="2.0", active=True),
                {"type": "sms", "value": "380671234567"},
            ],
            "fields": values(Score=9.0, Born="2001-01-01", Plan="free", Likes="beer"),
        },
        {"externalCustomerId": "cleo", "channels": [{"type": "email", "value": "cleo@b.co"}]},
        groupNames=["All"],
    )  # fmt: skip
    account.upload({"externalCustomerId": "gone", "firstName": "Ann", "channels": []}, groupNames=["All"])
    account.delete("/api/v1/contact?externalCustomerId=gone")
    account.post("/api/v1/event", json={"eventTypeKey": "bought", "params": {"externalCustomerId": "ann"}})
    return account


def who(account: Account, conditions: object) -> str:
    """Those who are in a segment of these conditions, by the first letters of their external ids."""
    made = account.post("/api/v1/groups", json={"name": "Tried", "conditions": conditions})
    assert made.status_code == 200, made.text
    number = made.json()["id"]
    found = account.get(f"/api/v1/group/{number}/contacts")
    assert found.status_code == 200, found.text
    letters = "".join(contact["externalCustomerId"][0] for contact in found.json())
    counted = account.post("/api/v1/groups/count", json={"conditions": conditions}).json()
    assert counted == {"contacts": len(letters)}
    assert found.headers["TotalCount"] == str(len(letters))
    assert account.delete(f"/api/v1/group/{number}").status_code == 200
    return letters


CASES: list[tuple[dict[str, Any], str]] = [
    ({"on": "firstName", "is": "aNN"}, "a"),
    ({"on": "firstName", "in": ["ann", "BOB"]}, "ab"),
    ({"on": "firstName", "startsWith": "b"}, "b"),
    ({"on": "firstName", "startsWith": "%"}, ""),
    ({"on": "firstName", "known": True}, "ab"),
    ({"on": "firstName", "known": False}, "c"),
    ({"on": "lastName", "is": "Smith"}, "a"),
    ({"on": "firstName", "is": "Smith"}, ""),
    ({"not": {"on": "lastName", "is": "smith"}}, "bc"),
    ({"on": "region", "is": "west"}, "a"),
    ({"on": "town", "is": "Lviv"}, "a"),
    ({"on": "postcode", "startsWith": "79"}, "a"),
    ({"on": "language", "startsWith": "en"}, "a"),
    ({"on": "timeZone", "is": "Europe/Kyiv"}, "a"),
    ({"on": "externalCustomerId", "in": ["bob", "ann", "gone", "nobody"]}, "ab"),
    ({"on": "externalCustomerId", "is": "ANN"}, ""),
    ({"on": "email", "is": "ANN@b.co"}, "a"),
    ({"on": "email", "known": True}, "ac"),
    ({"on": "sms", "is": "+380671234567"}, "b"),
    ({"on": "created", "within": 1}, "abc"),
    ({"on": "created", "before": "2020-01-01"}, ""),
    ({"on": "updated", "after": "2020-01-01T00:00:00+02:00"}, "abc"),
    ({"on": "channel", "is": "mobilepush"}, "ab"),
    ({"on": "channel", "is": "webpush"}, ""),
    ({"on": "channel", "in": ["sms", "email"]}, "abc"),
    ({"on": "app", "is": APPS[0].upper()}, "ab"),
    ({"on": "app", "in": [APPS[1]]}, "b"),
    ({"on": "os", "is": "ios"}, "ab"),
    ({"on": "os", "in": ["Android"]}, "b"),
    ({"on": "deviceModel", "startsWith": "iphone"}, "a"),
    ({"on": "appVersion", "below": "1.10"}, "a"),
    ({"on": "appVersion", "above": "1.9"}, "b"),
    ({"on": "appVersion", "atLeast": "2"}, "b"),
    ({"on": "appVersion", "atMost": "1.9.0"}, "a"),
    ({"on": "appVersion", "is": "2"}, "b"),
    ({"on": "appVersion", "in": ["1.9", "7"]}, "a"),
    ({"on": "clientVersion", "is": "3.0"}, "b"),
    ({"on": "locale", "is": "en-GB"}, "a"),
    ({"on": "deviceLanguage", "is": "en"}, "a"),
    ({"on": "environment", "is": "sandbox"}, "a"),
    ({"on": "provider", "is": "apns"}, "a"),
    ({"on": "active", "is": False}, "b"),
    ({"on": "active", "is": True}, "ab"),
    ({"on": "registered", "within": 500}, "a"),
    ({"on": "registered", "within": 30}, ""),
    ({"on": "lastActive", "within": 30}, "a"),
    ({"on": "lastActive", "before": days_ago(60)}, "b"),
    ({"on": "lastActive", "known": True}, "ab"),
    ({"not": {"on": "lastActive", "within": 30}}, "bc"),
    ({"on": "event", "key": "bought", "within": 7}, "a"),
    ({"on": "event", "key": "bought", "known": False}, "bc"),
    ({"on": "event", "key": "bought", "after": "2020-01-01"}, "a"),
    ({"on": "event", "key": "bought", "before": "2020-01-01"}, ""),
    ({"on": "event", "key": "never", "known": True}, ""),
    ({"on": "event", "key": "contactCreated", "within": 1}, "abc"),
    ({"on": "device", "all": [{"on": "os", "is": "iOS"}, {"on": "appVersion", "above": "1.9"}]}, "b"),
    ({"on": "device", "all": [{"on": "os", "is": "Android"}, {"on": "active", "is": True}]}, ""),
    ({"all": [{"on": "os", "is": "Android"}, {"on": "active", "is": True}]}, "b"),
    ({"on": "device", "all": [{"not": {"on": "os", "is": "iOS"}}, {"any": [{"on": "os", "is": "Android"}]}]}, "b"),
    ({"any": [{"on": "os", "is": "Android"}, {"on": "email", "is": "cleo@b.co"}]}, "bc"),
    ({"not": {"any": [{"on": "os", "is": "Android"}, {"on": "email", "is": "cleo@b.co"}]}}, "a"),
]  # fmt: skip
FIELDS: list[tuple[str, dict[str, Any], str]] = [
    ("Job", {"is": "writer"}, "a"),
    ("Job", {"known": False}, "bc"),
    ("Score", {"above": 9}, "a"),
    ("Score", {"is": 9}, "b"),
    ("Score", {"in": [9, 10.0]}, "ab"),
    ("Score", {"atMost": 9.5}, "b"),
    ("Born", {"before": "1995-01-01"}, "a"),
    ("Born", {"after": "1995-01-01"}, "b"),
    ("Seen", {"within": 7}, "a"),
    ("Plan", {"is": "gold"}, "a"),
    ("Plan", {"in": ["gold", "free"]}, "ab"),
    ("Likes", {"is": "milk"}, "a"),
    ("Likes", {"in": ["beer", "milk"]}, "ab"),
]


def test_every_kind_of_condition_finds_who_meets_it(filled: Account) -> None:
    for conditions, expected in CASES:
        assert who(filled, conditions) == expected, conditions
    for name, asked, expected in FIELDS:
        number = filled.fields[name]  # type: ignore[attr-defined]
        assert who(filled, {"on": "field", "id": number, **asked}) == expected, (name, asked)


def test_a_segment_is_made_read_changed_and_removed(filled: Account) -> None:
    rule = {"on": "os", "is": "iOS"}
    made = filled.post("/api/v1/groups", json={"name": " iOS ", "conditions": rule}).json()
    assert made == {"id": made["id"], "name": "iOS", "type": "Dynamic", "conditions": rule}
    listed = {row["name"]: row["type"] for row in filled.get("/api/v1/groups").json()}
    assert listed == {"All": "Static", "iOS": "Dynamic"}
    assert filled.get(f"/api/v1/group/{made['id']}").json() == made
    changed = filled.put(f"/api/v1/group/{made['id']}", json={"conditions": {"on": "os", "is": "Android"}}).json()
    # Whoever may write but not read learns nothing of what others wrote.
    assert changed == {"id": made["id"], "name": "iOS", "type": "Dynamic"}
    assert filled.get(f"/api/v1/group/{made['id']}").json()["conditions"] == {"on": "os", "is": "Android"}
    assert filled.put(f"/api/v1/group/{made['id']}", json={"name": "Androids"}).json()["name"] == "Androids"
    page = filled.get(f"/api/v1/group/{made['id']}/contacts")
    assert [contact["externalCustomerId"] for contact in page.json()] == ["bob"]
    assert filled.delete(f"/api/v1/group/{made['id']}").status_code == 200
    assert filled.get(f"/api/v1/group/{made['id']}").status_code == 404
    assert filled.contact("bob")["firstName"] == "Bob"


def test_pages_of_a_dynamic_segment_hold_everybody_once(account: Account) -> None:
    account.upload(*({"externalCustomerId": f"x{number}", "channels": []} for number in range(7)))
    made = account.post("/api/v1/groups", json={"name": "G", "conditions": {"on": "created", "within": 1}}).json()
    found = []
    for start in (1, 4, 7):
        page = account.get(f"/api/v1/group/{made['id']}/contacts?startindex={start}&maxrows=3")
        assert page.headers["TotalCount"] == "7"
        found += [contact["externalCustomerId"] for contact in page.json()]
    assert found == [f"x{number}" for number in range(7)]


def test_who_is_in_it_follows_what_happens(account: Account) -> None:
    rule = {"on": "lastName", "is": "New"}
    made = account.post("/api/v1/groups", json={"name": "G", "conditions": rule}).json()

    def members() -> int:
        return len(account.get(f"/api/v1/group/{made['id']}/contacts").json())

    assert members() == 0
    account.upload({"externalCustomerId": "x", "lastName": "New", "channels": []})
    assert members() == 1
    account.upload({"externalCustomerId": "x", "lastName": "Old", "channels": []})
    assert members() == 0


def test_a_static_segment_is_made_empty_and_has_no_conditions(account: Account) -> None:
    made = account.post("/api/v1/groups", json={"name": "List"}).json()
    assert made == {"id": made["id"], "name": "List", "type": "Static", "conditions": None}
    account.upload({"externalCustomerId": "x", "channels": []}, groupNames=["List"])
    assert len(account.get(f"/api/v1/group/{made['id']}/contacts").json()) == 1
    answer = account.put(f"/api/v1/group/{made['id']}", json={"conditions": {"on": "os", "is": "iOS"}})
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (409, "conditions")
    assert account.delete(f"/api/v1/group/{made['id']}").status_code == 200
    assert account.contact("x")["groups"] == []


def test_nobody_is_put_into_a_dynamic_segment(filled: Account) -> None:
    made = filled.post("/api/v1/groups", json={"name": "D", "conditions": {"on": "os", "is": "iOS"}}).json()
    answer = filled.upload({"externalCustomerId": "dan", "channels": []}, groupNames=["D"])
    assert (answer["created"], answer["warnings"][0]["path"]) == (1, "groupNames")
    for verb in ("attach", "detach"):
        body = {"externalCustomerIds": ["cleo"]}
        assert filled.post(f"/api/v1/group/{made['id']}/contacts/{verb}", json=body).status_code == 409
    assert len(filled.get(f"/api/v1/group/{made['id']}/contacts").json()) == 2


def test_conditions_compare_with_a_thousand_values_in_all(account: Account) -> None:
    def counted(*lists: int) -> httpx2.Response:
        conditions = [{"on": "town", "in": [f"t{number}" for number in range(many)]} for many in lists]
        return account.post("/api/v1/groups/count", json={"conditions": {"any": conditions}})

    assert counted(500, 500).json() == {"contacts": 0}
    assert counted(501).json()["errors"][0]["path"] == "conditions.any[0].in"
    assert counted(500, 400, 101).json()["errors"][0]["path"] == "conditions.any[2].in"


def test_a_name_that_is_taken_is_409(account: Account) -> None:
    first = account.post("/api/v1/groups", json={"name": "A"}).json()["id"]
    account.post("/api/v1/groups", json={"name": "B"})
    for answer in (
        account.post("/api/v1/groups", json={"name": " B "}),
        account.put(f"/api/v1/group/{first}", json={"name": "B"}),
    ):
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (409, "name")


def test_many_at_once_with_one_name_make_one_segment(account: Account) -> None:
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: account.post("/api/v1/groups", json={"name": "A"}).status_code, range(6)))
    assert sorted(answers) == [200, 409, 409, 409, 409, 409]


def test_a_segment_of_members_of_another_follows_it(filled: Account) -> None:
    (everyone,) = [row["id"] for row in filled.get("/api/v1/groups").json()]
    assert who(filled, {"on": "segment", "is": everyone}) == "abc"
    filled.post(f"/api/v1/group/{everyone}/contacts/detach", json={"externalCustomerIds": ["ann"]})
    assert who(filled, {"on": "segment", "is": everyone}) == "bc"
    made = filled.post("/api/v1/groups", json={"name": "D", "conditions": {"not": {"on": "segment", "is": everyone}}})
    for number in (made.json()["id"], 999):
        # Else "not in" a segment that is none would be everybody.
        answer = filled.post("/api/v1/groups/count", json={"conditions": {"not": {"on": "segment", "is": number}}})
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, "conditions")
    assert filled.delete(f"/api/v1/group/{everyone}").status_code == 200
    assert filled.get(f"/api/v1/group/{made.json()['id']}/contacts").json() == []


def test_conditions_on_what_another_account_has_are_met_by_nobody(filled: Account) -> None:
    (everyone,) = [row["id"] for row in filled.get("/api/v1/groups").json()]
    other = filled.server.account()
    other.upload({"externalCustomerId": "zoe", "channels": [push("t1", appId=APPS[0], os="iOS")]})
    asked = {"conditions": {"on": "segment", "is": everyone}}
    assert other.post("/api/v1/groups/count", json=asked).status_code == 400
    assert who(other, {"on": "email", "is": "ann@b.co"}) == ""
    assert who(other, {"on": "event", "key": "bought", "known": True}) == ""
    assert who(other, {"on": "os", "is": "iOS"}) == "z"
    number = filled.fields["Job"]  # type: ignore[attr-defined]
    assert (
        other.post("/api/v1/groups/count", json={"conditions": {"on": "field", "id": number, "is": "x"}}).status_code
        == 400
    )


def nested(depth: int) -> dict[str, Any]:
    return {"on": "os", "is": "iOS"} if depth == 0 else {"not": nested(depth - 1)}


BAD: list[tuple[object, str]] = [
    (None, "conditions"),
    ([], "conditions"),
    ({}, "conditions"),
    ("os", "conditions"),
    ({"all": []}, "conditions.all"),
    ({"all": {"on": "os", "is": "iOS"}}, "conditions.all"),
    ({"all": [{"on": "os", "is": "iOS"}], "any": []}, "conditions"),
    ({"all": [{"on": "os", "is": "iOS"}, {"on": "nothing"}]}, "conditions.all[1].on"),
    ({"not": {"any": [3]}}, "conditions.not.any[0]"),
    ({"on": ["os"], "is": "iOS"}, "conditions.on"),
    ({"on": "os"}, "conditions"),
    ({"on": "os", "is": "iOS", "in": []}, "conditions"),
    ({"on": "os", "above": "iOS"}, "conditions.above"),
    ({"on": "os", "is": 1}, "conditions.is"),
    ({"on": "os", "is": ""}, "conditions.is"),
    ({"on": "os", "is": "x" * 256}, "conditions.is"),
    ({"on": "os", "is": "x\0"}, "conditions.is"),
    ({"on": "os", "in": []}, "conditions.in"),
    ({"on": "os", "in": ["a", None]}, "conditions.in[1]"),
    ({"on": "os", "in": ["a"] * 501}, "conditions.in"),
    ({"on": "os", "known": "yes"}, "conditions.known"),
    ({"on": "active", "is": "true"}, "conditions.is"),
    ({"on": "app", "is": "app"}, "conditions.is"),
    ({"on": "appVersion", "below": "two"}, "conditions.below"),
    ({"on": "appVersion", "below": "\u0661.2"}, "conditions.below"),
    ({"on": "lastActive", "within": 0}, "conditions.within"),
    ({"on": "lastActive", "within": True}, "conditions.within"),
    ({"on": "lastActive", "before": "yesterday"}, "conditions.before"),
    ({"on": "created", "before": "2026-11-23\x0012:00"}, "conditions.before"),
    ({"on": "lastActive", "after": "0001-01-01T00:00:00+14:00"}, "conditions.after"),
    ({"on": "channel", "is": "pigeon"}, "conditions.is"),
    ({"on": "email", "is": "joe@"}, "conditions.is"),
    ({"on": "segment", "is": "7"}, "conditions.is"),
    ({"on": "field", "id": 1, "is": "x"}, "conditions.id"),
    ({"on": "field", "is": "x"}, "conditions.id"),
    ({"on": "event", "known": True}, "conditions.key"),
    ({"on": "device", "all": [{"on": "firstName", "is": "x"}]}, "conditions.all[0].on"),
    ({"on": "device", "any": []}, "conditions"),
    (nested(6), "conditions" + ".not" * 6),
    ({"any": [{"on": "os", "is": "iOS"}] * 50}, "conditions.any[49]"),
]  # fmt: skip


def test_what_is_no_condition_is_400_with_its_place(account: Account) -> None:
    for conditions, path in BAD:
        for address in ("groups", "groups/count"):
            if conditions is None and address == "groups":
                continue
            answer = account.post(f"/api/v1/{address}", json={"name": "G", "conditions": conditions})
            assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, path), conditions
    assert account.get("/api/v1/groups").json() == []
    for name in (None, "", " ", "x" * 256):
        answer = account.post("/api/v1/groups", json={"name": name})
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (400, "name")


def test_a_moment_that_postgresql_does_not_know_stops_no_condition(account: Account) -> None:
    field = account.field(name="Seen", type="datetime")
    values = ["2026-11-23T10:00:00+23:00", "2026-11-23T10:00:00+05:30:15.123456", "2026-11-23T10:00:00+05:30"]
    people = [{"externalCustomerId": f"x{n}", "channels": [], "fields": [{"id": field, "value": value}]}
              for n, value in enumerate(values)]  # fmt: skip
    assert len(account.upload(*people)["warnings"]) == 2
    body = {"conditions": {"on": "field", "id": field, "after": "2020-01-01"}}
    assert account.post("/api/v1/groups/count", json=body).json() == {"contacts": 1}


def test_words_that_look_like_sql_are_words(filled: Account) -> None:
    for word in ("'; DROP TABLE contact; --", "%(account_id)s", "{}", "\\", '"', "ann' OR '1'='1"):
        assert who(filled, {"on": "firstName", "is": word}) == ""
        assert who(filled, {"on": "externalCustomerId", "is": word}) == ""
        assert who(filled, {"on": "event", "key": word, "known": True}) == ""

"""Contract 8: events of all three versions, past events, and what was sent to contacts."""

from __future__ import annotations

import datetime as dt
from typing import Any

import psycopg
import pytest

from server import Account

APP = "83b77a49-fc28-409b-aeaa-68c9d544ab9d"
PATHS = [(version, path) for version in ("v1", "v2", "v3") for path in ("event", "past_events")]


def tell(account: Account, body: object, path: str = "v2/event") -> None:
    response = account.post(f"/api/{path}", json=body)
    assert (response.status_code, response.content) == (200, b""), response.text


def stored(account: Account) -> list[tuple[Any, ...]]:
    """Type, contact, value and parameters of what is there, in the order in which it was told, imports excepted."""
    return account.rows(
        "SELECT t.key, e.contact_id, e.key_value, e.params FROM event e JOIN event_type t"
        " ON t.account_id = e.account_id AND t.id = e.event_type_id"
        " WHERE e.account_id = %s AND t.key <> 'contactCreated' ORDER BY e.id"
    )


def person(external_id: str | None, email: str | None = None, token: str | None = None) -> dict[str, Any]:
    channels: list[dict[str, Any]] = [] if email is None else [{"type": "email", "value": email}]
    if token is not None:
        channels.append({"type": "mobilepush", "value": token, "device": {"appId": APP}})
    return {"channels": channels, **({} if external_id is None else {"externalCustomerId": external_id})}


def test_v1_takes_names_and_values_and_one_alone(account: Account) -> None:
    account.upload(person("u-1", "a@b.co"))
    ann = account.contact("u-1")["id"]
    params = [{"name": "EmailAddress", "value": "A@b.co"}, {"name": "sum", "value": 12.5}]
    tell(account, {"eventTypeKey": "orderPaid", "keyValue": "17", "params": params}, "v1/event")
    tell(account, {"eventTypeKey": "orderPaid", "params": {"name": "email", "value": "a@b.co"}}, "v1/event/")
    assert stored(account) == [
        ("orderPaid", ann, "17", {"EmailAddress": "A@b.co", "sum": 12.5}),
        ("orderPaid", ann, "", {"email": "a@b.co"}),
    ]


def test_v2_takes_an_object_or_a_list(account: Account) -> None:
    tell(account, {"eventTypeKey": "seen", "keyValue": 5, "params": {"items": [{"id": 1}], "nothing": None}})
    tell(account, {"eventTypeKey": "seen", "params": [{"name": "items", "value": [1, 2]}]})
    tell(account, {"eventTypeKey": "seen"})
    assert [row[2:] for row in stored(account)] == [
        ("5", {"items": [{"id": 1}], "nothing": None}), ("", {"items": [1, 2]}), ("", {}),
    ]  # fmt: skip


@pytest.mark.parametrize("path", ["v3/event", "v3/events"])
def test_v3_takes_a_list_with_times(account: Account, path: str) -> None:
    account.upload(person("u-1"))
    ann = account.contact("u-1")["id"]
    events = [
        {"eventTypeKey": f"type{number % 2}", "params": {"externalCustomerId": "u-1", "n": number},
         "occurred": f"2026-11-0{number + 1}T10:00+02:00"} for number in range(3)
    ]  # fmt: skip
    tell(account, events, path)
    tell(account, events[0], path)
    assert [(row[0], row[1], row[3]["n"]) for row in stored(account)] == [
        ("type0", ann, 0), ("type1", ann, 1), ("type0", ann, 2), ("type0", ann, 0),
    ]  # fmt: skip
    times = account.rows("SELECT occurred_at FROM event WHERE account_id = %s AND params ? 'n' ORDER BY id")
    assert times[1] == (dt.datetime(2026, 11, 2, 8, tzinfo=dt.UTC),)
    assert account.rows("SELECT count(*) FROM event_type WHERE account_id = %s AND key LIKE 'type%%'") == [(2,)]


def test_the_contact_is_found_by_each_name_that_the_contract_lists(account: Account) -> None:
    phone = {"type": "sms", "value": "380671234567"}
    account.upload(person("u-1", "a@b.co", "t:1"), {"externalCustomerId": "u-2", "channels": [phone]})
    ann, bob = account.contact("u-1")["id"], account.contact("u-2")["id"]
    named = [
        ({"externalCustomerId": "u-1"}, ann), ({"contactId": ann}, ann), ({"contactId": str(bob)}, bob),
        ({"email": " A@B.CO"}, ann), ({"EmailAddress": "a@b.co"}, ann), ({"phone": "+38 067 123-45-67"}, bob),
        ({"SMS": 380671234567}, bob), ({"token": "t:1"}, ann), ({"pushToken": "t:1"}, ann),
        ({"externalCustomerId": "nobody"}, 0), ({"email": "no address"}, 0), ({"contactId": "x"}, 0), ({}, 0),
        # The first that names somebody counts; whoever has another external id is somebody else.
        ({"externalCustomerId": "u-1", "phone": "380671234567"}, ann),
        ({"email": "nobody@b.co", "phone": "380671234567"}, bob),
        ({"externalCustomerId": "new", "email": "a@b.co"}, 0),
    ]  # fmt: skip
    tell(account, [{"eventTypeKey": "e", "params": params} for params, _ in named], "v3/event")
    assert [row[1] for row in stored(account)] == [wanted for _, wanted in named]


def test_of_several_with_one_address_the_last_changed_is_meant(account: Account) -> None:
    account.upload(person("u-1", "a@b.co"), person("u-2", "a@b.co"))
    account.upload({**person("u-1"), "firstName": "Ann"})
    tell(account, {"eventTypeKey": "e", "params": {"email": "a@b.co"}})
    account.delete("/api/v1/contact?externalCustomerId=u-1")
    tell(account, {"eventTypeKey": "e", "params": {"email": "a@b.co"}})
    account.delete("/api/v1/contact?externalCustomerId=u-2&erase=true")
    tell(account, {"eventTypeKey": "f", "params": {"email": "a@b.co"}})
    ann = account.post("/api/v1/contact", json=person("u-1")).json()["id"]
    assert [row[1] for row in stored(account)] == [ann, 0]


@pytest.mark.parametrize(("version", "path"), PATHS)
@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"eventTypeKey": None}, "eventTypeKey"),
        ({"eventTypeKey": "with space"}, "eventTypeKey"),
        ({"eventTypeKey": "ключ"}, "eventTypeKey"),
        ({"eventTypeKey": "x" * 256}, "eventTypeKey"),
        ({"eventTypeKey": 5}, "eventTypeKey"),
        ({"keyValue": "x" * 1_001}, "keyValue"),
        ({"params": {"a": "b\0"}}, "params"),
        ({"params": {"a": "x" * 70_000}}, "params"),
        ({"params": [{"value": 5}]}, "params[0]"),
        ({"occurred": "yesterday"}, "occurred"),
    ],
)
def test_what_is_no_event_is_400_with_its_place(
    account: Account, version: str, path: str, change: dict[str, Any], place: str
) -> None:
    good = {"eventTypeKey": "e", "occurred": "2026-11-01T10:00Z"}
    response = account.post(f"/api/{version}/{path}", json={**good, **change})
    assert response.status_code == 400
    assert response.json()["errors"][0]["path"] == place
    assert stored(account) == []


def test_a_list_goes_in_as_a_whole_or_not_at_all(account: Account) -> None:
    response = account.post("/api/v3/event", json=[{"eventTypeKey": "e"}, {"eventTypeKey": "?"}, {"keyValue": "x"}])
    assert [fault["path"] for fault in response.json()["errors"]] == ["[1].eventTypeKey", "[2].eventTypeKey"]
    many = account.post("/api/v3/event", json=[{"eventTypeKey": "e"}] * 1_001)
    assert (many.status_code, "1,001" in many.text) == (400, True)
    assert account.post("/api/v3/event", json=[]).status_code == 400
    assert stored(account) == []
    tell(account, [{"eventTypeKey": "e"}] * 1_000, "v3/event")
    assert len(stored(account)) == 1_000


@pytest.mark.parametrize("version", ["v1", "v2", "v3"])
def test_past_events_need_their_time_and_can_be_taken_back(account: Account, version: str) -> None:
    path = f"/api/{version}/past_events"
    tell(account, {"eventTypeKey": "e", "keyValue": "now"})
    events = [{"eventTypeKey": key, "keyValue": f"{key}{day}", "occurred": f"2025-01-0{day}T12:00"}
              for key in ("e", "f") for day in (1, 2, 3)]  # fmt: skip
    tell(account, events, f"{version}/past_events")
    timeless = account.post(path, json={"eventTypeKey": "e"})
    assert (timeless.status_code, timeless.json()["errors"][0]["path"]) == (400, "occurred")
    span = {"eventTypeKey": "e", "from": "2025-01-02T12:00+00:00", "to": "2025-01-03T12:00:00Z"}
    assert account.delete(path, params=span).json() == {"deleted": 1}
    assert account.delete(path, params=span).json() == {"deleted": 0}
    assert [row[2] for row in stored(account)] == ["now", "e1", "e3", "f1", "f2", "f3"]
    whole = {"eventTypeKey": "e", "from": "2000-01-01", "to": "2100-01-01"}
    assert account.delete(path, params=whole).json() == {"deleted": 2}
    assert [row[2] for row in stored(account)] == ["now", "f1", "f2", "f3"]


def test_taking_back_wants_a_type_and_a_time_and_reaches_no_other_account(account: Account) -> None:
    stranger = account.server.account("Stranger")
    tell(stranger, {"eventTypeKey": "e", "occurred": "2025-01-01T12:00"}, "v3/past_events")
    whole = {"eventTypeKey": "e", "from": "2000-01-01", "to": "2100-01-01"}
    assert account.delete("/api/v1/past_events", params=whole).status_code == 404
    tell(account, {"eventTypeKey": "e"})
    assert account.delete("/api/v1/past_events", params=whole).json() == {"deleted": 0}
    assert len(stored(stranger)) == 1
    # One address may be asked 5 times a second.
    for number, (name, wrong) in enumerate([(name, wrong) for name in whole for wrong in ("", "so on")]):
        response = account.delete(f"/api/v{number // 2 + 1}/past_events", params={**whole, name: wrong})
        unknown = name == "eventTypeKey" and wrong
        assert response.status_code == (404 if unknown else 400)
        assert unknown or response.json()["errors"][0]["path"] == name


def test_taking_back_reads_an_index_of_past_events(account: Account) -> None:
    assert account.server.database_url is not None
    tell(account, [{"eventTypeKey": "e", "occurred": "2025-01-01T12:00"}] * 1_000, "v3/past_events")
    with psycopg.connect(account.server.database_url) as conn:
        conn.execute("ANALYZE event")
        plan = conn.execute(
            "EXPLAIN DELETE FROM event WHERE account_id = 1 AND event_type_id = 1 AND occurred_at >= '2025-01-01'"
            " AND occurred_at < '2025-02-01' AND past"
        ).fetchall()
    assert any("Index Scan" in line and "event_type_id" in line for (line,) in plan), plan
    assert not any("Seq Scan" in line for (line,) in plan)


def test_nothing_was_sent_so_nothing_is_told_and_wrong_questions_are_refused(account: Account) -> None:
    account.upload(person("u-1"))
    stranger = account.server.account("Stranger")
    stranger.upload(person("z"))
    for path in ("/api/v2/contacts/messages", "/api/v2/contacts/activity"):
        for query in ("", "?externalCustomerId=u-1&dateFrom=2026-01-01&dateTo=2026-12-01T00:00&maxrows=5"):
            response = account.get(f"{path}{query}")
            assert (response.json(), response.headers["TotalCount"]) == ([], "0")
        assert account.get(f"{path}?contactId={stranger.contact('z')['id']}").status_code == 404
        assert account.get(f"{path}?externalCustomerId=z").status_code == 404
        for name in ("dateFrom", "dateTo", "startindex"):
            wrong = account.get(f"{path}?{name}=soon")
            assert (wrong.status_code, wrong.json()["errors"][0]["path"]) == (400, name)

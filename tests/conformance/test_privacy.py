"""Everything held about one contact can be had, and can be gone for good, with a record that it is."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from server import Account

APP = "83b77a49-fc28-409b-aeaa-68c9d544ab9d"


def person(external_id: str, mark: str = "inmost") -> dict[str, Any]:
    return {
        "externalCustomerId": external_id,
        "firstName": "Inmostly",
        "channels": [
            {"type": "email", "value": f"{mark}@b.co"},
            {"type": "sms", "value": "380671234567"},
            {"type": "mobilepush", "value": f"{mark}-token", "device": {"appId": APP}},
        ],
    }


def rich(account: Account, external_id: str) -> int:
    """The id of a contact with something in every table that can hold anything of one."""
    field = account.field(name="Secret", type="text")
    sent = {**person(external_id), "fields": [{"id": field, "value": "inmost field"}]}
    account.upload(sent, customFieldsIDs=[field], groupNames=["G"])
    contact = int(account.contact(external_id)["id"])
    account.put(f"/api/v1/contact/{contact}/subscriptions", json=["News"])
    account.post(f"/api/v1/apps/{APP}/token/mute", json={"tokens": ["inmost-token"]})
    account.post("/api/v2/event", json={"eventTypeKey": "paid", "keyValue": "17", "params": {"contactId": contact}})
    return contact


def test_everything_held_about_a_contact_is_told(account: Account) -> None:
    contact = rich(account, "u-1")
    told = account.get(f"/api/v1/contact/{contact}/export").json()
    assert told["contact"] == account.contact("u-1")
    assert told["contact"]["fields"][0]["value"] == "inmost field"
    assert (told["subscriptions"], told["deletedAt"]) == (["News"], None)
    assert [(event["eventTypeKey"], event["keyValue"]) for event in told["events"]] == [
        ("contactCreated", "inmost@b.co"), ("paid", "17"),
    ]  # fmt: skip
    assert told["events"][0]["params"]["EmailAddress"] == "inmost@b.co"
    again = account.get("/api/v1/contact/export?externalCustomerId=u-1").json()
    assert again | {"exportedAt": ""} == told | {"exportedAt": ""}


def test_a_deleted_contact_is_exported_and_an_erased_one_is_not(account: Account) -> None:
    contact = rich(account, "u-1")
    account.delete(f"/api/v1/contact/{contact}")
    told = account.get(f"/api/v1/contact/{contact}/export").json()
    assert told["deletedAt"] is not None
    assert told["contact"]["channels"][0]["value"] == "inmost@b.co"
    account.delete(f"/api/v1/contact/{contact}?erase=true")
    assert account.get(f"/api/v1/contact/{contact}/export").status_code == 404
    assert account.get("/api/v1/contact/export?externalCustomerId=u-1").status_code == 404


def test_nothing_of_an_erased_contact_is_left_anywhere(account: Account) -> None:
    for name, value in (("Email", "INMOST@b.co "), ("phone", "+380671234567"), ("token", "inmost-token"),
                        ("externalCustomerId", "u-1")):  # fmt: skip
        # Told before anybody had that address.
        body = {"eventTypeKey": "visit", "params": {name: value, "page": "inmost"}}
        assert account.post("/api/v2/event", json=body).status_code == 200
    account.post("/api/v2/event", json={"eventTypeKey": "visit", "params": {"email": "other@b.co", "n": "u-1"}})
    contact = rich(account, "u-1")
    assert account.delete(f"/api/v1/contact/{contact}?erase=true").status_code == 200
    assert account.server.database_url is not None
    with psycopg.connect(account.server.database_url) as conn:
        tables = conn.execute(
            "SELECT table_name FROM information_schema.columns WHERE column_name = 'account_id'"
            " AND table_schema = 'public'"
        ).fetchall()
        for (table,) in tables:
            rows = conn.execute(f"SELECT t::text FROM {table} t WHERE account_id = %s".encode(), (account.id,))
            left = [row for (row,) in rows if "inmost" in row.lower() or "380671234567" in row]
            assert left == [], table
    assert account.rows("SELECT params ->> 'email' FROM event WHERE account_id = %s") == [("other@b.co",)]


def test_an_erasure_is_on_record_and_found_by_either_id(account: Account) -> None:
    contact = rich(account, "u-1")
    account.upload({"channels": [{"type": "email", "value": "x@b.co"}]}, {"channels": [], "externalCustomerId": "u-2"},
                   dedupe_on="email")  # fmt: skip
    nameless = account.get("/api/v1/contacts?email=x@b.co").json()[0]["id"]
    assert account.get("/api/v1/erasures").json() == []
    account.delete(f"/api/v1/contact/{contact}?erase=true")
    account.delete(f"/api/v1/contact/{nameless}?erase=true")
    account.delete("/api/v1/contact?externalCustomerId=u-2")
    listed = account.get("/api/v1/erasures")
    assert ([one["contactId"] for one in listed.json()], listed.headers["TotalCount"]) == ([contact, nameless], "2")
    assert all(one["erasedAt"].startswith("20") for one in listed.json())
    for query in (f"contactId={contact}", "externalCustomerId=u-1"):
        assert [one["contactId"] for one in account.get(f"/api/v1/erasures?{query}").json()] == [contact]
    assert account.get("/api/v1/erasures?externalCustomerId=u-2").json() == []
    assert [one["contactId"] for one in account.get("/api/v1/erasures?startindex=2").json()] == [nameless]


def test_nobody_of_another_account_is_exported_or_told(account: Account) -> None:
    stranger = account.server.account("Stranger")
    theirs, gone = rich(stranger, "u-1"), stranger.post("/api/v1/contact", json=person("u-9")).json()["id"]
    stranger.delete(f"/api/v1/contact/{gone}?erase=true")
    assert account.get(f"/api/v1/contact/{theirs}/export").status_code == 404
    assert account.get("/api/v1/contact/export?externalCustomerId=u-1").status_code == 404
    assert account.get("/api/v1/erasures?externalCustomerId=u-9").json() == []
    assert account.get("/api/v1/erasures").json() == []


@pytest.mark.parametrize("path", ["contact/export", "contact/export?externalCustomerId=", "erasures?contactId=x"])
def test_a_question_that_is_none_is_400(account: Account, path: str) -> None:
    response = account.get(f"/api/v1/{path}")
    assert response.status_code == 400
    assert response.json()["errors"][0]["path"] in ("externalCustomerId", "contactId")

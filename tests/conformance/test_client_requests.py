"""Contract 9: the requests that real clients send, to the letter."""

from __future__ import annotations

import base64

import httpx2
import pytest

from server import Account


@pytest.mark.parametrize("user", ["", "user"])
def test_basic_with_and_without_a_user(account: Account, user: str) -> None:
    token = base64.b64encode(f"{user}:{account.secret}".encode()).decode()
    response = httpx2.get(f"{account.server.url}/api/v1/account/info", headers={"Authorization": f"Basic {token}"})
    assert response.status_code == 200


def test_an_import_by_email_with_ids_as_texts_and_a_trailing_slash(account: Account) -> None:
    account.field(id=12345, name="X", type="text")
    body = (
        '{"contacts":[{"channels":[{"type":"email","value":"A@b.co"}],"fields":[{"id":"12345","value":"x"}],'
        '"lastName":" Smith"}],"dedupeOn":"email","customFieldsIDs":["12345"],"groupNames":["Customers"],'
        '"restoreDeleted":false,"eventKeyForNewContacts":"newContact"}'
    )
    first = account.post("/api/v1/contacts/", content=body).json()
    again = account.post("/api/v1/contacts/", content=body).json()

    assert first["failedContacts"] == []
    assert first["id"] == again["id"] > 0
    contact = account.get(f"/api/v1/contact/{first['id']}").json()
    assert contact["lastName"] == "Smith"
    assert contact["channels"][0]["value"] == "A@b.co"
    assert contact["fields"] == [{"id": 12345, "value": "x"}]
    assert contact["groups"][0]["name"] == "Customers"
    assert account.rows("SELECT count(*) FROM event WHERE account_id = %s") == [(1,)]


def test_an_import_with_every_optional_key_null_or_empty(account: Account) -> None:
    body = (
        '{"contacts":[{"firstName":"A","channels":[{"type":"email","value":"a@b.co"}]},'
        '{"firstName":"B","channels":[{"type":"sms","value":"380671234567"}]}],"dedupeOn":"email_or_sms",'
        '"fieldId":null,"contactFields":["firstName","email"],"customFieldsIDs":[],"groupNames":null,'
        '"groupNamesExclude":null,"restoreDeleted":false,"eventKeyForNewContacts":null}'
    )
    first = account.post("/api/v1/contacts", content=body).json()
    assert (first["id"], first["failedContacts"]) == (0, [])
    assert first["asyncSessionId"]
    assert account.post("/api/v1/contacts", content=body).json()["unchanged"] == 2


def test_one_contact_with_lone_objects_for_lists(account: Account) -> None:
    body = '{"addressBookId":1,"firstName":"A","channels":{"type":"email","value":"a@b.co"},"groups":{"name":"X"}}'
    response = account.post("/api/v1/contact", content=body)
    contact = account.get(f"/api/v1/contact/{response.json()['id']}").json()
    assert (contact["addressBookId"], contact["firstName"], contact["groups"][0]["name"]) == (1, "A", "X")


def test_a_search_by_email_with_a_page(account: Account) -> None:
    contact_id = account.post("/api/v1/contact", json={"channels": [{"type": "email", "value": "a@b.co"}]}).json()["id"]
    response = account.get("/api/v1/contacts?email=a@b.co&startindex=1&maxrows=500")
    assert [found["id"] for found in response.json()] == [contact_id]
    assert response.headers["TotalCount"] == "1"


def test_an_erasure_by_external_id(account: Account) -> None:
    account.upload({"externalCustomerId": "77", "channels": []})
    assert account.delete("/api/v1/contact?externalCustomerId=77&erase=true").status_code == 200
    assert account.get("/api/v1/contact?externalCustomerId=77").status_code == 404
    assert account.rows("SELECT count(*) FROM contact WHERE account_id = %s") == [(0,)]

"""Two accounts: with all that one may know of the other, it is shown nothing and changes nothing."""

from __future__ import annotations

import typing
from typing import Any
from urllib.parse import quote

import httpx2
import psycopg
import pytest

from server import Account, Server
from tokenbase.api import description, routes
from tokenbase.api.operations import Operation, Slots

APP = "83b77a49-fc28-409b-aeaa-68c9d544ab9d"
TOKEN = "token-of-the-first-account"
KEY = "an-idempotency-key-that-both-use"
MARKS = ("Inmostly", "Guarded", "inmost@example.com", "Inmost list", "inmost-model", "447700900123")
"""Values of the first account that no request of the second names: seen in an answer, they came through the wall."""
BODY = {
    "contacts": [
        {
            "externalCustomerId": "u-1",
            "firstName": "Inmostly",
            "lastName": "Guarded",
            "channels": [
                {"type": "email", "value": "inmost@example.com"},
                {"type": "sms", "value": "447700900123"},
                {"type": "mobilepush", "value": TOKEN, "device": {"appId": APP, "deviceModel": "inmost-model"}},
            ],
        }
    ],
    "dedupeOn": "externalCustomerId",
    "groupNames": ["Inmost list"],
}


class Known:
    """All that names something of an account, by where it is said."""

    def __init__(self, owner: Account) -> None:
        answer = owner.post("/api/v1/contacts", json=BODY, headers={"Idempotency-Key": KEY}).json()
        self.session = answer["asyncSessionId"]
        self.contact = answer["id"]
        ((self.segment,),) = owner.rows("SELECT id FROM segment WHERE account_id = %s")
        self.field = owner.field(name="Inmost field", type="text")
        self.query = {"externalCustomerId": "u-1", "ids": str(self.contact), "erase": "true", "maxrows": "500"}

    def path(self, row: Operation) -> str:
        """The address, with what the first account has in its place."""
        number = self.contact
        if "/group" in row.path:
            number = self.segment
        values = {"id": str(number), "sessionId": self.session, "appUuid": APP, "token": TOKEN}
        examples = {name: one.example for name, one in description.SEGMENTS.items()}
        return row.path.format(**{name: quote(text, safe="") for name, text in {**examples, **values}.items()})

    def body(self, value: Any) -> Any:
        """A body, with what the first account has wherever a key asks for such a thing."""
        own: dict[str, Any] = {
            "externalCustomerId": "u-1",
            "externalCustomerIds": ["u-1"],
            "contactId": self.contact,
            "contactIds": [self.contact],
            "fieldId": self.field,
            "customFieldsIDs": [self.field],
            "groupId": self.segment,
            "appId": APP,
            "token": TOKEN,
            "tokens": [TOKEN],
        }
        if isinstance(value, list):
            return [self.body(item) for item in value]
        if not isinstance(value, dict):
            return value
        changed = {name: self.body(item) for name, item in value.items()}
        for name in own.keys() & changed.keys():
            if not isinstance(changed[name], list) or not any(isinstance(item, dict) for item in changed[name]):
                changed[name] = own[name]
        if changed.get("type") == "mobilepush":
            changed["value"] = TOKEN
        return changed


def walk(asking: Account, known: Known, row: Operation) -> httpx2.Response:
    more: dict[str, Any] = {}
    if row.takes is not None:
        example = known.body(description.example(row.takes))
        # With the very body and key of the first account its answer must not come either.
        more["json"] = BODY if "contacts" in example else example
    names = {parameter.name for parameter in row.parameters}
    more["params"] = {name: value for name, value in known.query.items() if name in names}
    more["headers"] = {"Idempotency-Key": KEY} if "Idempotency-Key" in names else {}
    return asking.request(row.method, known.path(row), **more)


def held(account: Account) -> dict[str, list[str]]:
    """Every row of every table that belongs to an account."""
    assert account.server.database_url is not None
    with psycopg.connect(account.server.database_url) as conn:
        tables = conn.execute(
            "SELECT table_name FROM information_schema.columns WHERE column_name = 'account_id'"
            " AND table_schema = 'public' ORDER BY table_name"
        ).fetchall()
        return {
            name: [
                row[0]
                for row in conn.execute(
                    f"SELECT t::text FROM {name} t WHERE account_id = %s ORDER BY 1".encode(), (account.id,)
                )
            ]
            for (name,) in tables
        }


@pytest.fixture(scope="module")
def owner(server: Server) -> tuple[Account, Known]:
    account = server.account("The first")
    return account, Known(account)


@pytest.mark.parametrize("row", routes.OPERATIONS, ids=lambda row: f"{row.method} {row.path}")
def test_no_address_shows_or_changes_anything_of_another_account(
    server: Server, owner: tuple[Account, Known], row: Operation
) -> None:
    first, known = owner
    before = held(first)
    assert sum(map(len, before.values())) > 10
    second = server.account("The second")

    response = walk(second, known, row)
    assert held(first) == before
    if {"{id}", "{sessionId}", "{token}"} & set(row.path.split("/")):
        assert response.status_code == 404, response.text
    if row.slots is Slots.IMPORT:
        assert response.json()["asyncSessionId"] != known.session
        return
    told = response.text
    assert not [mark for mark in MARKS if mark in told], told
    assert known.session not in told or row.path.endswith("{sessionId}")
    if typing.get_origin(row.gives) is list:
        assert f'"id":{known.contact},' not in told


def test_the_same_walk_by_the_owner_finds_what_is_there(server: Server) -> None:
    # Else a walk with wrong addresses would prove walls that are not there.
    account = server.account("The owner")
    known = Known(account)
    for row in routes.OPERATIONS:
        if row.method == "GET" and "{" in row.path:
            assert walk(account, known, row).status_code == 200, row.path
    shown = [walk(account, known, row).text for row in routes.OPERATIONS if row.method == "GET"]
    assert all(any(mark in text for text in shown) for mark in MARKS)


def test_an_id_of_another_account_identifies_nobody(server: Server, owner: tuple[Account, Known]) -> None:
    first, known = owner
    before = held(first)
    second = server.account("The third")
    sent = {"id": known.contact, "firstName": "Mine", "channels": []}
    answer = second.upload(sent, dedupe_on="id")
    assert [failed["errorCode"] for failed in answer["failedContacts"]] == [1009]
    field = second.post(
        "/api/v1/contacts",
        json={"contacts": [{"channels": []}], "dedupeOn": "fieldId", "fieldId": known.field},
    )
    assert field.status_code == 400
    assert second.post("/api/v1/contacts", json={**BODY, "restoreDeleted": True}).json()["created"] == 1
    assert second.delete("/api/v1/contact?externalCustomerId=u-1&erase=true").status_code == 200
    assert held(first) == before

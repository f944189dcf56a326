"""Contract 2 and 5: e-mail addresses of contacts, those that are unsubscribed, and what contacts are subscribed to."""

from __future__ import annotations

from typing import Any

import pytest

from server import Account


def person(external_id: str, email: str) -> dict[str, Any]:
    return {"externalCustomerId": external_id, "channels": [{"type": "email", "value": email}]}


def status(account: Account, external_id: str) -> str:
    return str(account.contact(external_id)["channels"][0]["status"])


def test_the_addresses_of_contacts_are_told(account: Account) -> None:
    account.upload(person("a", "a@b.co"), person("b", "b@b.co"), {"externalCustomerId": "c", "channels": []})
    first, second, third = (account.contact(external_id)["id"] for external_id in "abc")
    stranger = account.server.account("Stranger")
    stranger.upload(person("z", "z@b.co"))
    ids = f"{second},{first}, {third},{stranger.contact('z')['id']},999999"
    assert account.get(f"/api/v1/contacts/email?ids={ids}").json() == {
        "results": [{"contactId": second, "email": "b@b.co"}, {"contactId": first, "email": "a@b.co"}]
    }


@pytest.mark.parametrize("query", ["", "?ids=", "?ids=1,x", "?ids=" + ",".join(["1"] * 501)])
def test_addresses_of_nobody_or_too_many_are_400(account: Account, query: str) -> None:
    response = account.get(f"/api/v1/contacts/email{query}")
    assert (response.status_code, response.json()["errors"][0]["path"]) == (400, "ids")


def test_unsubscribed_stays_unsubscribed_through_every_import(account: Account) -> None:
    account.upload(person("a", "Ann@b.co"))
    assert status(account, "a") == "confirmed"
    answer = account.post("/api/v1/emails/unsubscribed/add", json={"emails": ["ANN@b.co", "later@b.co", "joe@"]})
    assert answer.status_code == 200
    assert [warning["path"] for warning in answer.json()["warnings"]] == ["emails[2]"]
    account.upload(person("a", "ann@b.co"), person("b", "later@b.co"))
    account.post("/api/v1/contact", json=person("a", "ANN@B.CO"))
    account.upload(person("c", "ann@b.co"), dedupe_on="externalCustomerId", contactFields=["email"])
    assert [status(account, external_id) for external_id in "abc"] == ["unsubscribed"] * 3
    account.delete("/api/v1/contact?externalCustomerId=a&erase=true")
    account.upload(person("a", "ann@b.co"))
    assert status(account, "a") == "unsubscribed"
    assert account.get("/api/v1/contacts?email=ann@b.co").json()[0]["channels"][0]["status"] == "unsubscribed"
    again = account.post("/api/v1/emails/unsubscribed/delete", json={"emails": "ann@B.co"})
    assert (again.status_code, again.json()) == (200, {})
    assert (status(account, "a"), status(account, "b")) == ("confirmed", "unsubscribed")


def test_the_list_keeps_no_address_and_belongs_to_one_account(account: Account) -> None:
    stranger = account.server.account("Stranger")
    account.post("/api/v1/emails/unsubscribed/add", json={"emails": ["ann@b.co"]})
    stranger.upload(person("a", "ann@b.co"))
    assert status(stranger, "a") == "confirmed"
    stranger.post("/api/v1/emails/unsubscribed/delete", json={"emails": ["ann@b.co"]})
    (row,) = account.rows("SELECT unsubscribed_email::text FROM unsubscribed_email WHERE account_id = %s")
    assert "ann" not in row[0]


@pytest.mark.parametrize("verb", ["add", "delete"])
@pytest.mark.parametrize("body", [{}, {"emails": 5}, {"emails": [1]}, {"emails": ["a@b.co"] * 3_001}])
def test_a_list_that_is_none_is_400(account: Account, verb: str, body: object) -> None:
    response = account.post(f"/api/v1/emails/unsubscribed/{verb}", json=body)
    assert response.status_code == 400
    assert "emails" in response.text


def test_subscriptions_are_replaced_as_a_whole(account: Account) -> None:
    account.upload(person("a", "a@b.co"))
    path = f"/api/v1/contact/{account.contact('a')['id']}/subscriptions"
    assert account.get(path).json() == {"subscriptions": []}
    assert account.put(path, json={"subscriptions": [" News", "Sales", "News"]}).json() == {
        "subscriptions": ["News", "Sales"]
    }
    assert account.put(path, json=["Sales", "Digest"]).status_code == 200
    assert account.get(path).json() == {"subscriptions": ["Digest", "Sales"]}
    assert account.put(path, json={"subscriptions": []}).json() == {"subscriptions": []}
    assert account.get(path).json() == {"subscriptions": []}


def test_subscriptions_that_are_none_are_400_with_their_place(account: Account) -> None:
    account.upload(person("a", "a@b.co"))
    path = f"/api/v1/contact/{account.contact('a')['id']}/subscriptions"
    account.put(path, json=["News"])
    for body, place in (
        ({"subscriptions": ["ok", "x" * 256]}, "subscriptions[1]"),
        ({"subscriptions": ["a\0b"]}, "subscriptions[0]"),
        ({"subscriptions": ["x"] * 501}, "subscriptions"),
        ({"subscriptions": [1]}, "subscriptions[0]"),
    ):
        response = account.put(path, json=body)
        assert response.status_code == 400
        assert response.json()["errors"][0]["path"] == place
    assert account.get(path).json() == {"subscriptions": ["News"]}


def test_subscriptions_of_a_contact_that_is_gone_or_anothers_are_404(account: Account) -> None:
    stranger = account.server.account("Stranger")
    stranger.upload(person("z", "z@b.co"))
    account.upload(person("a", "a@b.co"))
    gone, theirs = account.contact("a")["id"], stranger.contact("z")["id"]
    account.put(f"/api/v1/contact/{gone}/subscriptions", json=["News"])
    account.delete(f"/api/v1/contact/{gone}?erase=true")
    for unknown in (gone, theirs, "abc"):
        assert account.get(f"/api/v1/contact/{unknown}/subscriptions").status_code == 404
        assert account.put(f"/api/v1/contact/{unknown}/subscriptions", json=["News"]).status_code == 404
    assert account.rows("SELECT count(*) FROM subscription WHERE account_id = %s") == [(0,)]

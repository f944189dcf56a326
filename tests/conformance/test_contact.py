"""Contract 5, 6 and 7: one contact at a time, the search, additional fields, the account, single tokens."""

from __future__ import annotations

from typing import Any

import pytest

from server import Account

APP = "83b77a49-fc28-409b-aeaa-68c9d544ab9d"


def person(external_id: str | None = None, **more: Any) -> dict[str, Any]:
    return {"channels": [], **({} if external_id is None else {"externalCustomerId": external_id}), **more}


def email(value: str) -> dict[str, str]:
    return {"type": "email", "value": value}


def push(value: str, **device: Any) -> dict[str, Any]:
    return {"type": "mobilepush", "value": value, "device": {"appId": APP, **device}}


def add(account: Account, contact: dict[str, Any]) -> int:
    response = account.post("/api/v1/contact", json=contact)
    assert response.status_code == 200, response.text
    return int(response.json()["id"])


def test_adding_finds_by_external_id_then_email_then_phone_then_token(account: Account) -> None:
    first = add(account, person("x", channels=[email("a@b.co"), {"type": "sms", "value": "380671234567"}, push("t")]))
    assert add(account, person("x", firstName="Ann")) == first
    assert add(account, person(channels=[email("A@B.co")])) == first
    assert add(account, person(channels=[email("new@b.co"), {"type": "sms", "value": "380671234567"}])) == first
    assert add(account, person(channels=[email("other@b.co"), push("t")])) == first
    assert add(account, person(channels=[email("nobody@b.co")])) != first


def test_adding_restores_a_deleted_contact(account: Account) -> None:
    first = add(account, person("x", firstName="Ann"))
    assert account.delete(f"/api/v1/contact/{first}").status_code == 200
    assert add(account, person("x")) == first
    assert account.contact("x")["firstName"] == "Ann"


def test_adding_updates_all_fields_that_are_sent(account: Account) -> None:
    field = account.field(name="City", type="text")
    add(account, person("x", fields=[{"id": field, "value": "Kyiv"}]))
    add(account, person("x", fields=[{"id": field, "value": "Lviv"}], groups={"name": "Customers"}))
    contact = account.contact("x")
    assert contact["fields"] == [{"id": field, "value": "Lviv"}]
    assert contact["groups"][0]["name"] == "Customers"


@pytest.mark.parametrize(
    ("contact", "path"),
    [
        ({"externalCustomerId": "x"}, "channels"),
        ({"channels": [{"type": "email", "value": "joe@"}]}, "channels[0].value"),
        ({"channels": []}, ""),
    ],
)
def test_a_contact_that_cannot_be_stored_is_400_with_the_path(
    account: Account, contact: dict[str, Any], path: str
) -> None:
    response = account.post("/api/v1/contact", json=contact)
    assert response.status_code == 400
    assert response.json()["errors"][0]["path"] == path


def test_dropped_values_are_told(account: Account) -> None:
    answer = account.post("/api/v1/contact", json=person("x", firstName="123")).json()
    assert answer["warnings"][0]["path"] == "firstName"


def test_updating_changes_what_is_sent_and_never_creates(account: Account) -> None:
    contact_id = add(account, person("x", firstName="Ann", channels=[email("a@b.co")]))
    response = account.put(f"/api/v1/contact/{contact_id}", json={"lastName": "Smith", "externalCustomerId": "z"})
    assert (response.status_code, response.json()["id"]) == (200, contact_id)
    contact = account.contact("z")
    assert (contact["firstName"], contact["lastName"]) == ("Ann", "Smith")
    assert account.get("/api/v1/contact?externalCustomerId=x").status_code == 404
    for unknown in ("999999", "0", "abc", "9" * 30):
        assert account.put(f"/api/v1/contact/{unknown}", json=person("new")).status_code == 404
    assert account.rows("SELECT count(*) FROM contact WHERE account_id = %s") == [(1,)]


def test_an_external_id_of_another_is_409(account: Account) -> None:
    add(account, person("taken"))
    contact_id = add(account, person("x"))
    response = account.put(f"/api/v1/contact/{contact_id}", json={"externalCustomerId": "taken", "firstName": "Ann"})
    assert response.status_code == 409
    assert "firstName" not in account.contact("x")


def test_deleting_keeps_what_restoring_needs_and_erasing_keeps_nothing(account: Account) -> None:
    account.upload(
        person("x", channels=[push("t"), email("a@b.co")]), person("y", channels=[push("u")]), groupNames="G"
    )
    first, second = account.contact("x")["id"], account.contact("y")["id"]
    assert account.delete("/api/v1/contact?externalCustomerId=x&erase=false").status_code == 200
    assert account.delete("/api/v1/contact?externalCustomerId=y&erase=true").status_code == 200
    assert account.get("/api/v1/contacts?email=a@b.co").json() == []
    assert account.get(f"/api/v1/contact/{first}").status_code == 404
    assert account.delete(f"/api/v1/contact/{first}").status_code == 404
    for table in ("contact", "token", "segment_member", "event"):
        column = "id" if table == "contact" else "contact_id"
        assert account.rows(f"SELECT DISTINCT {column} FROM {table} WHERE account_id = %s") == [(first,)], table
    assert account.rows("SELECT contact_id FROM identity WHERE account_id = %s") == [(first,)]
    assert account.rows("SELECT contact_id FROM erasure WHERE account_id = %s") == [(second,)]
    assert account.delete(f"/api/v1/contact/{first}?erase=true").status_code == 200
    assert account.rows("SELECT count(*) FROM identity WHERE account_id = %s") == [(0,)]
    assert add(account, person("y")) not in (first, second)


def test_the_search_takes_what_fits_all(account: Account) -> None:
    account.upload(
        person(
            "1", firstName="Ann", lastName="Smith", channels=[email("a@b.co"), {"type": "sms", "value": "380671234567"}]
        ),
        person("2", firstName="Ann", lastName="Jones", channels=[email("a@b.co")]),
        person("3", firstName="Bob", lastName="Smith"),
    )

    def found(**query: str) -> list[str]:
        response = account.get("/api/v1/contacts", params=query)
        assert response.headers["TotalCount"] == str(len(response.json()))
        return [contact["externalCustomerId"] for contact in response.json()]

    assert found(email=" A@B.CO ") == ["1", "2"]
    assert found(email="a@b.co", lastname="smith") == ["1"]
    assert found(sms="+38 067 123-45-67", email="a@b.co") == ["1"]
    assert found(sms="380671234567", firstname="Bob") == []
    assert found(firstname="ANN") == ["1", "2"]
    assert found(externalCustomerId="3") == ["3"]
    assert found(email="no address") == []
    assert found() == ["1", "2", "3"]
    assert account.get("/api/v1/contacts?externalCustomerId=3&email=a@b.co").status_code == 400
    assert account.get("/api/v1/contacts?firstname=a%00b").status_code == 400


def test_whose_a_token_is_and_whether_it_is_active(account: Account) -> None:
    token = "cQ1:APA91b/+%="
    contact_id = add(account, person("x", channels=[push(token)]))
    quoted = "cQ1%3AAPA91b%2F%2B%25%3D"
    assert account.get(f"/api/v1/contact/token/{APP}/{quoted}/contactId").json() == {"contactId": contact_id}
    activity = f"/api/v1/contact/token/activated/{APP.upper()}/{quoted}"
    assert account.get(activity).json() == {"active": True}
    assert account.put(activity, json={"active": False}).json() == {"active": False}
    assert account.get(activity).json() == {"active": False}
    assert account.contact("x")["channels"][0]["device"]["active"] is False
    assert account.put(activity, json={"active": "perhaps"}).status_code == 400
    for unknown in (f"token/{APP}/nobody/contactId", "token/no-uuid/t/contactId", f"token/activated/{APP}/nobody"):
        assert account.get(f"/api/v1/contact/{unknown}").status_code == 404


def test_additional_fields_are_made_and_usable_at_once(account: Account) -> None:
    made = account.post("/api/v1/additionalfields", json={"name": "Shoe size", "type": "number", "id": "12345"}).json()
    assert made == {
        "id": 12345,
        "key": "SHOE_SIZE",
        "name": "Shoe size",
        "list": "CUSTOM",
        "addressBookId": 1,
        "description": {"type": "number", "required": False, "readonly": False, "allowedValues": []},
    }
    account.upload(person("x", fields=[{"id": 12345, "value": 42}]))
    assert account.contact("x")["fields"] == [{"id": 12345, "value": "42"}]
    listed = account.get("/api/v1/additionalfields")
    assert {(field["list"], field["key"]) for field in listed.json()} == {
        ("PERSONAL", "GENDER"),
        ("PERSONAL", "BIRTHDAY"),
        ("CUSTOM", "SHOE_SIZE"),
    }
    assert listed.headers["TotalCount"] == "3"


@pytest.mark.parametrize(
    ("definition", "status", "path"),
    [
        ({"name": "A", "type": "colour"}, 400, "type"),
        ({"name": " ", "type": "text"}, 400, "name"),
        ({"name": "A", "type": "select"}, 400, "allowedValues"),
        ({"name": "A", "type": "text", "id": "x"}, 400, "id"),
        ({"name": "A", "type": "text", "id": 2**40}, 400, "id"),
        ({"name": "A", "type": "text", "id": 12345}, 409, "id"),
        ({"name": "taken", "type": "text"}, 409, "key"),
        ({"type": "text"}, 400, ""),
    ],
)
def test_a_field_that_cannot_be_made_says_why(
    account: Account, definition: dict[str, Any], status: int, path: str
) -> None:
    account.field(id=12345, name="Taken", type="text")
    response = account.post("/api/v1/additionalfields", json=definition)
    assert response.status_code == status
    assert response.json()["errors"][0]["path"] == path


def test_account_and_version_say_who_and_what(account: Account) -> None:
    info = account.get("/api/v1/account/info").json()
    assert (info["userEmail"], info["organisationName"]) == ("owner@example.com", "Test")
    assert account.get("/api/v1/version").json() == account.get("/api/v2/version").json()


def test_the_address_book_has_the_fields_in_their_lists(account: Account) -> None:
    account.field(id=12345, name="Size", type="select", allowed_values=["S", "M"])
    book = account.get("/api/v1/addressbooks").json()["addressBook"]
    assert book["addressBookId"] == 1
    groups = {group["name"]: group["fields"] for group in book["fieldGroups"]}
    assert [field["fieldKey"] for field in groups["PERSONAL"]] == ["GENDER", "BIRTHDAY"]
    (size,) = groups["CUSTOM"]
    assert (size["id"], size["name"], size["fieldKey"]) == (12345, "Size", "SIZE")
    assert size["description"] == {"type": "select", "required": False, "readonly": False, "allowedValues": ["S", "M"]}


def test_the_balance_is_nought(account: Account) -> None:
    assert account.get("/api/v1/balance").json()["currentBalance"] == 0

"""Every method that writes, at once on one account: nothing breaks, nobody waits for ever, and the base stays whole."""

from __future__ import annotations

import collections
import concurrent.futures
import random
from typing import Any

import httpx2

from server import Account

APP = "83b77a49-fc28-409b-aeaa-68c9d544ab9d"
DOUBLES = "SELECT external_id FROM contact WHERE account_id = %s GROUP BY 1 HAVING count(external_id) > 1"
# A deleted contact keeps its tokens, so that it can come back with those that nobody else has taken.
TWO_OWNERS = (
    "SELECT token.app_id, token.value FROM token JOIN contact ON contact.account_id = token.account_id"
    " AND contact.id = token.contact_id AND contact.deleted_at IS NULL"
    " WHERE token.account_id = %s GROUP BY 1, 2 HAVING count(*) > 1"
)
# Of a token of a contact that is there, the identity table names that contact.
UNKNOWN_TOKENS = (
    "SELECT token.value FROM token JOIN contact ON contact.account_id = token.account_id"
    " AND contact.id = token.contact_id AND contact.deleted_at IS NULL"
    " LEFT JOIN identity ON identity.account_id = token.account_id AND identity.key = token.key AND identity.slot = 0"
    " WHERE token.account_id = %s AND identity.contact_id IS DISTINCT FROM token.contact_id"
)
STRAYS = (
    "SELECT identity.key FROM identity LEFT JOIN contact ON contact.account_id = identity.account_id"
    " AND contact.id = identity.contact_id WHERE identity.account_id = %s AND contact.id IS NULL"
)
LOOSE = (
    "SELECT token.value FROM token LEFT JOIN contact ON contact.account_id = token.account_id"
    " AND contact.id = token.contact_id WHERE token.account_id = %s AND contact.id IS NULL"
)


def person(chance: random.Random) -> dict[str, Any]:
    push = {"type": "mobilepush", "value": f"t{chance.randrange(60)}", "device": {"appId": APP}}
    email = {"type": "email", "value": f"a{chance.randrange(20)}@b.co"}
    return {"externalCustomerId": f"x{chance.randrange(40)}", "channels": [push, email], "firstName": "Ann"}


def one_request(client: httpx2.Client, chance: random.Random) -> tuple[str, int]:
    who = {"externalCustomerId": f"x{chance.randrange(40)}"}
    token = f"t{chance.randrange(60)}"
    what = chance.choice(["bulk", "bulk", "add", "update", "delete", "erase", "switch", "search"])
    if what == "bulk":
        people = [person(chance) for _ in range(30)]
        more = {"groupNames": ["All"], "restoreDeleted": chance.random() < 0.5}
        body = {"contacts": people, "dedupeOn": chance.choice(["externalCustomerId", "email", "mobilepush"]), **more}
        return what, client.post("/api/v1/contacts", json=body).status_code
    if what == "add":
        return what, client.post("/api/v1/contact", json=person(chance)).status_code
    if what == "update":
        found = client.get("/api/v1/contact", params=who)
        number = found.json()["id"] if found.status_code == 200 else 999_999_999
        return what, client.put(f"/api/v1/contact/{number}", json=person(chance)).status_code
    if what in ("delete", "erase"):
        erase = str(what == "erase").lower()
        return what, client.delete("/api/v1/contact", params={**who, "erase": erase}).status_code
    if what == "switch":
        path = f"/api/v1/contact/token/activated/{APP}/{token}"
        return what, client.put(path, json={"active": chance.random() < 0.5}).status_code
    return what, client.get("/api/v1/contacts", params={"email": f"a{chance.randrange(20)}@b.co"}).status_code


def test_all_methods_at_once_leave_the_base_whole_and_are_all_answered(account: Account) -> None:
    def client(number: int) -> list[tuple[str, int]]:
        chance = random.Random(number)
        with httpx2.Client(base_url=account.server.url, auth=("", account.secret), timeout=60) as session:
            return [one_request(session, chance) for _ in range(60)]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answered = collections.Counter(answer for part in pool.map(client, range(8)) for answer in part)

    allowed = {
        "bulk": {200},
        "add": {200},
        "update": {200, 404, 409},
        "delete": {200, 404},
        "erase": {200, 404},
        "switch": {200, 404},
        "search": {200},
    }
    assert {(what, status) for what, status in answered if status not in allowed[what]} == set()
    assert {what for what, status in answered if status == 200} == set(allowed)
    for statement in (DOUBLES, TWO_OWNERS, UNKNOWN_TOKENS, STRAYS, LOOSE):
        assert account.rows(statement) == [], statement

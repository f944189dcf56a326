"""Large requests of known contacts, which are written before the account's lock: nobody waits, and nobody can tell."""

from __future__ import annotations

import concurrent.futures
import contextlib
from typing import Any

import psycopg
import pytest

import holding
from server import Account
from tokenbase.contacts import identity
from tokenbase.imports import ways

APP = "83b77a49-fc28-409b-aeaa-68c9d544ab9d"
MANY = ways.FEW + 50
MIDDLE = MANY // 2
"""The contact whose row somebody else holds: those before it are written by then, those behind it are not."""


def person(number: int, version: str, **more: Any) -> dict[str, Any]:
    push = {"type": "mobilepush", "value": f"t{number}", "device": {"appId": APP, "appVersion": version}}
    return {"externalCustomerId": f"x{number}", "firstName": f"V{version}", "channels": [push], **more}


def everybody(version: str) -> list[dict[str, Any]]:
    return [person(number, version) for number in range(MANY)]


@pytest.fixture
def known(account: Account) -> Account:
    """An account that has them all."""
    assert account.upload(*everybody("1"))["created"] == MANY
    return account


def held(
    known: Account, *people: dict[str, Any], **more: Any
) -> contextlib.AbstractContextManager[concurrent.futures.Future[holding.Told]]:
    """An upload that waits for the row in the middle."""
    return holding.held(known, f"x{MIDDLE}", lambda: known.upload(*people, **more))


def whole(account: Account) -> None:
    """Each token has one contact, which its key leads to, and whoever counts as unchanged has what was sent."""
    lost = (
        "SELECT token.value FROM token LEFT JOIN identity ON identity.account_id = token.account_id"
        " AND identity.key = token.key AND identity.slot = 0 LEFT JOIN contact ON contact.account_id = token.account_id"
        " AND contact.id = token.contact_id WHERE token.account_id = %s AND contact.deleted_at IS NULL"
        " AND identity.contact_id IS DISTINCT FROM token.contact_id"
    )
    assert account.rows(lost) == []
    doubles = "SELECT external_id FROM contact WHERE account_id = %s GROUP BY 1 HAVING count(external_id) > 1"
    assert account.rows(doubles) == []


def version(account: Account, number: int) -> str:
    (channel,) = account.contact(f"x{number}")["channels"]
    return str(channel["device"]["appVersion"])


def test_a_single_contact_does_not_wait_for_them(known: Account) -> None:
    with held(known, *everybody("2")) as sent:
        assert known.post("/api/v1/contact", json=person(MANY, "1")).status_code == 200
        assert version(known, 0) == "1"
    assert sent.result()["updated"] == MANY
    assert [version(known, number) for number in (0, MIDDLE, MANY - 1)] == ["2", "2", "2"]
    whole(known)


@pytest.mark.parametrize("number", [0, MANY - 1])
def test_one_of_them_waits_alone_and_is_stored_on_top(known: Account, number: int) -> None:
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with held(known, *everybody("2")) as sent:
            own = pool.submit(known.post, "/api/v1/contact", json=person(number, "3", lastName="Own"))
            if number:
                # It is not written yet, so it need not wait, and the upload must look again.
                assert own.result().status_code == 200
            for other in range(3):
                assert known.post("/api/v1/contact", json=person(MANY + other, "1")).status_code == 200
            assert number or not own.done()
        assert own.result().status_code == 200
    assert sent.result()["updated"] == MANY
    assert version(known, number) == ("2" if number else "3")
    assert known.contact(f"x{number}")["lastName"] == "Own"
    # What was sent once more finds out who is not as it was sent.
    again = known.upload(*everybody("2"))
    assert again["unchanged"] == (MANY if number else MANY - 1)
    assert version(known, number) == "2"
    whole(known)


def changed_but(*numbers: int) -> list[dict[str, Any]]:
    """All of them changed but these, which come as they are."""
    return [person(number, "1" if number in numbers else "2") for number in range(MANY)]


def test_a_contact_that_came_unchanged_and_is_deleted_meanwhile_is_told_so(known: Account) -> None:
    with held(known, *changed_but(MANY - 1)) as sent:
        gone = known.delete(f"/api/v1/contact?externalCustomerId=x{MANY - 1}&erase=false")
        assert gone.status_code < 300
    assert (sent.result()["updated"], sent.result()["skipped"]) == (MANY - 1, 1)
    whole(known)


def test_a_contact_that_came_unchanged_and_is_erased_meanwhile_is_a_new_one(known: Account) -> None:
    before = known.contact(f"x{MANY - 1}")["id"]
    with held(known, *changed_but(MANY - 1), groupNames=["All"]) as sent:
        gone = known.delete(f"/api/v1/contact?externalCustomerId=x{MANY - 1}&erase=true")
        assert gone.status_code < 300
    assert (sent.result()["updated"], sent.result()["created"]) == (MANY - 1, 1)
    assert known.contact(f"x{MANY - 1}")["id"] != before
    members = known.rows("SELECT contact_id FROM segment_member WHERE account_id = %s")
    assert (before,) not in members
    assert len(members) == MANY
    whole(known)


@pytest.mark.parametrize("number", [0, MANY - 1])
def test_a_token_that_is_switched_off_meanwhile_stays_off(known: Account, number: int) -> None:
    # Other values, but for the token's; and whom a single request changed has no digest to be forgotten.
    known.upload(*[person(each, "1", firstName="Other") for each in range(MANY)])
    assert known.post("/api/v1/contact", json=person(number, "1", firstName="Single")).status_code == 200
    token = f"/api/v1/contact/token/activated/{APP}/t{number}"
    with held(known, *everybody("1")) as sent:
        assert known.put(token, json={"active": False}).status_code == 200
    assert sent.result()["updated"] == MANY
    assert known.get(token).json() == {"active": False}
    whole(known)


def test_a_token_that_another_takes_meanwhile_is_with_whoever_came_last(known: Account) -> None:
    with held(known, *[person(number, "1", firstName="Other") for number in range(MANY)]) as sent:
        other = person(MANY, "1")
        other["channels"][0]["value"] = f"t{MANY - 1}"
        assert known.post("/api/v1/contact", json=other).status_code == 200
    assert sent.result()["updated"] == MANY
    assert known.contact(f"x{MANY - 1}")["channels"] != []
    assert known.contact(f"x{MANY}")["channels"] == []
    whole(known)


def test_somebody_who_comes_meanwhile_is_not_stored_twice(known: Account) -> None:
    with held(known, *everybody("2"), person(MANY, "2")) as sent:
        assert known.post("/api/v1/contact", json=person(MANY, "1")).status_code == 200
    assert (sent.result()["updated"], sent.result()["created"]) == (MANY + 1, 0)
    assert version(known, MANY) == "2"
    whole(known)


def test_a_token_that_is_switched_off_while_it_goes_to_another_stays_off(known: Account) -> None:
    last = MANY - 1
    # Nobody in the upload, and without a digest to be forgotten.
    assert known.post("/api/v1/contact", json=person(last, "1", firstName="Single")).status_code == 200
    people = everybody("2")[:last]
    people[last - 1]["channels"].append({"type": "mobilepush", "value": f"t{last}", "device": {"appId": APP}})
    token = f"/api/v1/contact/token/activated/{APP}/t{last}"
    with held(known, *people) as sent:
        assert known.put(token, json={"active": False}).status_code == 200
    assert sent.result()["updated"] == last
    assert known.get(token).json() == {"active": False}
    assert len(known.contact(f"x{last - 1}")["channels"]) == 2
    whole(known)


GONE = "DELETE FROM {} WHERE account_id = %(account)s AND {} = %(id)s"
RENAMED = (
    "UPDATE contact SET external_id = 'other', digest = NULL WHERE account_id = %(account)s AND id = %(id)s",
    "UPDATE identity SET key = %(other)s WHERE account_id = %(account)s AND key = %(x)s",
)
ERASED = tuple(GONE.format(*one) for one in (("identity", "contact_id"), ("token", "contact_id"), ("contact", "id")))
MOVED = (
    "UPDATE token SET contact_id = %(new)s WHERE account_id = %(account)s AND contact_id = %(id)s",
    "UPDATE identity SET contact_id = %(new)s WHERE account_id = %(account)s AND key = %(token)s",
    "UPDATE contact SET updated_at = now(), digest = NULL WHERE account_id = %(account)s AND id = ANY(%(both)s)",
)
DELETED = (
    "UPDATE contact SET deleted_at = now(), digest = NULL WHERE account_id = %(account)s AND id = %(id)s",
    "DELETE FROM identity WHERE account_id = %(account)s AND key = %(token)s",
)


@pytest.mark.parametrize(
    ("meanwhile", "names_the_token", "expected"),
    [
        (ERASED, False, (MANY - 1, 1)),
        (RENAMED, False, (MANY - 1, 1)),
        (DELETED, False, (MANY - 1, 0)),
        (MOVED, True, (MANY - 1, 0)),
        (DELETED, True, (MANY - 1, 0)),
        (ERASED, True, (MANY - 1, 0)),
    ],
)
def test_keys_and_what_they_lead_to_are_of_one_moment(
    known: Account, meanwhile: tuple[str, ...], names_the_token: bool, expected: tuple[int, int]
) -> None:
    """Somebody changes x0 after the upload has read who has which key, and before it reads the contacts."""
    url = known.server.database_url or ""
    new = known.post("/api/v1/contact", json=person(MANY, "1")).json()["id"]
    contact_id = known.contact("x0")["id"]
    people = everybody("2")
    if names_the_token:
        # Its token goes to the next one.
        del people[0]
        people[0]["channels"].append({"type": "mobilepush", "value": "t0", "device": {"appId": APP}})
    names = {
        "account": known.id,
        "id": contact_id,
        "new": new,
        "both": [contact_id, new],
        "x": identity.external("x0"),
        "other": identity.external("other"),
        "token": identity.token(APP, "t0"),
    }
    waiting = "SELECT 1 FROM pg_locks WHERE locktype = %s AND NOT granted"
    with concurrent.futures.ThreadPoolExecutor(1) as pool, psycopg.connect(url, autocommit=True) as watch:
        with psycopg.connect(url) as queue, psycopg.connect(url) as other:
            queue.execute("SELECT pg_advisory_xact_lock(7152, %s)", (known.id,))
            sent = pool.submit(known.upload, *people)
            holding.eventually(lambda: watch.execute(waiting, ("advisory",)).fetchone() is not None)
            other.execute("SELECT pg_advisory_xact_lock(7151, %s)", (known.id,))
            table = "token" if names_the_token else "contact"
            other.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
            queue.commit()
            holding.eventually(lambda: watch.execute(waiting, ("relation",)).fetchone() is not None)
            for statement in meanwhile:
                other.execute(statement.encode(), names)
        answer = sent.result()
    assert (answer["updated"], answer["created"]) == expected
    found = known.get("/api/v1/contact", params={"externalCustomerId": "other"})
    if meanwhile is RENAMED:
        assert found.json()["firstName"] == "V1"
        assert known.contact("x0")["firstName"] == "V2"
    if names_the_token:
        assert len(known.contact("x1")["channels"]) == 2
        # A deleted contact keeps its row, to come back with.
        many = 2 if meanwhile is DELETED else 1
        assert len(known.rows("SELECT 1 FROM token WHERE account_id = %s AND value = 't0'")) == many
    whole(known)


def test_many_at_once_leave_each_contact_as_the_last_one_sent_it(known: Account) -> None:
    def upload(turn: int) -> int:
        people = everybody(f"b{turn}")
        return int(known.upload(*(people if turn % 2 else people[::-1]))["updated"])

    def single(turn: int) -> int:
        number = turn * 7 % MANY
        answer = known.post("/api/v1/contact", json=person(number, f"s{turn}"))
        return answer.status_code

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        uploads = [pool.submit(upload, turn) for turn in range(8)]
        singles = [pool.submit(single, turn) for turn in range(60)]
        assert {one.result() for one in uploads} == {MANY}
        assert {one.result() for one in singles} == {200}
    # A contact's name and its token's version were sent together, whoever sent them.
    mixed = (
        "SELECT contact.external_id FROM contact JOIN token ON token.account_id = contact.account_id"
        " AND token.contact_id = contact.id WHERE contact.account_id = %s"
        " AND contact.first_name <> 'V' || token.app_version"
    )
    assert known.rows(mixed) == []
    whole(known)

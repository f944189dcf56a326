"""Contract 3: Idempotency-Key and dryRun at their edges, over HTTP and with several clients at once."""

from __future__ import annotations

import concurrent.futures
import gzip
import json
from typing import Any

import httpx2
import pytest

from server import Account, Server

APPS = ("83b77a49-fc28-409b-aeaa-68c9d544ab9d", "93b77a49-fc28-409b-aeaa-68c9d544ab9d")


def body(*external_ids: str) -> bytes:
    contacts = [{"externalCustomerId": external_id, "channels": []} for external_id in external_ids]
    return json.dumps({"contacts": contacts, "dedupeOn": "externalCustomerId"}).encode()


def send(account: Account, content: bytes, key: str = "k", query: str = "", **headers: str) -> httpx2.Response:
    return account.post(f"/api/v1/contacts{query}", content=content, headers={"Idempotency-Key": key, **headers})


def held(account: Account) -> list[Any]:
    return [row[0] for row in account.rows("SELECT external_id FROM contact WHERE account_id = %s ORDER BY 1")]


def test_of_many_at_once_with_one_key_and_different_bodies_one_is_stored(account: Account) -> None:
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda number: send(account, body(f"x{number}")), range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409, 409]
    assert {answer.json()["errorCode"] for answer in answers if answer.status_code == 409} == {402}
    assert len(held(account)) == 1


def test_the_first_answer_stands_whatever_happened_since(account: Account) -> None:
    first = send(account, body("x"))
    account.delete("/api/v1/contact?externalCustomerId=x&erase=true")
    assert send(account, body("x")).content == first.content
    assert held(account) == []


def test_a_packed_body_is_the_same_body(account: Account) -> None:
    first = send(account, body("x"))
    again = send(account, gzip.compress(body("x")), **{"Content-Encoding": "gzip"})
    assert (again.status_code, again.content) == (200, first.content)


def test_a_refused_request_leaves_its_key_free(account: Account) -> None:
    for broken in (b"{", b"{}", body(*(f"x{number}" for number in range(3001)))):
        assert send(account, broken).status_code == 400
    assert send(account, body("x")).json()["created"] == 1


def test_one_key_in_two_accounts_is_two_keys(server: Server) -> None:
    first, second = server.account(), server.account()
    assert send(first, body("x")).json()["created"] == send(second, body("y")).json()["created"] == 1
    assert (held(first), held(second)) == (["x"], ["y"])


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_that_is_none_is_refused_and_nothing_stored(account: Account, key: str) -> None:
    response = send(account, body("x"), key)
    assert response.status_code == 400
    assert "1 to 255 characters" in response.json()["errorMessage"]
    assert held(account) == []


def test_one_body_for_two_apps_is_two_requests(account: Account) -> None:
    sent = {"tokens": [{"token": "t"}]}
    answers = [
        account.post(f"/api/v1/apps/{app}/tokens", json=sent, headers={"Idempotency-Key": "k"})
        for app in (*APPS, APPS[0])
    ]
    assert [answer.status_code for answer in answers] == [200, 409, 200]
    assert answers[0].content == answers[2].content


def test_a_dry_run_takes_no_kept_answer_and_leaves_none(account: Account) -> None:
    tried = send(account, body("x"), query="?dryRun=true").json()
    assert (tried["dryRun"], tried["created"], held(account)) == (True, 1, [])
    done = send(account, body("x")).json()
    assert ("dryRun" in done, done["created"], held(account)) == (False, 1, ["x"])
    again = send(account, body("x", "y"), query="?dryRun=1").json()
    assert (again["dryRun"], again["created"], again["unchanged"]) == (True, 1, 1)
    assert held(account) == ["x"]


@pytest.mark.parametrize("query", ["?dryRun=yes", "?dryRun=2", "?dryRun=tru", "?dryRun=on"])
def test_a_dry_run_that_is_not_understood_stores_nothing(account: Account, query: str) -> None:
    for path, sent in (
        ("/api/v1/contacts", json.loads(body("x"))),
        (f"/api/v1/apps/{APPS[0]}/tokens", {"tokens": [{"token": "t"}]}),
    ):
        response = account.post(path + query, json=sent)
        assert response.status_code == 400
        assert response.json()["errors"][0]["path"] == "dryRun"
    assert held(account) == []


@pytest.mark.parametrize("query", ["", "?dryRun=", "?dryRun=false", "?dryRun=False"])
def test_whatever_is_no_dry_run_stores(account: Account, query: str) -> None:
    assert account.post(f"/api/v1/contacts{query}", content=body("x")).json()["created"] == 1
    assert held(account) == ["x"]


def test_dry_runs_and_imports_at_once_tell_and_store_what_they_say(account: Account) -> None:
    def some(number: int) -> dict[str, Any]:
        query = "?dryRun=true" if number % 2 else ""
        answer = account.post(f"/api/v1/contacts{query}", content=body("a", f"x{number}")).json()
        assert isinstance(answer, dict)
        return answer

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(some, range(12)))
    assert sum(answer["created"] for answer in answers if "dryRun" not in answer) == 7
    assert held(account) == ["a", *sorted(f"x{number}" for number in range(0, 12, 2))]

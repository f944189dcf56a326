"""Contract 7: apps, their tokens without profiles, tokens that are muted."""

from __future__ import annotations

from typing import Any

import pytest

from server import Account

APP = "83b77a49-fc28-409b-aeaa-68c9d544ab9d"
SERVICE_ACCOUNT = {"project_id": "p", "client_email": "a@b.co", "private_key": "-----BEGIN PRIVATE KEY-----"}


def add(account: Account, *tokens: object, app: str = APP, query: str = "", **headers: str) -> dict[str, Any]:
    response = account.post(f"/api/v1/apps/{app}/tokens{query}", json={"tokens": tokens}, headers=headers)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert isinstance(answer, dict)
    return answer


def holder(account: Account, token: str, app: str = APP) -> int:
    response = account.get(f"/api/v1/contact/token/{app}/{token}/contactId")
    assert response.status_code == 200, response.text
    return int(response.json()["contactId"])


def device(account: Account, token: str) -> dict[str, Any]:
    contact = account.get(f"/api/v1/contact/{holder(account, token)}").json()
    (channel,) = [channel for channel in contact["channels"] if channel["value"] == token]
    found = channel["device"]
    assert isinstance(found, dict)
    return found


def test_tokens_without_a_profile_become_contacts_and_join_those_that_they_name(account: Account) -> None:
    account.upload({"externalCustomerId": "u-1", "channels": [{"type": "email", "value": "a@b.co"}]})
    answer = add(
        account,
        {"token": "t1", "device": {"os": "android", "appVersion": "1.2"}},
        {"token": "t2", "externalCustomerId": "u-1"},
        {"token": "t3", "externalCustomerId": 77, "device": {"appId": "11111111-1111-1111-1111-111111111111"}},
        "t4",
    )
    counts = {name: answer[name] for name in ("total", "created", "updated", "failed")}
    assert counts == {"total": 4, "created": 3, "updated": 1, "failed": 0}
    assert device(account, "t1")["os"] == "Android"
    assert [channel["value"] for channel in account.contact("u-1")["channels"]] == ["a@b.co", "t2"]
    assert holder(account, "t3") == account.contact("77")["id"]
    assert device(account, "t4")["appId"] == APP
    status = account.get(f"/api/v1/importstatus/{answer['asyncSessionId']}").json()
    assert [one["result"] for one in status["mapping"]] == ["created", "updated", "created", "created"]
    events = account.rows("SELECT count(*) FROM event WHERE account_id = %s")
    assert events == [(4,)]


def test_tokens_sent_again_stay_where_they_are_and_learn(account: Account) -> None:
    add(account, {"token": "t1", "externalCustomerId": "u-1"})
    answer = add(account, {"token": "t1", "device": {"appVersion": "2"}})
    assert (answer["created"], answer["updated"]) == (0, 1)
    assert holder(account, "t1") == account.contact("u-1")["id"]
    assert device(account, "t1")["appVersion"] == "2"


def test_bad_tokens_fail_alone_and_name_their_place(account: Account) -> None:
    answer = add(
        account, "good", {"token": " "}, {"device": {}}, 5, {"token": "x", "device": {"os": 7}},
        {"token": "y", "externalCustomerId": "z" * 300}, {"token": "ok", "device": {"environment": "moon"}},
    )  # fmt: skip
    failed = {one["index"]: (one["path"], one["errorCode"]) for one in answer["failedTokens"]}
    assert failed == {
        1: ("tokens[1].token", 1006), 2: ("tokens[2].token", 1006), 3: ("tokens[3]", 1001),
        5: ("tokens[5].externalCustomerId", 1007),
    }  # fmt: skip
    assert all("contacts[" not in one["message"] for one in answer["failedTokens"])
    paths = [warning["path"] for warning in answer["warnings"]]
    assert "tokens[4].device.os" in paths
    assert "tokens[6].device.environment" in paths
    assert answer["created"] == 3


@pytest.mark.parametrize("body", [{}, {"tokens": []}, {"tokens": "t"}, {"tokens": ["t"] * 3_001}])
def test_a_request_without_tokens_or_with_too_many_is_400(account: Account, body: object) -> None:
    response = account.post(f"/api/v1/apps/{APP}/tokens", json=body)
    assert response.status_code == 400
    assert "tokens" in response.json()["errorMessage"]
    assert account.rows("SELECT count(*) FROM token WHERE account_id = %s") == [(0,)]


def test_a_dry_run_stores_nothing_and_a_key_answers_again(account: Account) -> None:
    tried = add(account, "t1", query="?dryRun=true")
    assert (tried["dryRun"], tried["mapping"][0]["result"]) == (True, "created")
    assert account.rows("SELECT count(*) FROM token WHERE account_id = %s") == [(0,)]
    first = add(account, "t1", **{"Idempotency-Key": "k"})
    assert add(account, "t1", **{"Idempotency-Key": "k"}) == first
    other = account.post(f"/api/v1/apps/{APP}/tokens", json={"tokens": ["t2"]}, headers={"Idempotency-Key": "k"})
    assert other.status_code == 409


def test_an_app_that_tokens_name_is_listed_and_completed(account: Account) -> None:
    assert add(account, "t1")["warnings"][0]["path"] == "tokens[0].device.appId"
    listed = account.get("/api/v1/apps")
    assert (listed.json(), listed.headers["TotalCount"]) == (
        [{"id": APP, "name": "", "registered": False, "hasCredentials": False}], "1",
    )  # fmt: skip
    body = {"id": APP, "name": " Shop ", "fcm": SERVICE_ACCOUNT}
    made = account.post("/api/v1/apps", json=body).json()
    assert made == {"id": APP, "name": "Shop", "registered": True, "hasCredentials": True}
    assert account.get("/api/v1/apps").json() == [made]
    assert add(account, "t2")["warnings"] == []
    stored = account.rows("SELECT credentials FROM app WHERE account_id = %s")
    assert b"project_id" not in bytes(stored[0][0])
    assert SERVICE_ACCOUNT["private_key"] not in account.server.log.read_text()


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"name": " "}, "name"),
        ({"id": "no uuid"}, "id"),
        ({"fcm": {"project_id": "p"}}, "fcm"),
        ({"apns": {"key": "?", "keyId": "K", "teamId": "T", "topic": "co.b"}}, "apns.key"),
        ({"apns": {"key": "-----BEGIN PRIVATE KEY-----"}}, "apns"),
    ],
)
def test_an_app_that_cannot_be_registered_says_why(account: Account, change: dict[str, Any], path: str) -> None:
    response = account.post("/api/v1/apps", json={"name": "Shop", **change})
    assert response.status_code == 400
    assert response.json()["errors"][0]["path"] == path
    assert account.get("/api/v1/apps").json() == []


def test_a_muted_token_is_kept_and_stays_muted_wherever_it_goes(account: Account) -> None:
    add(account, {"token": "t1", "externalCustomerId": "u-1"}, "t2")
    path = f"/api/v1/apps/{APP}/token"
    assert account.post(f"{path}/mute", json={"tokens": ["t1", "t1", "nobody"]}).json() == {
        "tokens": 1,
        "warnings": [{"path": "tokens[2]", "message": "no contact of this account has that token of that app"}],
    }
    assert (device(account, "t1")["muted"], device(account, "t1")["active"]) == (True, True)
    assert "muted" not in device(account, "t2")
    add(account, {"token": "t1", "device": {"active": True}})
    add(account, {"token": "t1", "externalCustomerId": "u-2"})
    assert holder(account, "t1") == account.contact("u-2")["id"]
    assert device(account, "t1")["muted"] is True
    account.delete("/api/v1/contact?externalCustomerId=u-1&erase=true")
    assert device(account, "t1")["muted"] is True
    assert account.post(f"{path}/unmute", json={"tokens": "t1"}).json() == {"tokens": 1}
    assert "muted" not in device(account, "t1")


def test_erasing_forgets_that_a_token_was_muted(account: Account) -> None:
    add(account, {"token": "t1", "externalCustomerId": "u-1"})
    account.post(f"/api/v1/apps/{APP}/token/mute", json={"tokens": ["t1"]})
    account.delete("/api/v1/contact?externalCustomerId=u-1&erase=true")
    assert account.rows("SELECT count(*) FROM muted_token WHERE account_id = %s") == [(0,)]


@pytest.mark.parametrize("verb", ["mute", "unmute"])
def test_muting_what_is_no_list_or_no_app_is_refused(account: Account, verb: str) -> None:
    path = f"/api/v1/apps/{APP}/token/{verb}"
    for body in ({}, {"tokens": [1]}, {"tokens": ["t"] * 3_001}):
        response = account.post(path, json=body)
        assert response.status_code == 400
        assert "tokens" in response.json()["errorMessage"]
    assert account.post(f"/api/v1/apps/none/token/{verb}", json={"tokens": ["t"]}).status_code == 404
    assert account.post("/api/v1/apps/none/tokens", json={"tokens": ["t"]}).status_code == 404


def test_another_account_mutes_only_its_own(account: Account) -> None:
    add(account, "t1")
    stranger = account.server.account("Stranger")
    muted = stranger.post(f"/api/v1/apps/{APP}/token/mute", json={"tokens": ["t1"]}).json()
    assert muted["tokens"] == 0
    assert "muted" not in device(account, "t1")
    assert stranger.get("/api/v1/apps").json() == []

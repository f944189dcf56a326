"""Rate limits over real sockets, with many clients at once."""

from __future__ import annotations

import concurrent.futures
import time
from pathlib import Path

import httpx2
import pytest

from server import Account, Server
from tokenbase.ops import settings


def hammer(account: Account, path: str, times: int, key: str | None = None) -> list[httpx2.Response]:
    """The answers to requests of eight clients at once."""

    def some(count: int) -> list[httpx2.Response]:
        with httpx2.Client(base_url=account.server.url, auth=("", key or account.secret), timeout=60) as client:
            return [client.get(path) for _ in range(count)]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return [answer for answers in pool.map(some, [times // 8] * 8) for answer in answers]


def test_a_search_too_many_is_429_with_retry_after_and_passes_when_that_is_over(
    database_url: str, tmp_path: Path
) -> None:
    limits = "GET /api/v1/contacts=5"
    server = Server(tmp_path / "log", database_url=database_url, TOKENBASE_RATE_LIMITS=limits)
    account = server.account()
    began = time.monotonic()
    answers = hammer(account, "/api/v1/contacts?email=a@b.co", 80)
    seconds = time.monotonic() - began
    refused = [answer for answer in answers if answer.status_code == 429]
    passed = sum(answer.status_code == 200 for answer in answers)
    assert 5 <= passed <= 5 * (seconds + 1)
    assert passed + len(refused) == 80
    assert {answer.headers["retry-after"] for answer in refused} == {"1"}
    assert {answer.json()["errorCode"] for answer in refused} == {603}
    assert "5 times a second" in refused[0].json()["errorMessage"]
    assert account.get("/api/v1/version").status_code == 200
    assert account.get("/api/v1/contacts?email=a@b.co", key=account.key("full")).status_code == 200
    time.sleep(1)
    assert account.get("/api/v1/contacts?email=a@b.co").status_code == 200
    assert server.stop() == 0


def test_the_contracts_rates_hold_unless_they_are_switched_off(database_url: str, tmp_path: Path) -> None:
    for setting, limited in (({}, True), ({"TOKENBASE_RATE_LIMITS": "off"}, False)):
        server = Server(tmp_path / "log", database_url=database_url, **setting)
        account = server.account()
        began = time.monotonic()
        statuses = [answer.status_code for answer in hammer(account, "/api/v1/contacts?email=a@b.co", 400)]
        most = 50 * (time.monotonic() - began + 1)
        assert statuses.count(200) + statuses.count(429) == 400
        assert statuses.count(200) <= most if limited else 429 not in statuses
        assert server.stop() == 0


def test_a_key_without_the_right_is_told_so_and_not_counted(database_url: str, tmp_path: Path) -> None:
    server = Server(tmp_path / "log", database_url=database_url, TOKENBASE_RATE_LIMITS="*=1")
    account = server.account()
    key = account.key("events")
    assert {answer.status_code for answer in hammer(account, "/api/v1/contacts", 16, key)} == {403}
    assert server.stop() == 0


def test_bulk_requests_have_no_rate_of_their_own(account: Account) -> None:
    def some(number: int) -> set[int]:
        with httpx2.Client(base_url=account.server.url, auth=("", account.secret), timeout=60) as client:
            body = {"contacts": [{"externalCustomerId": f"x{number}", "channels": []}], "dedupeOn": "email"}
            return {client.post("/api/v1/contacts?dryRun=true", json=body).status_code for _ in range(40)}

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert set().union(*pool.map(some, range(8))) == {200}


@pytest.mark.parametrize("setting", ["maybe", "GET /api/v1/contacts", "*=-1", "*=", "=5", "*=1,", "*=1e3", "*=²"])
def test_a_setting_that_cannot_be_read_is_refused_with_an_example(setting: str) -> None:
    with pytest.raises(settings.BadSetting, match=r"write on, off, or such as"):
        settings.load({"TOKENBASE_RATE_LIMITS": setting})


def test_the_flag_stands_above_the_variable() -> None:
    environ = {"TOKENBASE_RATE_LIMITS": "off"}
    assert settings.load(environ).rates == {"*": 0}
    assert settings.load(environ, rate_limits="on").rates == {}
    assert settings.load(environ, rate_limits=" *=7,GET  /api/v1/contacts = 9").rates == {
        "*": 7,
        "GET /api/v1/contacts": 9,
    }

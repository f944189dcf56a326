"""Contract 1: what each kind of key may do on every address. The table here is the contract's, not the code's."""

from __future__ import annotations

import re

import httpx2
import pytest

from server import Account, Server
from tokenbase.accounts import rights
from tokenbase.api import routes
from tokenbase.api.operations import Operation

KINDS = (
    # What each address is about, by the first pattern that fits "METHOD path".
    (r"GET /api/v\d/(version|account/info|balance)", "anybody's"),
    (r"POST /api/v1/(additionalfields|apps)", "the administrator's"),
    (r"POST /api/v\d/(events?|past_events)", "an event"),
    (r"DELETE /api/v\d/past_events", "the administrator's"),
    (r"\w+ /api/v\d/(messages?|broadcasts?|interactions)\b.*", "a message"),
    (r"DELETE /api/v1/contact(/{id})?", "a contact that goes"),
    (r"GET /api/v1/erasures", "a contact that goes"),
    (r"DELETE /api/v1/group/{id}", "a contact that goes"),
    (r"POST /api/v1/groups/count", "a contact that is read"),
    (r"(POST|PUT) /api/v1/(contacts?|apps|groups?|emails)\b.*", "a contact that comes"),
    (r"GET /api/v1/importstatus/{sessionId}", "a contact that comes"),
    (r"GET /api/v\d/(contacts?|groups?|additionalfields|addressbooks|apps)\b.*", "a contact that is read"),
)
MAY = {
    "events": {"anybody's", "an event"},
    "events-and-contacts": {
        "anybody's", "an event", "a contact that comes", "a contact that is read", "a contact that goes",
    },
    "events-and-contacts-add": {"anybody's", "an event", "a contact that comes"},
    "messages": {"anybody's", "a message"},
}  # fmt: skip
NAMES = [f"{row.method} {row.path}" for row in routes.OPERATIONS]


def kind(row: Operation) -> str:
    name = f"{row.method} {row.path}"
    found = [what for pattern, what in KINDS if re.fullmatch(pattern, name)]
    assert found, f"{name}: say in KINDS what it is about"
    return found[0]


def ask(server: Server, row: Operation, authorization: tuple[str, str] | None) -> httpx2.Response:
    path = re.sub(r"{\w+}", "1", row.path)
    body = {} if row.takes is None else {"json": {}}
    return httpx2.request(row.method, server.url + path, auth=authorization, **body)


def test_there_is_no_right_without_a_line_in_the_table() -> None:
    assert rights.RIGHTS.keys() == {"full", *MAY}


@pytest.mark.parametrize("right", list(rights.RIGHTS))
def test_a_key_does_what_is_its_own_and_gets_403_on_every_other_address(account: Account, right: str) -> None:
    key = account.key(right)
    before = account.rows("SELECT count(*) FROM contact WHERE account_id = %s")
    for row in routes.OPERATIONS:
        response = ask(account.server, row, ("", key))
        if right == "full" or kind(row) in MAY[right]:
            assert response.status_code not in (401, 403, 405), (row.method, row.path, response.text)
        else:
            assert response.status_code == 403, (row.method, row.path)
            assert response.json()["errorCode"] == 202
            assert right in response.json()["errorMessage"]
    assert account.rows("SELECT count(*) FROM contact WHERE account_id = %s") == before


@pytest.mark.parametrize("key", [None, "", "tb_wrong"])
def test_without_a_key_that_is_one_every_address_is_401(server: Server, key: str | None) -> None:
    for row in routes.OPERATIONS:
        response = ask(server, row, None if key is None else ("", key))
        assert response.status_code == 401, (row.method, row.path)


def test_a_key_switched_off_or_deleted_is_401_on_every_address(account: Account) -> None:
    server = account.server
    account.key("full")
    off, gone = account.key("full"), account.key("full")
    ids = [line.split("\t")[0] for line in server.run("key", "list", "--account", str(account.id)).splitlines()]
    server.run("key", "disable", "--account", str(account.id), "--id", ids[2])
    server.run("key", "delete", "--account", str(account.id), "--id", ids[3])
    for row in routes.OPERATIONS:
        assert {ask(server, row, ("", key)).status_code for key in (off, gone)} == {401}, (row.method, row.path)
    assert account.get("/api/v1/version").status_code == 200

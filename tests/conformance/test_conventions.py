"""Contract 1: addresses, keys and rights, bodies, errors, pages; each over a real socket."""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import json
import socket
import zlib
from typing import Any

import httpx2
import psycopg
import pytest

from server import Account, Server

CONTACT = {"externalCustomerId": "x", "channels": []}
BODY = json.dumps({"contacts": [CONTACT], "dedupeOn": "externalCustomerId"}).encode()


def ask(
    server: Server, authorization: str | None, method: str = "GET", path: str = "/api/v1/version"
) -> httpx2.Response:
    headers = {} if authorization is None else {"Authorization": authorization}
    return httpx2.request(method, server.url + path, headers=headers)


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def raw(account: Account, head: str, body: bytes = b"", shut: bool = False) -> bytes:
    """What comes back for a request written byte by byte."""
    with socket.create_connection(("127.0.0.1", account.server.port), timeout=20) as conn:
        token = basic(f":{account.secret}")
        conn.sendall(head.replace("\n", "\r\n").replace("KEY", token).encode() + b"\r\n\r\n" + body)
        if shut:
            conn.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := conn.recv(65536):
            answer += chunk
        return answer


@pytest.mark.parametrize("form", [":{}", "user:{}", "it@example.com:{}", "ключ:{}"])
def test_basic_takes_any_user_name_and_the_key_as_password(account: Account, form: str) -> None:
    assert ask(account.server, basic(form.format(account.secret))).status_code == 200


def test_bearer_and_any_case_of_the_scheme_are_taken(account: Account) -> None:
    assert ask(account.server, f"Bearer {account.secret}").status_code == 200
    assert ask(account.server, f"bearer  {account.secret}").status_code == 200
    assert ask(account.server, basic(f":{account.secret}").replace("Basic", "basic")).status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Basic", "Basic !!!", "Basic " + base64.b64encode(b"nocolon").decode(), basic(":wrong"), "Bearer wrong",
     "Digest x", "Basic " + base64.b64encode(b":\xff\xfe").decode(), basic("user:")],
)  # fmt: skip
def test_no_or_an_unknown_key_is_401(account: Account, authorization: str | None) -> None:
    response = ask(account.server, authorization)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Basic ")
    assert response.json()["errorCode"] == 201


def test_a_key_switched_off_is_401_and_on_again_200(account: Account) -> None:
    server = account.server
    key_id = server.run("key", "list", "--account", str(account.id)).split("\t")[0]
    server.run("key", "disable", "--account", str(account.id), "--id", key_id)
    assert account.get("/api/v1/version").status_code == 401
    server.run("key", "enable", "--account", str(account.id), "--id", key_id)
    assert account.get("/api/v1/version").status_code == 200
    server.run("key", "delete", "--account", str(account.id), "--id", key_id)
    assert account.get("/api/v1/version").status_code == 401


def test_a_key_that_idled_90_days_is_switched_off(account: Account) -> None:
    assert account.server.database_url is not None
    with psycopg.connect(account.server.database_url) as conn:
        for days, status in ((89, 200), (91, 401)):
            then = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
            conn.execute("UPDATE api_key SET last_used_at = %s WHERE account_id = %s", (then, account.id))
            conn.commit()
            assert account.get("/api/v1/version").status_code == status


def test_a_key_is_kept_as_a_hash_only(account: Account) -> None:
    (row,) = account.rows("SELECT api_key::text FROM api_key WHERE account_id = %s")
    assert account.secret not in row[0]
    assert account.secret[3:] not in account.server.log.read_text()


def test_an_add_only_key_can_upload_and_follow_its_upload_but_read_no_contact(account: Account) -> None:
    key = account.key("events-and-contacts-add")
    answer = account.request("POST", "/api/v1/contacts", key=key, content=BODY).json()
    assert account.request("GET", f"/api/v1/importstatus/{answer['asyncSessionId']}", key=key).status_code == 200
    assert account.request("GET", "/api/v1/contact?externalCustomerId=x", key=key).status_code == 403
    assert account.request("DELETE", "/api/v1/contact?externalCustomerId=x", key=key).status_code == 403


def test_a_trailing_slash_changes_nothing(account: Account) -> None:
    for path in ("/api/v1/contacts", "/api/v1/contacts/"):
        assert account.post(path, content=BODY).json()["id"] == account.contact("x")["id"]
    assert account.get("/api/v1/contacts/?externalCustomerId=x").headers["TotalCount"] == "1"


def test_an_unknown_address_is_404_and_an_unknown_method_405(account: Account) -> None:
    assert account.get("/api/v1/nothing").status_code == 404
    assert account.get("/api/v9/contacts").status_code == 404
    response = account.request("PATCH", "/api/v1/contacts")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, OPTIONS, POST")


def test_every_answer_is_json_in_utf8_and_has_a_request_id(account: Account) -> None:
    for path in ("/api/v1/version", "/api/v1/nothing"):
        response = account.get(path, headers={"X-Request-Id": "abc-1"})
        assert response.headers["content-type"] == "application/json; charset=UTF-8"
        assert response.headers["x-request-id"] == "abc-1"
    assert account.get("/api/v1/version", headers={"X-Request-Id": "a b"}).headers["x-request-id"] != "a b"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "empty"),
        (b"  ", "empty"),
        (b'{"contacts": [1,}', "line 1, column 17"),
        (b'{"contacts":\n [{"a": tru}]}', "line 2, column"),
        (b'{"contacts": [', "line 1"),
        (b"contacts=1", "line 1, column 1"),
        (b'{"a": "\xff"}', "UTF-8: byte 0xFF at line 1, column 8"),
        (b'{"contacts": [{"firstName": "\xc3("}]}', "UTF-8: byte 0xC3 at line 1, column 30"),
        (b'{"contacts":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b'{"contacts": [{"x": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}]}", "nested too deeply"),
        (b'{"contacts": [{"firstName": "\\ud800"}]}', "not JSON"),
        (b'{"contacts": [NaN]}', "not JSON"),
    ],
)
def test_a_body_that_is_not_json_is_400_with_line_and_column(account: Account, body: bytes, told: str) -> None:
    for path in ("/api/v1/contacts", "/api/v1/contact"):
        response = account.post(path, content=body)
        assert response.status_code == 400
        assert response.json()["errorCode"] == 101
        assert told in response.json()["errorMessage"]


@pytest.mark.parametrize("body", [b"null", b"[]", b"5", b'"x"', b"{}", b'{"contacts": {}}'])
def test_a_body_of_another_shape_is_400(account: Account, body: bytes) -> None:
    response = account.post("/api/v1/contacts", content=body)
    assert response.status_code == 400
    assert response.json()["errorCode"] == 102


def test_gzip_and_deflate_bodies_are_taken(account: Account) -> None:
    packer = zlib.compressobj(wbits=-15)
    bare = packer.compress(BODY) + packer.flush()
    bodies = {
        "gzip": gzip.compress(BODY[:20]) + gzip.compress(BODY[20:]),
        "deflate": zlib.compress(BODY),
        "Deflate": bare,
    }
    for encoding, body in bodies.items():
        response = account.post("/api/v1/contacts", content=body, headers={"Content-Encoding": encoding})
        assert response.status_code == 200, encoding


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (gzip.compress(BODY, mtime=0)[:-10], "gzip", 400),
        (b"plain", "gzip", 400),
        (BODY, "br", 415),
        (gzip.compress(bytes(200_000_000), 1, mtime=0), "gzip", 413),
    ],
)
def test_a_body_packed_badly_or_too_well_is_refused(account: Account, body: bytes, encoding: str, status: int) -> None:
    response = account.post("/api/v1/contacts", content=body, headers={"Content-Encoding": encoding})
    assert response.status_code == status
    assert response.json()["errorMessage"]


def test_a_200_mb_body_is_413_announced_or_chunked_and_the_client_gets_to_read_it(account: Account) -> None:
    megabyte = bytes(1_000_000)
    for content in (megabyte * 200, (megabyte for _ in range(200))):
        response = account.post("/api/v1/contacts", content=content)
        assert response.status_code == 413
        assert "32 MB" in response.json()["errorMessage"]
    assert account.upload(CONTACT)["created"] == 1


def test_a_client_that_hangs_up_stores_nothing_and_harms_nobody(account: Account) -> None:
    head = f"POST /api/v1/contacts HTTP/1.1\nHost: x\nAuthorization: KEY\nContent-Length: {len(BODY) + 100}"
    assert not raw(account, head, BODY, shut=True).startswith(b"HTTP/1.1 200")
    assert account.get("/api/v1/contact?externalCustomerId=x").status_code == 404
    assert account.get("/api/v1/version").status_code == 200


@pytest.mark.parametrize(
    "query", ["startindex=0", "startindex=x", "maxrows=-1", "maxrows=1e9", "startindex=99999999999"]
)
def test_a_page_that_is_none_is_400(account: Account, query: str) -> None:
    response = account.get(f"/api/v1/contacts?{query}")
    assert response.status_code == 400
    assert response.json()["errors"][0]["path"] in ("startindex", "maxrows")


def test_lists_are_paged_and_their_total_is_told(account: Account) -> None:
    account.upload(*({"externalCustomerId": f"x{n:03}", "channels": [], "lastName": "Smith"} for n in range(510)))

    def page(query: str) -> tuple[list[str], str]:
        response = account.get(f"/api/v1/contacts?lastname=SMITH&{query}")
        return [found["externalCustomerId"] for found in response.json()], response.headers["TotalCount"]

    everyone, total = page("")
    assert (len(everyone), total) == (500, "510")
    assert page("startindex=1&maxrows=2") == (["x000", "x001"], "510")
    assert page("startindex=509&maxrows=500") == (["x508", "x509"], "510")
    assert page("startindex=511") == ([], "510")
    assert len(page("maxrows=9999")[0]) == 500


def test_health_needs_no_key(server: Server) -> None:
    assert httpx2.get(server.url + "/healthz").status_code == 200
    assert httpx2.get(server.url + "/readyz").status_code == 200


def test_the_log_names_requests_and_no_values(account: Account) -> None:
    account.get("/api/v1/contacts?email=secret-person@example.com", headers={"X-Request-Id": "find-me"})
    log = account.server.log.read_text()
    assert "secret-person" not in log
    entry: dict[str, Any] = next(event for event in account.server.events() if event.get("request_id") == "find-me")
    assert (entry["route"], entry["status"], entry["account_id"]) == ("/api/v1/contacts", 200, account.id)

"""How real clients speak HTTP, byte by byte over a raw socket."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import time

import pytest

from server import Account
from tokenbase.api import routes
from wire import Said, Wire

CONTACT = {"externalCustomerId": "x", "channels": []}
BODY = json.dumps({"contacts": [CONTACT], "dedupeOn": "externalCustomerId"}).encode()


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def request(account: Account, line: str, *headers: str, body: bytes = b"", length: bool = True) -> bytes:
    """A request as it goes over the wire, with the account's key and the length of its body."""
    lines = [line, "Host: x", f"Authorization: {basic(':' + account.secret)}", *headers]
    if body and length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def chunks(*parts: bytes) -> bytes:
    return b"".join(b"%X\r\n%s\r\n" % (len(part), part) for part in parts if part) + b"0\r\n\r\n"


def once(account: Account, *parts: bytes) -> Said:
    with Wire(account.server.port) as wire:
        wire.send(*parts)
        return wire.answer()


def test_http_1_0_is_answered_and_the_connection_closed(account: Account) -> None:
    for more in ([], ["Connection: keep-alive"]):
        with Wire(account.server.port) as wire:
            wire.send(request(account, "GET /api/v1/version HTTP/1.0", *more))
            answer = wire.answer()
            # A client that would keep it open reads here that it may not.
            assert (answer.status, answer.headers["connection"]) == (200, "close")
            assert wire.ended()
    posted = once(account, request(account, "POST /api/v1/contacts HTTP/1.0", body=BODY))
    assert (posted.status, json.loads(posted.body)["created"]) == (200, 1)


def test_http_1_0_without_host_or_any_other_header_than_the_key(account: Account) -> None:
    head = f"GET /api/v1/version HTTP/1.0\r\nauthorization:{basic(':' + account.secret)}\r\n\r\n"
    assert once(account, head.encode()).status == 200


def test_http_1_1_keeps_the_connection_whatever_it_answered(account: Account) -> None:
    with Wire(account.server.port) as wire:
        for line, body, status in (
            ("GET /api/v1/version HTTP/1.1", b"", 200),
            ("POST /api/v1/contacts HTTP/1.1", BODY, 200),
            ("POST /api/v1/contacts HTTP/1.1", b"not json", 400),
            ("GET /api/v1/contact/1 HTTP/1.1", b"", 404),
            ("PATCH /api/v1/contacts HTTP/1.1", b"", 405),
            ("GET /api/v1/version HTTP/1.1", b"", 200),
        ):
            wire.send(request(account, line, body=body))
            answer = wire.answer()
            assert answer.status == status
            assert answer.headers.get("connection") != "close"
        wire.send(b"GET /api/v1/version HTTP/1.1\r\nHost: x\r\n\r\n")
        assert wire.answer().status == 401
        wire.send(request(account, "GET /api/v1/version HTTP/1.1", "Connection: close"))
        answer = wire.answer()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert wire.ended()


@pytest.mark.parametrize("word", ["100-continue", "100-Continue"])
def test_a_body_that_waits_for_100_is_asked_for(account: Account, word: str) -> None:
    for framing, body in (("Content-Length", BODY), ("Transfer-Encoding", chunks(BODY))):
        value = str(len(BODY)) if framing == "Content-Length" else "chunked"
        with Wire(account.server.port) as wire:
            head = request(account, "POST /api/v1/contacts HTTP/1.1", f"Expect: {word}", f"{framing}: {value}")
            wire.send(head)
            assert wire.answer().status == 100
            wire.send(body)
            answer = wire.answer()
            assert (answer.status, json.loads(answer.body)["total"]) == (200, 1)


def test_a_body_that_is_refused_is_refused_before_it_is_sent(account: Account) -> None:
    expect = "Expect: 100-continue"
    for line, length, status in (
        ("POST /api/v1/contacts HTTP/1.1", 999_999_999, 413),
        ("POST /api/v1/nothing HTTP/1.1", 10, 404),
        ("PATCH /api/v1/contacts HTTP/1.1", 10, 405),
    ):
        with Wire(account.server.port) as wire:
            wire.send(request(account, line, expect, f"Content-Length: {length}"))
            answer = wire.answer()
            # The body that the client now does not send would be read as its next request.
            assert (answer.status, answer.headers["connection"]) == (status, "close")
            assert wire.ended()
    stranger = b"POST /api/v1/contacts HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n"
    assert once(account, stranger).status == 401


def test_a_client_that_does_not_wait_for_100_is_understood_too(account: Account) -> None:
    with Wire(account.server.port) as wire:
        wire.send(request(account, "POST /api/v1/contacts HTTP/1.1", "Expect: 100-continue", body=BODY))
        answer = wire.answer()
        answer = wire.answer() if answer.status == 100 else answer
        assert json.loads(answer.body)["total"] == 1


def test_gzip_bodies_are_taken_with_a_length_and_in_chunks(account: Account) -> None:
    packed = gzip.compress(BODY)
    line, encoding = "POST /api/v1/contacts HTTP/1.1", "Content-Encoding: gzip"
    assert once(account, request(account, line, encoding, body=packed)).status == 200
    head = request(account, line, "CONTENT-ENCODING: GZIP", "Transfer-Encoding: chunked")
    assert once(account, head, chunks(packed[:7], packed[7:])).status == 200


def test_chunks_may_be_tiny_late_extended_and_trailed(account: Account) -> None:
    head = request(account, "POST /api/v1/contacts HTTP/1.1", "Transfer-Encoding: Chunked")
    with Wire(account.server.port) as wire:
        wire.send(head)
        for place in range(0, len(BODY), 9):
            part = BODY[place : place + 9]
            wire.send(b"%x;name=value\r\n" % len(part), part + b"\r\n")
            time.sleep(0.01)
        wire.send(b"0\r\nX-Checksum: 1\r\n\r\n")
        assert json.loads(wire.answer().body)["total"] == 1
        wire.send(request(account, "GET /api/v1/version HTTP/1.1"))
        assert wire.answer().status == 200


def test_a_request_may_come_byte_by_byte(account: Account) -> None:
    whole = request(account, "POST /api/v1/contacts HTTP/1.1", body=BODY)
    answer = once(account, *(whole[place : place + 1] for place in range(len(whole))))
    assert json.loads(answer.body)["total"] == 1


def test_header_names_are_read_in_any_case_and_spacing(account: Account) -> None:
    key = basic(f":{account.secret}")
    for head in (f"AUTHORIZATION: {key}", f"authorization:{key}", f"aUtHoRiZaTiOn:    {key}  "):
        lines = ["POST /api/v1/contacts HTTP/1.1", "hOST: x", head, f"CONTENT-length:{len(BODY)}", "", ""]
        assert once(account, "\r\n".join(lines).encode() + BODY).status == 200


@pytest.mark.parametrize(
    "header",
    [
        "Accept: application/json; charset=UTF-8",
        "Accept: */*",
        "Accept: application/xml",
        "Accept: text/html, application/json;q=0.1",
        "Accept:",
        "Content-Type: application/json; charset=UTF-8",
        "Content-Type: application/json;charset=utf-8",
        "Content-Type: text/plain",
        "Content-Type: application/x-www-form-urlencoded",
        "Accept-Encoding: gzip, deflate, br",
        "Accept-Charset: ISO-8859-1",
    ],
)
def test_whatever_a_client_accepts_or_calls_its_body_it_is_json_in_utf8(account: Account, header: str) -> None:
    answer = once(account, request(account, "POST /api/v1/contacts HTTP/1.1", header, body=BODY))
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json; charset=UTF-8")
    assert json.loads(answer.body)["total"] == 1


def test_a_byte_order_mark_before_the_json_is_no_fault(account: Account) -> None:
    for path in ("contacts", "contact"):
        body = b"\xef\xbb\xbf" + (BODY if path == "contacts" else json.dumps(CONTACT).encode())
        assert once(account, request(account, f"POST /api/v1/{path} HTTP/1.1", body=body)).status == 200


@pytest.mark.parametrize("secret", ["a:b", ":a", "a:", "::", "ключ:1"])
def test_a_key_with_a_colon_in_it_is_the_whole_of_the_password(account: Account, secret: str) -> None:
    account.rekey(secret)
    head = "GET /api/v1/version HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\n\r\n"
    for user in ("", "user", "it@example.com"):
        assert once(account, head.format(basic(f"{user}:{secret}")).encode()).status == 200
    assert once(account, head.format(basic(secret.lstrip(":"))).encode()).status == 401


def test_head_answers_as_get_does_without_the_body(account: Account) -> None:
    account.upload(CONTACT)
    for path in ("/api/v1/account/info", "/api/v1/contacts?externalCustomerId=x", "/api/v1/contact/1"):
        with Wire(account.server.port) as wire:
            wire.send(request(account, f"GET {path} HTTP/1.1"), request(account, f"HEAD {path} HTTP/1.1"))
            get, head = wire.answer(), wire.answer(head_only=True)
            assert (head.status, head.headers["content-length"]) == (get.status, str(len(get.body)))
            assert head.headers.get("totalcount") == get.headers.get("totalcount")
            assert wire.silent(0.2)


def test_options_tells_the_methods_of_every_address(account: Account) -> None:
    for path in {row.path for row in routes.OPERATIONS}:
        said = once(account, request(account, f"OPTIONS {path} HTTP/1.1".replace("{", "").replace("}", "")))
        known = {row.method for row in routes.OPERATIONS if row.path == path}
        assert (said.status, said.body) == (200, b"")
        told = set(said.headers["allow"].split(", "))
        assert known | {"OPTIONS"} <= told <= known | {"OPTIONS", "HEAD", "GET", "POST", "PUT", "DELETE"}
    assert once(account, request(account, "OPTIONS /api/v1/nothing HTTP/1.1")).status == 404


def test_requests_sent_without_waiting_are_answered_in_order(account: Account) -> None:
    many = [
        request(account, "POST /api/v1/contacts HTTP/1.1", "X-Request-Id: r0", body=BODY),
        request(account, "GET /api/v1/contact?externalCustomerId=x HTTP/1.1", "X-Request-Id: r1"),
        request(account, "POST /api/v1/contacts HTTP/1.1", "X-Request-Id: r2", body=b"{"),
        request(account, "DELETE /api/v1/contact?externalCustomerId=x HTTP/1.1", "X-Request-Id: r3"),
        request(account, "GET /api/v1/contact?externalCustomerId=x HTTP/1.1", "X-Request-Id: r4"),
    ]
    with Wire(account.server.port) as wire:
        wire.send(b"".join(many))
        answers = [wire.answer() for _ in many]
    assert [answer.status for answer in answers] == [200, 200, 400, 200, 404]
    assert [answer.headers["x-request-id"] for answer in answers] == ["r0", "r1", "r2", "r3", "r4"]


def test_the_total_of_a_list_is_read_in_any_case(account: Account) -> None:
    account.upload(CONTACT)
    path = "/api/v1/contacts?externalCustomerId=x"
    assert "TotalCount" in once(account, request(account, f"GET {path} HTTP/1.1")).names
    client = http.client.HTTPConnection("127.0.0.1", account.server.port)
    client.request("GET", path, headers={"Authorization": basic(f":{account.secret}")})
    response = client.getresponse()
    assert {response.getheader(name) for name in ("TotalCount", "totalcount", "TOTALCOUNT", "Totalcount")} == {"1"}
    client.close()


@pytest.mark.parametrize(
    "target",
    ["/api/v1/version", "/api/v1/version/", "//api/v1/version", "http://push.example.com/api/v1/version",
     "/api/v1/version?", "/api/v1/version/?a=1&a=2&%FF"],
)  # fmt: skip
def test_an_address_may_be_written_in_more_than_one_way(account: Account, target: str) -> None:
    assert once(account, request(account, f"GET {target} HTTP/1.1")).status == 200


def test_a_line_left_over_before_a_request_is_skipped(account: Account) -> None:
    with Wire(account.server.port) as wire:
        wire.send(request(account, "POST /api/v1/contacts HTTP/1.1", body=BODY), b"\r\n")
        assert wire.answer().status == 200
        wire.send(request(account, "GET /api/v1/version HTTP/1.1"))
        assert wire.answer().status == 200


@pytest.mark.parametrize(
    "head",
    ["garbage\r\n\r\n", "POST /api/v1/contacts HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
     "GET /api/v1/version HTTP/1.1\r\nContent-Length: x\r\n\r\n"],
)  # fmt: skip
def test_what_is_no_http_ends_its_connection_and_no_other(account: Account, head: str) -> None:
    with Wire(account.server.port) as wire:
        wire.send(head.encode())
        assert wire.answer().status == 400
        assert wire.ended()
    assert account.get("/api/v1/version").status_code == 200

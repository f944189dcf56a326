"""The client against a server that answers by script: what it asks, and what it makes of the answers."""

from __future__ import annotations

import base64
import datetime as dt
import email.utils
import http.server
import json
import socket
import threading
import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest

from tokenbase.client import client, faults


class Scripted(http.server.BaseHTTPRequestHandler):
    """Answers every request alike and remembers what it was asked."""

    protocol_version = "HTTP/1.1"
    status = 200
    body = b"{}"
    headers_sent: dict[str, str] = {}
    asked: list[tuple[str, str, dict[str, str], bytes]]

    def do_GET(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.asked.append((self.command, self.path, headers, content))
        self.send_response(self.status)
        for name, value in {**self.headers_sent, "Content-Length": str(len(self.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.body)

    do_POST = do_GET

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def scripted() -> Iterator[tuple[str, type[Scripted]]]:
    handler = type("Handler", (Scripted,), {"asked": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", handler
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("ending", ["", "/", "/api", "/api/"])
def test_the_address_may_be_written_with_or_without_api(scripted: tuple[str, type[Scripted]], ending: str) -> None:
    url, handler = scripted
    with client.Client(url + ending, "k", retries=0) as to:
        to.add_contacts(b'{"contacts":[]}', "key-1")
    assert handler.asked[0][:2] == ("POST", "/api/v1/contacts")


def test_a_bulk_request_carries_the_key_as_password_and_its_idempotency_key(
    scripted: tuple[str, type[Scripted]],
) -> None:
    url, handler = scripted
    with client.Client(url, "sécret", retries=0) as to:
        to.add_contacts(b'{"contacts":["\xc3\xbc"]}', "key-1")
    ((_, _, headers, body),) = handler.asked
    assert base64.b64decode(headers["authorization"].removeprefix("Basic ")).decode() == ":sécret"
    assert headers["idempotency-key"] == "key-1"
    assert headers["content-type"].lower() == "application/json; charset=utf-8"
    assert "content-encoding" not in headers
    assert body == b'{"contacts":["\xc3\xbc"]}'


def test_an_external_id_is_asked_for_to_the_letter(scripted: tuple[str, type[Scripted]]) -> None:
    url, handler = scripted
    with client.Client(url, "k", retries=0) as to:
        to.contact("a&b=c d/ü+")
    path, _, query = handler.asked[0][1].partition("?")
    assert (path, urllib.parse.parse_qs(query)) == ("/api/v1/contact", {"externalCustomerId": ["a&b=c d/ü+"]})


def test_an_answer_may_say_as_little_as_it_likes(scripted: tuple[str, type[Scripted]]) -> None:
    url, handler = scripted
    handler.body = json.dumps(
        {"asyncSessionId": "s", "strange": [1], "failedContacts": [{"errorMessage": "no"}]}
    ).encode()
    with client.Client(url, "k", retries=0) as to:
        answer = to.add_contacts(b"{}", "key-1")
    assert (answer.async_session_id, answer.created) == ("s", None)
    assert answer.failed_contacts is not None
    assert [(failed.index, failed.error_message) for failed in answer.failed_contacts] == [(None, "no")]


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (401, faults.NotAuthorised),
        (403, faults.NotAuthorised),
        (400, faults.Refused),
        (404, faults.Refused),
        (409, faults.Refused),
        (413, faults.Refused),
        (301, faults.Refused),
        (408, faults.TryAgain),
        (429, faults.TryAgain),
        (500, faults.TryAgain),
        (502, faults.TryAgain),
        (503, faults.TryAgain),
        (504, faults.TryAgain),
    ],
)
def test_a_status_is_a_fault_of_its_own_meaning_with_the_servers_reason(
    scripted: tuple[str, type[Scripted]], status: int, fault: type[Exception]
) -> None:
    url, handler = scripted
    handler.status, handler.body = status, b'{"errorMessage": "the reason"}'
    with client.Client(url, "secret-key", retries=0) as to, pytest.raises(fault) as caught:
        to.add_contacts(b"{}", "key-1")
    assert str(caught.value) == f"HTTP {status}: the reason"
    assert getattr(caught.value, "status", status) == status


@pytest.mark.parametrize(("body", "told"), [(b"<html>", "not one of this API"), (b"[]", "not one of this API")])
def test_an_answer_that_is_not_of_this_api_is_not_taken_for_one(
    scripted: tuple[str, type[Scripted]], body: bytes, told: str
) -> None:
    url, handler = scripted
    handler.body = body
    with client.Client(url, "k", retries=0) as to, pytest.raises(faults.Refused, match=told):
        to.add_contacts(b"{}", "key-1")


def test_retry_after_is_read_as_seconds_as_a_date_and_else_not_at_all(
    scripted: tuple[str, type[Scripted]],
) -> None:
    url, handler = scripted
    soon = email.utils.format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=90), usegmt=True)
    past = "Sun, 06 Nov 1994 08:49:37 GMT"
    handler.status = 429
    seconds = []
    with client.Client(url, "k", retries=0) as to:
        for value in ("7", "0", "-3", "1.5", past, "soon", "", soon):
            handler.headers_sent = {"Retry-After": value}
            with pytest.raises(faults.TryAgain) as caught:
                to.account()
            seconds.append(caught.value.seconds)
    assert seconds[:7] == [7.0, 0.0, 0.0, 1.5, 0.0, None, None]
    assert seconds[7] is not None
    assert 85 < seconds[7] <= 90


def test_a_server_that_is_not_there_is_one_to_try_again_and_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with client.Client(url, "secret-key", retries=0) as to, pytest.raises(faults.TryAgain) as caught:
        to.account()
    assert url in caught.value.message
    assert "secret-key" not in caught.value.message


def test_a_server_that_hangs_up_or_never_answers_is_one_to_try_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with client.Client(url, "k", timeout=0.3, retries=0) as to, pytest.raises(faults.TryAgain):
            to.account()

"""The description of the API and its page, over HTTP, and its examples sent as they stand."""

from __future__ import annotations

import html.parser
import re
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

import described
from server import Account, Server
from tokenbase.api import routes


class Page(html.parser.HTMLParser):
    """The tags of a page, its ids and its links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.ids |= {value or "" for name, value in attrs if name == "id"}
        self.links |= {value or "" for name, value in attrs if name in ("href", "src", "action")}
        assert not {name for name, _ in attrs if name.startswith("on") or name == "style"}
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_description_is_there_without_a_key(server: Server) -> None:
    response = httpx2.get(f"{server.url}/openapi.json")
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    assert response.json() == described.document()
    assert response.json()["openapi"].startswith("3.1")
    assert {(m.upper(), p) for p, methods in response.json()["paths"].items() for m in methods} == {
        (row.method, row.path) for row in routes.OPERATIONS
    }


def test_the_page_shows_every_operation_and_type_and_nothing_from_elsewhere(server: Server) -> None:
    response = httpx2.get(f"{server.url}/docs")
    assert response.status_code == 200
    page = Page(response.text)
    assert page.open == []
    assert not page.tags & {"script", "link", "img", "iframe", "object", "form", "base"}
    whole = described.document()
    ids = {row["operationId"] for methods in whole["paths"].values() for row in methods.values()}
    assert ids | whole["components"]["schemas"].keys() == page.ids
    assert page.links == {f"#{name}" for name in page.ids & {link[1:] for link in page.links}} | {"/openapi.json"}
    assert "url(" not in response.text
    assert "@import" not in response.text
    for row in routes.OPERATIONS:
        assert f"<b>{row.method}</b> {row.path}" in response.text


def test_the_pages_policy_allows_its_own_style_and_nothing_else(server: Server) -> None:
    policy = httpx2.get(f"{server.url}/docs").headers["content-security-policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/=]{44}'", directives["style-src"])
    assert "unsafe" not in policy


def example_of(row: dict[str, Any]) -> dict[str, Any]:
    body = row.get("requestBody")
    return {} if body is None else {"json": body["content"]["application/json"]["example"]}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_every_example_is_answered_as_described(server: Server, method: str) -> None:
    account = server.account()
    for path, methods in described.document()["paths"].items():
        if (row := methods.get(method.lower())) is None:
            continue
        values = {one["name"]: quote(str(one["example"]), safe="") for one in row.get("parameters", [])}
        response = account.request(method, path.format(**values), **example_of(row))
        expected = {200, 404} if "{" in path or method in ("GET", "DELETE") else {200}
        assert response.status_code in expected | {400} if method in ("GET", "DELETE") else expected, (path, response)


def test_a_parameter_that_is_not_declared_reaches_nothing(account: Account) -> None:
    account.upload({"externalCustomerId": "x", "channels": []})
    assert account.delete("/api/v1/contact?externalCustomerId=x&dryRun=true").status_code == 200
    assert account.get("/api/v1/contact?externalCustomerId=x").status_code == 404

"""What the API tells of itself without a key: its description, and a page that people read it on.

The page is one file with nothing from elsewhere and no script, so its policy forbids everything but its own style.
"""

from __future__ import annotations

import html
import json
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tokenbase.api import description, routes, webpages

_STYLE = webpages.style("docs.css")
_HEADERS = webpages.headers(_STYLE)


def page(document: dict[str, Any]) -> str:
    """Return a description as one HTML page."""
    info = document["info"]
    found: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            found.setdefault(told["tags"][0], []).append((method.upper(), path, told))
    title = f"{info['title']} {info['version']}"
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{_text(title)}</title>',
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>',
        f'<h1>{_text(title)}</h1><p>{_text(info["description"])} <a href="/openapi.json">openapi.json</a></p><nav>',
    ]
    for tag, rows in found.items():
        parts += [f"<h2>{_text(tag)}</h2><ul>"]
        parts += [f'<li><a href="#{told["operationId"]}">{_line(method, path)}</a></li>' for method, path, told in rows]
        parts += ["</ul>"]
    parts += ["</nav><main>"]
    for rows in found.values():
        parts += [_operation(method, path, told, document) for method, path, told in rows]
    parts += ["<h2>Types</h2>"]
    for name, schema in document["components"]["schemas"].items():
        parts += [f'<details id="{_text(name)}"><summary><code>{_text(name)}</code> {_text(schema["description"])}']
        parts += [f"</summary>{_block(schema)}</details>"]
    return "".join([*parts, "</main></body></html>\n"])


def _operation(method: str, path: str, told: dict[str, Any], document: dict[str, Any]) -> str:
    parts = [f'<section id="{told["operationId"]}"><h3>{_line(method, path)}</h3>']
    parts += [f"<p>{_text(told['summary'])}. {_text(told['description'])}</p>"]
    if "parameters" in told:
        parts += ["<table><tr><th>parameter</th><th>in</th><th>what it is</th><th>example</th></tr>"]
        for one in told["parameters"]:
            cells = (one["name"], one["in"], one["description"], json.dumps(one["example"]))
            parts += [f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in cells)}</tr>"]
        parts += ["</table>"]
    if "requestBody" in told:
        parts += [f"<h4>Body</h4>{_content(told['requestBody']['content'])}"]
    parts += ["<h4>Answers</h4><dl>"]
    for status, answer in told["responses"].items():
        if "$ref" in answer:
            answer = document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
        headers = "".join(f" <code>{_text(name)}</code>: {_text(h['description'])}" for name, h in _headers(answer))
        parts += [f"<dt>{_text(status)}</dt><dd>{_text(answer['description'])}{headers}{_content(_ok(status, answer))}"]
        parts += ["</dd>"]
    return "".join([*parts, "</dl></section>"])


def _headers(answer: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return list(answer.get("headers", {}).items())


def _ok(status: str, answer: dict[str, Any]) -> dict[str, Any]:
    # All errors look alike: one example of them stands with their type.
    content: dict[str, Any] = answer.get("content", {}) if status.startswith("2") else {}
    return content


def _content(content: dict[str, Any]) -> str:
    shown = [f"<p>{_reference(told['schema'])}</p>{_block(told['example'])}" for told in content.values()]
    return "".join(shown)


def _reference(schema: dict[str, Any]) -> str:
    if "allOf" in schema:
        needed = ", ".join(schema["allOf"][1]["required"])
        return f"{_reference(schema['allOf'][0])}, with at least {_text(needed)}"
    if "items" in schema:
        return f"list of {_reference(schema['items'])}"
    name = _text(schema["$ref"].rpartition("/")[2])
    return f'<a href="#{name}"><code>{name}</code></a>'


def _line(method: str, path: str) -> str:
    return f"<code><b>{_text(method)}</b> {_text(path)}</code>"


def _block(value: object) -> str:
    return f"<pre>{_text(json.dumps(value, indent=2, ensure_ascii=False))}</pre>"


def _text(value: object) -> str:
    return html.escape(str(value))


_DOCUMENT = description.document(routes.OPERATIONS)
_JSON = msgspec.json.encode(_DOCUMENT)
_PAGE = page(_DOCUMENT)


async def _describe(request: Request) -> Response:
    return Response(_JSON, media_type="application/json", headers=_HEADERS)


async def _show(request: Request) -> Response:
    return Response(_PAGE, media_type="text/html; charset=utf-8", headers=_HEADERS)


ROUTES = (Route("/openapi.json", _describe), Route("/docs", _show))
"""The addresses that need no key."""

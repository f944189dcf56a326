"""Answers held against the API's own description: whatever a test is answered has to be what is described."""

from __future__ import annotations

import functools
import json
from typing import Any

import httpx2
import jsonschema_rs
import msgspec

from tokenbase.api import description, routes


def check(method: str, response: httpx2.Response) -> None:
    """Fail where an answer has a status, a body or a key that the description does not have."""
    found = routes.find(response.request.url.raw_path.partition(b"?")[0].decode())
    if found is None or method == "HEAD" or method.lower() not in document()["paths"][found[0]]:
        return
    path, _ = found
    place = f"{method} {path} answered {response.status_code} {response.text[:300]}"
    told = document()["paths"][path][method.lower()]["responses"].get(str(response.status_code))
    assert told is not None, f"undescribed: {place}"
    told = document()["components"]["responses"][told["$ref"].rpartition("/")[2]] if "$ref" in told else told
    for name in told.get("headers", {}):
        assert response.headers[name].isdigit(), place
    if "content" not in told:
        assert response.content == b"", f"described as empty: {place}"
        return
    schema = told["content"]["application/json"]["schema"]
    try:
        value = msgspec.json.decode(response.content)
    except (msgspec.DecodeError, RecursionError):
        # A contact that is beyond all bounds comes back as it was sent, and nobody but its sender can read it.
        assert b"failedContacts" in response.content, place
        return
    validator(json.dumps(schema)).validate(value)


@functools.cache
def document() -> dict[str, Any]:
    return description.document(routes.OPERATIONS)


@functools.cache
def validator(schema: str, strict: bool = True) -> jsonschema_rs.Validator:
    """What holds a value against a schema; `strict` refuses keys that are not described."""
    components = {
        name: {**found, "additionalProperties": False} if strict and found.get("properties") else found
        for name, found in document()["components"]["schemas"].items()
    }
    whole = {**json.loads(schema), "components": {"schemas": components}}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)

"""The description of the API in OpenAPI 3.1, made of the table of operations and of the types that its rows name."""

from __future__ import annotations

import http
import re
import typing
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import msgspec

import tokenbase
from tokenbase.accounts import rights
from tokenbase.api import errors, rates
from tokenbase.api.operations import Operation, Parameter
from tokenbase.contract import apps, contacts, problems

_REFERENCE = "#/components/{}/{{name}}"
_UUID = Annotated[str, msgspec.Meta(extra_json_schema={"format": "uuid"})]
_NUMBER = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]

SEGMENTS = {
    "id": Parameter("id", "The id of what the address names.", "123", _NUMBER, "path"),
    "sessionId": Parameter(
        "sessionId", "The asyncSessionId of an answer.", "882fca13-8cf6-4a31-8c00-c2c28dab4890", _UUID, "path"
    ),
    "appUuid": Parameter("appUuid", "The UUID of an app.", "83b77a49-fc28-409b-aeaa-68c9d544ab9d", _UUID, "path"),
    "token": Parameter("token", "A push token, percent-encoded.", "8900-7654-6456-9876-0011", str, "path"),
}
"""The variable segments of the addresses; each name means the same everywhere."""

COMMON = (401, 429, 500, 503)
"""The statuses that every request may be answered with."""
OF_BODIES = (400, 408, 413, 415)


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    """Return the description of operations."""
    rows = list(operations)
    types = [problems.ErrorBody, contacts.Contact, apps.AppToken]
    types += [kind for row in rows for kind in (_item(row.takes), _item(row.gives)) if kind is not None]
    unique = list(dict.fromkeys(types))
    _, schemas = msgspec.json.schema_components(unique, ref_template=_REFERENCE.format("schemas"))
    for kind in unique:
        schemas[_name(kind)]["examples"] = [example(kind)]
    paths: dict[str, dict[str, Any]] = {}
    for row in rows:
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tokenbase",
            "version": tokenbase.__version__,
            "description": "Receives mobile push token bases. Unknown keys of a body are ignored, null means absent.",
        },
        "servers": [{"url": "/"}],
        "security": [{"basic": []}, {"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic", "description": "Any user name, the API key as password."},
                "bearer": {"type": "http", "scheme": "bearer", "description": "The API key."},
            },
            "responses": {str(status): _fault(status) for status in sorted(set(errors.STATUSES.values()))},
            "schemas": schemas,
        },
    }


def example(kind: object) -> object:
    """Return an example of a type: its own, or a list of its items' one. Raises AttributeError where there is none."""
    if typing.get_origin(kind) is list:
        return [example(_item(kind))]
    return getattr(kind, "EXAMPLE")  # noqa: B009 - which type it is, only the table knows


def segments(path: str) -> list[Parameter]:
    """Return the variable segments of a path. Raises KeyError for one that nobody described."""
    return [SEGMENTS[name] for name in re.findall(r"{(\w+)}", path)]


def statuses(row: Operation) -> list[int]:
    """Return the statuses that an operation can answer with, apart from 200."""
    found = {*COMMON, *row.statuses}
    if row.needs is not rights.Permission.ANY:
        found.add(403)
    if "{" in row.path:
        found.add(404)
    if row.takes is not None:
        found.update(OF_BODIES)
    if row.parameters:
        found.add(400)
    return sorted(found)


def _operation(row: Operation) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": f"{row.method.lower()}{''.join(map(_capital, re.findall(r'[A-Za-z0-9]+', row.path)[1:]))}",
        "summary": (row.handler.__doc__ or "").splitlines()[0].rstrip("."),
        "description": f"{_needs(row)} {_rate(row)}".strip(),
        "tags": [row.handler.__module__.rpartition(".")[2]],
    }
    parameters = [*segments(row.path), *row.parameters]
    if parameters:
        told["parameters"] = [_parameter(parameter) for parameter in parameters]
    if row.takes is not None:
        schema: dict[str, Any] = _schema(row.takes)
        if row.required:
            # "Required" means that null is no better than nothing.
            present = {name: {"not": {"type": "null"}} for name in row.required}
            schema = {"allOf": [schema, {"required": list(row.required), "properties": present}]}
        told["requestBody"] = {"required": True, "content": _json(schema, example(row.takes))}
    told["responses"] = {
        "200": _answer(row),
        **{str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses(row)},
    }
    return told


def _needs(row: Operation) -> str:
    if row.needs is rights.Permission.ANY:
        return "Any key may do this."
    return f"Needs a key with one of the rights: {', '.join(r for r in rights.RIGHTS if rights.allows(r, row.needs))}."


def _rate(row: Operation) -> str:
    most = rates.contracted(row)
    return f"At most {most} requests a second with one key, unless the server is set otherwise." if most else ""


def _parameter(parameter: Parameter) -> dict[str, Any]:
    schema = msgspec.json.schema(parameter.kind)
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.told,
        "required": parameter.place == "path",
        "schema": schema,
        "example": msgspec.convert(parameter.example, parameter.kind, strict=False),
    }


def _answer(row: Operation) -> dict[str, Any]:
    told: dict[str, Any] = {"description": "It is done."}
    if row.gives is not None:
        told["content"] = _json(_schema(row.gives), example(row.gives))
    if typing.get_origin(row.gives) is list:
        told["headers"] = {"TotalCount": {"description": "How many rows there are.", "schema": {"type": "integer"}}}
    return told


def _fault(status: int) -> dict[str, Any]:
    kinds = [kind for kind, found in errors.STATUSES.items() if found == status]
    told: dict[str, Any] = {
        "description": f"{http.HTTPStatus(status).phrase}. {' '.join((kind.__doc__ or '').strip() for kind in kinds)}",
        "content": _json(_schema(problems.ErrorBody), None),
    }
    if any(kind in errors.RETRY_SECONDS for kind in kinds):
        told["headers"] = {
            "Retry-After": {"description": "Seconds after which to send it again.", "schema": {"type": "integer"}}
        }
    return told


def _json(schema: Mapping[str, Any], shown: object) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": schema}
    if shown is not None:
        content["example"] = shown
    return {"application/json": content}


def _schema(kind: object) -> dict[str, Any]:
    ((schema,), _) = msgspec.json.schema_components([kind], ref_template=_REFERENCE.format("schemas"))
    return schema


def _item(kind: object) -> Any:
    return typing.get_args(kind)[0] if typing.get_origin(kind) is list else kind


def _name(kind: type) -> str:
    return kind.__name__


def _capital(word: str) -> str:
    return word[0].upper() + word[1:]

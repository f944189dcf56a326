"""Every row of the table of operations is described, and what describes it is true of itself."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema_rs
import pytest

import described
from tokenbase.api import description, operations, routes

ROWS = [(row.method, row.path) for row in routes.OPERATIONS]


def told(method: str, path: str) -> dict[str, Any]:
    found = described.document()["paths"][path][method.lower()]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(("method", "path"), ROWS)
def test_every_row_has_a_summary_and_its_answers(method: str, path: str) -> None:
    row = told(method, path)
    assert re.fullmatch(r"[A-Z].{8,}", row["summary"])
    assert row["responses"]["200"]["description"]
    assert {"401", "429", "500", "503"} <= row["responses"].keys()
    assert ("requestBody" in row) <= (method in ("POST", "PUT", "DELETE"))


@pytest.mark.parametrize(("method", "path"), ROWS)
def test_every_parameter_is_explained_and_its_example_fits(method: str, path: str) -> None:
    parameters = told(method, path).get("parameters", [])
    assert {one["name"] for one in parameters if one["in"] == "path"} == set(re.findall(r"{(\w+)}", path))
    for one in parameters:
        assert re.fullmatch(r"[A-Z].+\.", one["description"]), one
        jsonschema_rs.Draft202012Validator(one["schema"], validate_formats=True).validate(one["example"])


@pytest.mark.parametrize(("method", "path"), ROWS)
def test_every_example_fits_its_schema_and_names_no_other_key(method: str, path: str) -> None:
    row = told(method, path)
    contents = [row.get("requestBody", {}).get("content"), row["responses"]["200"].get("content")]
    for content in filter(None, contents):
        schema, example = content["application/json"]["schema"], content["application/json"]["example"]
        described.validator(json.dumps(schema)).validate(example)


def test_a_list_tells_its_total_and_takes_pages_where_it_has_any() -> None:
    for row in routes.OPERATIONS:
        taken = {parameter.name for parameter in row.parameters}
        assert ("startindex" in taken) == ("maxrows" in taken)
        if "startindex" in taken:
            assert "TotalCount" in told(row.method, row.path)["responses"]["200"]["headers"], row.path


def test_every_schema_is_one_and_leads_somewhere() -> None:
    whole = described.document()
    for name, schema in whole["components"]["schemas"].items():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})
        assert schema["description"], name
    for kind, name in re.findall(r'"#/components/(\w+)/(\w+)"', json.dumps(whole)):
        assert name in whole["components"][kind]


def test_no_two_operations_share_an_id_or_a_place() -> None:
    ids = [row["operationId"] for methods in described.document()["paths"].values() for row in methods.values()]
    assert len(ids) == len(set(ids)) == len(ROWS) == len(set(ROWS))


def test_a_row_without_an_example_or_with_a_strange_segment_cannot_be_described() -> None:
    row = routes.OPERATIONS[0]
    for change in ({"gives": description.Operation}, {"takes": operations.Call}, {"path": "/api/v1/{strange}"}):
        values = {name: getattr(row, name) for name in row.__struct_fields__}
        with pytest.raises((AttributeError, KeyError, TypeError)):
            description.document([operations.Operation(**{**values, **change})])

"""A batch costs a handful of statements, whatever its size: never one for each contact."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import msgspec
import psycopg
import pytest

from tokenbase.accounts import accounts
from tokenbase.contract.imports import ImportRequest
from tokenbase.imports import ahead, batch
from tokenbase.store import database

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
MOST = 35


def person(number: int, version: str) -> dict[str, Any]:
    device = {"appId": "83b77a49-fc28-409b-aeaa-68c9d544ab9d", "appVersion": version}
    channels = [
        {"type": "mobilepush", "value": f"t{number}", "device": device},
        {"type": "email", "value": f"a{number}@b.co"},
    ]
    return {"externalCustomerId": f"x{number}", "channels": channels}


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that goes to the server from now on."""
    seen: list[str] = []
    execute, copy = psycopg.Cursor.execute, psycopg.Cursor.copy

    def counting(cursor: Any, query: Any, *arguments: Any, **more: Any) -> Any:
        seen.append(str(query))
        return execute(cursor, query, *arguments, **more)

    def copying(cursor: Any, query: Any, *arguments: Any, **more: Any) -> Any:
        seen.append(str(query))
        return copy(cursor, query, *arguments, **more)

    monkeypatch.setattr(psycopg.Cursor, "execute", counting)
    monkeypatch.setattr(psycopg.Cursor, "copy", copying)
    return seen


def test_3000_contacts_take_as_many_statements_as_3(base: database.Database, counted: list[str]) -> None:
    def cost(people: list[dict[str, Any]]) -> int:
        body = {"contacts": people, "dedupeOn": "externalCustomerId", "groupNames": ["All"]}
        request = msgspec.json.decode(json.dumps(body), type=ImportRequest)
        counted.clear()
        answer = json.loads(batch.accept(base, account_id, request, None, False, lambda: NOW))
        assert answer["failed"] == 0
        return len(counted)

    account_id = accounts.create(base, "Test", "a@b.co", NOW)
    cost([person(0, "1")])
    few = [cost([person(n, version) for n in range(1, 4)]) for version in ("1", "1", "2")]
    many = [cost([person(n, version) for n in range(10, 3_010)]) for version in ("1", "1", "2")]
    # New contacts may need a block of ids and one of events, each a statement and a look whether the connection lives.
    # Each part of the request has its COPYs of new contacts, tokens, keys and events, or its two updates; and what is
    # done ahead of the account's lock has three more that few contacts need not have, and where contacts are unchanged
    # one that asks for them again.
    parts = 3_000 // ahead.PART
    assert many[0] <= few[0] + 4 + 4 * (parts - 1)
    assert many[1] == few[1] + 3 + 1
    assert many[2] <= few[2] + 2 * (parts - 1) + 3
    assert max(many) <= MOST

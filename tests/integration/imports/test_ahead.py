"""New contacts are written ahead of the account's lock whatever the request matches by, and not a second time."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import msgspec
import pytest

from tokenbase.accounts import accounts
from tokenbase.contract.imports import ImportRequest
from tokenbase.imports import ahead, batch
from tokenbase.store import database

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)


@pytest.mark.parametrize("dedupe_on", ["externalCustomerId", "email", "email_or_sms", "contactKey", "mobilepush"])
def test_new_contacts_are_written_once(
    base: database.Database, monkeypatch: pytest.MonkeyPatch, dedupe_on: str
) -> None:
    def upload(first: int) -> int:
        people = [
            {
                "contactKey": f"k{number}",
                "channels": [
                    {"type": "mobilepush", "value": f"t{number}"},
                    {"type": "email", "value": f"p{number}@b.co"},
                    {"type": "sms", "value": f"+38067{number:07d}"},
                ],
                **({"externalCustomerId": f"x{number}"} if dedupe_on == "externalCustomerId" else {}),
            }
            for number in range(first, first + 2 * ahead.PART)
        ]
        request = msgspec.json.decode(json.dumps({"contacts": people, "dedupeOn": dedupe_on}), type=ImportRequest)
        answer = json.loads(batch.accept(base, account_id, request, None, False, lambda: NOW))
        return int(answer["created"])

    account_id = accounts.create(base, "Test", "a@b.co", NOW)
    # The first request of an account makes the type of its events, in the ordinary way.
    assert upload(0) == 2 * ahead.PART

    def ordinary(*_: object) -> bytes:
        raise AssertionError("it went the ordinary way")

    monkeypatch.setattr(batch._Work, "any", ordinary)
    assert upload(10_000) == 2 * ahead.PART


@pytest.mark.parametrize("dedupe_on", ["externalCustomerId", "mobilepush", "id"])
def test_known_contacts_are_written_ahead_as_well(
    base: database.Database, monkeypatch: pytest.MonkeyPatch, dedupe_on: str
) -> None:
    def upload(name: str, dedupe_on: str) -> dict[str, Any]:
        people = [
            {
                "firstName": name,
                "channels": [{"type": "mobilepush", "value": f"t{number}"}],
                **({"id": ids[number]} if dedupe_on == "id" else {}),
                **({"externalCustomerId": f"x{number}"} if dedupe_on == "externalCustomerId" else {}),
            }
            for number in range(many)
        ]
        request = msgspec.json.decode(json.dumps({"contacts": people, "dedupeOn": dedupe_on}), type=ImportRequest)
        answer: dict[str, Any] = json.loads(batch.accept(base, account_id, request, None, False, lambda: NOW))
        return answer

    many = batch.FEW + 1
    ids: list[int] = []
    account_id = accounts.create(base, "Test", "a@b.co", NOW)
    assert upload("Ann", "externalCustomerId" if dedupe_on != "mobilepush" else dedupe_on)["created"] == many
    with base.transaction() as conn:
        ids += [row[0] for row in conn.execute("SELECT id FROM contact WHERE account_id = %s", [account_id])]

    def ordinary(*_: object) -> bytes:
        raise AssertionError("it had the account locked")

    monkeypatch.setattr(batch._Work, "any", ordinary)
    answer = upload("Bea", dedupe_on)
    assert (answer["updated"], answer["unchanged"], answer["created"]) == (many, 0, 0)

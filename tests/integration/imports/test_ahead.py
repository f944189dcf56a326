"""New contacts are written ahead of the account's lock whatever the request matches by, and not a second time."""

from __future__ import annotations

import datetime as dt
import json

import msgspec
import pytest

from tokenbase.accounts import accounts
from tokenbase.contract.imports import ImportRequest
from tokenbase.imports import ahead, batch, ways
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

    monkeypatch.setattr(ways.Import, "_store_any", ordinary)
    assert upload(10_000) == 2 * ahead.PART

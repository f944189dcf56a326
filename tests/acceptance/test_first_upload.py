"""The main job in its smallest form: the seed page's own sample, sent to a running server."""

import json
from pathlib import Path
from typing import Any

from server import Account, Server

SEED = Path(__file__).parents[2] / "examples" / "seed.json"


def _seed() -> dict[str, Any]:
    body = json.loads(SEED.read_text())
    assert isinstance(body, dict)
    return body


def test_it_works(server: Server) -> None:
    account = server.account()
    account.field(id=12345, name="Job", type="text")
    account.field(id=12346, name="Born", type="date")

    answer = account.post("/api/v1/contacts", json=_seed()).json()

    assert answer["id"] > 0
    assert answer["failedContacts"] == []
    found = account.contact("6add3c31-3ec6-4f34-b20e-8c757fe65270")
    assert found["id"] == answer["id"]
    assert (found["firstName"], found["lastName"]) == ("John", "Smith")
    assert found["fields"] == [{"id": 12345, "value": "writer"}, {"id": 12346, "value": "1814-03-09"}]
    email, push = found["channels"]
    assert (email["type"], email["value"], email["status"]) == ("email", "tgsh@gmail.com", "confirmed")
    assert (push["type"], push["value"]) == ("mobilepush", "8900-7654-6456-9876-0011")
    sent = _seed()["contacts"][0]["channels"][0]["device"]
    assert {name: push["device"][name] for name in sent} == sent


def test_the_same_sample_again_changes_nothing(account: Account) -> None:
    first = account.post("/api/v1/contacts", json=_seed()).json()
    before = account.contact("6add3c31-3ec6-4f34-b20e-8c757fe65270")
    again = account.post("/api/v1/contacts", json=_seed()).json()

    assert again["id"] == first["id"]
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 1, 1)
    assert account.contact("6add3c31-3ec6-4f34-b20e-8c757fe65270") == before
    assert account.rows("SELECT count(*) FROM contact WHERE account_id = %s") == [(1,)]
    assert account.rows("SELECT count(*) FROM token WHERE account_id = %s") == [(1,)]


def test_missing_fields_are_named_and_the_contact_is_stored(account: Account) -> None:
    answer = account.post("/api/v1/contacts", json=_seed()).json()

    assert answer["created"] == 1
    told = " ".join(warning["message"] for warning in answer["warnings"])
    assert "additional field 12345" in told
    assert "additional field 12346" in told
    assert account.contact("6add3c31-3ec6-4f34-b20e-8c757fe65270")["fields"] == []

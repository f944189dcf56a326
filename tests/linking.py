"""Imports by link as tests ask for them: queued, watched, and their waits cut short."""

from __future__ import annotations

import time
from typing import Any

import psycopg

from server import Account


def upload(account: Account, link: str, **more: Any) -> str:
    """Queue the import of a link, and return its session."""
    body = {"link": link, "dedupeOn": "externalCustomerId", **more}
    response = account.post("/api/v1/contacts/upload", json=body)
    assert response.status_code == 200, response.text
    assert response.json().keys() == {"asyncSessionId"}
    return str(response.json()["asyncSessionId"])


def status(account: Account, session: str, **query: Any) -> dict[str, Any]:
    """What is told of a session now."""
    response = account.get(f"/api/v1/importstatus/{session}", params=query)
    assert response.status_code == 200, response.text
    found = response.json()
    assert isinstance(found, dict)
    return found


def until(account: Account, session: str, wanted: Any, seconds: float = 120) -> dict[str, Any]:
    """What is told of a session as soon as it is as wanted."""
    deadline = time.monotonic() + seconds
    while not wanted(told := status(account, session)):
        assert time.monotonic() < deadline, told
        time.sleep(0.02)
    return told


def lapse(account: Account) -> None:
    """Let the waits and the leases of the account's jobs be over."""
    assert account.server.database_url is not None
    with psycopg.connect(account.server.database_url) as conn:
        conn.execute("UPDATE job SET due_at = due_at - interval '1 hour' WHERE account_id = %s", (account.id,))

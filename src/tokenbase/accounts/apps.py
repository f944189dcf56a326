"""Apps: what push tokens belong to. One is registered with its credentials, or only known from tokens that came."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec
import psycopg

from tokenbase.accounts import accounts, sealing
from tokenbase.contract import apps as shapes
from tokenbase.contract import problems
from tokenbase.store import database, queries

sql = queries.load("tokenbase.accounts")


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What an app sends with: a Google service account as JSON, a key of Apple's, or both."""

    fcm: dict[str, Any] | None = None
    apns: shapes.Apns | None = None


class App(msgspec.Struct, frozen=True):
    """An app of an account; `registered` is false for one that is only known from its tokens."""

    id: str
    name: str
    registered: bool
    has_credentials: bool


def register(
    database: database.Database,
    account_id: int,
    name: str,
    app_id: str | None,
    credentials: Credentials,
    secret: str,
    now: dt.datetime,
) -> str:
    """Register an app, or complete one known from its tokens, and return its UUID.

    Raises BadValue for an id that is no UUID or a service account that is none, NotFound for an unknown account.
    """
    accounts.read(database, account_id)
    _check(name, credentials)
    try:
        chosen = str(uuid.uuid4() if app_id is None else uuid.UUID(app_id))
    except ValueError:
        raise _fault("id", f'"{app_id}" is not a UUID such as 83b77a49-fc28-409b-aeaa-68c9d544ab9d') from None
    plain = msgspec.json.encode(credentials)
    sealed = sealing.seal(secret, plain) if credentials != Credentials() else None
    with database.transaction() as conn:
        conn.execute(
            sql.register_app,
            {"account_id": account_id, "id": chosen, "name": name.strip(), "credentials": sealed, "now": now},
        )
    return chosen


def _check(name: str, credentials: Credentials) -> None:
    if not 0 < len(name.strip()) <= 255 or not name.isprintable():
        raise _fault("name", "an app's name has 1 to 255 characters, none of them control characters")
    if credentials.fcm is not None and not {"project_id", "client_email", "private_key"} <= credentials.fcm.keys():
        raise _fault("fcm", "the FCM credentials are not a service account's JSON: project_id is missing in it")
    if credentials.apns is not None and "PRIVATE KEY-----" not in credentials.apns.key:
        raise _fault(
            "apns.key", "the APNs key is not the text of a .p8 file: it begins with -----BEGIN PRIVATE KEY-----"
        )


def _fault(path: str, message: str) -> problems.BadValue:
    return problems.BadValue(message, [problems.Problem(path=path, message=message)])


def everyone(database: database.Database, account_id: int) -> list[App]:
    """Return the apps of an account."""
    with database.transaction() as conn:
        return [App(*row) for row in conn.execute(sql.apps, {"account_id": account_id})]


def ids(conn: psycopg.Connection[tuple[Any, ...]], account_id: int) -> list[str]:
    """Return the UUIDs of an account's apps."""
    return [row[0] for row in conn.execute(sql.apps, {"account_id": account_id})]


def unregistered(conn: psycopg.Connection[tuple[Any, ...]], account_id: int) -> list[str]:
    """Return the apps that are known from their tokens alone."""
    return [row[0] for row in conn.execute(sql.apps_unregistered, {"account_id": account_id})]


def note_unknown(
    conn: psycopg.Connection[tuple[Any, ...]], account_id: int, ids: list[str], now: dt.datetime
) -> list[str]:
    """Remember apps that tokens came with, and return those of them that are not registered (contract 7)."""
    conn.execute(sql.note_apps, {"account_id": account_id, "ids": ids, "now": now})
    return [row[0] for row in conn.execute(sql.unregistered_apps, {"account_id": account_id, "ids": ids})]

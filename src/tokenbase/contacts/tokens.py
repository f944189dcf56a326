"""One push token: whose it is, and whether it may be sent to."""

from __future__ import annotations

import datetime as dt

from tokenbase.contacts import devices, identity, loading
from tokenbase.contract import problems
from tokenbase.contract import tokens as shapes
from tokenbase.store import database, queries

sql = queries.load("tokenbase.contacts")


def contact_id(database: database.Database, account_id: int, app: str, value: str) -> int:
    """Return the contact that has a token of an app. Raises NotFound when none has."""
    with database.transaction() as conn:
        return _holder(conn, account_id, key(app, value))


def active(database: database.Database, account_id: int, app: str, value: str) -> bool:
    """Tell whether a token of an app may be sent to. Raises NotFound when no contact has it."""
    wanted = key(app, value)
    with database.transaction() as conn:
        parameters = {"account_id": account_id, "contact_id": _holder(conn, account_id, wanted), "key": wanted}
        row = conn.execute(sql.token_active, parameters).fetchone()
    if row is None:
        raise _unknown()
    return bool(row[0])


def set_active(
    database: database.Database, account_id: int, app: str, value: str, active: bool, now: dt.datetime
) -> None:
    """Switch a token of an app on or off. Raises NotFound when no contact has it."""
    wanted = key(app, value)
    with database.transaction() as conn:
        loading.lock(conn, account_id)
        holder = _holder(conn, account_id, wanted)
        parameters = {"account_id": account_id, "contact_id": holder, "key": wanted, "active": active, "now": now}
        conn.execute(sql.set_token_active, parameters)
        loading.forget(conn, account_id, [holder])


def key(app: str, value: str) -> str:
    """Return the key of a token of an app. Raises NotFound where the app's UUID is none."""
    app_id = devices.app_id(app)
    if app_id is None:
        raise _unknown()
    return identity.token(app_id, shapes.folded(value.strip()))


def _holder(conn: loading.Connection, account_id: int, key: str) -> int:
    for holders in loading.match(conn, account_id, [key]).values():
        return holders[0]
    raise _unknown()


def _unknown() -> problems.NotFound:
    return problems.NotFound("no contact of this account has that token of that app")

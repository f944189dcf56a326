"""API keys: shown once, kept as a hash, switched off by hand or after 90 idle days (contract 1)."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets

import msgspec

from tokenbase.accounts import accounts, rights
from tokenbase.contract import problems
from tokenbase.store import database, queries

sql = queries.load("tokenbase.accounts")

IDLE = dt.timedelta(days=90)
TOUCH = dt.timedelta(hours=1)
"""How exactly the last use is known: writing it at every request would cost more than most requests."""


class Key(msgspec.Struct, frozen=True):
    """A key that opened its account."""

    account_id: int
    id: int
    rights: str


class Listed(msgspec.Struct, frozen=True):
    """A key as it can be shown: `prefix` is all that is kept of the key itself."""

    id: int
    name: str
    prefix: str
    rights: str
    enabled: bool
    created_at: dt.datetime
    last_used_at: dt.datetime


def create(database: database.Database, account_id: int, chosen: str, name: str, now: dt.datetime) -> str:
    """Make a key with the rights chosen and return it: it cannot be shown again.

    Raises NotFound where there is no such account, BadValue for rights that there are not.
    """
    accounts.read(database, account_id)
    if chosen not in rights.RIGHTS:
        raise problems.BadValue(f'there are no rights "{chosen}"; there are {", ".join(rights.RIGHTS)}')
    secret = f"tb_{secrets.token_urlsafe(32)}"
    (key_id,) = database.blocks.take("api_key", 1)
    with database.transaction() as conn:
        conn.execute(
            sql.create_key,
            {
                "account_id": account_id,
                "id": key_id,
                "name": name,
                "prefix": secret[:9],
                "hash": _hash(secret),
                "rights": chosen,
                "now": now,
            },
        )
    return secret


def authenticate(database: database.Database, secret: str, now: dt.datetime) -> Key:
    """Return the key that this is. Raises Unauthorised for one that is unknown, switched off or idle for 90 days."""
    with database.transaction() as conn:
        row = conn.execute(sql.key_by_hash, {"hash": _hash(secret)}).fetchone()
        if row is None:
            raise problems.Unauthorised()
        account_id, key_id, chosen, enabled, last_used_at = row
        if not enabled or now - last_used_at > IDLE:
            raise problems.Unauthorised(
                "this API key is switched off, by hand or because it was not used for 90 days: "
                "switch it on with `tokenbase key enable`, or take another one"
            )
        if now - last_used_at > TOUCH:
            conn.execute(sql.touch_key, {"account_id": account_id, "id": key_id, "now": now})
    return Key(account_id, key_id, chosen)


def everyone(database: database.Database, account_id: int, now: dt.datetime) -> list[Listed]:
    """Return the keys of an account; one that idled too long shows as switched off."""
    with database.transaction() as conn:
        listed = [Listed(*row) for row in conn.execute(sql.keys, {"account_id": account_id})]
    return [msgspec.structs.replace(key, enabled=key.enabled and now - key.last_used_at <= IDLE) for key in listed]


def switch(database: database.Database, account_id: int, key_id: int, enabled: bool, now: dt.datetime) -> None:
    """Switch a key on or off. Raises NotFound where the account has no such key."""
    with database.transaction() as conn:
        parameters = {"account_id": account_id, "id": key_id, "enabled": enabled, "now": now}
        _found(conn.execute(sql.switch_key, parameters).fetchone(), account_id, key_id)


def delete(database: database.Database, account_id: int, key_id: int) -> None:
    """Delete a key. Raises NotFound where the account has no such key."""
    with database.transaction() as conn:
        row = conn.execute(sql.delete_key, {"account_id": account_id, "id": key_id}).fetchone()
        _found(row, account_id, key_id)


def _found(row: object, account_id: int, key_id: int) -> None:
    if row is None:
        raise problems.NotFound(f"account {account_id} has no key {key_id}; `tokenbase key list` shows those it has")


def _hash(secret: str) -> bytes:
    # A key has 256 random bits, so a plain hash is as safe as a slow one.
    return hashlib.sha256(secret.encode()).digest()

"""Accounts: one for each company or project; nothing of one is visible to another."""

from __future__ import annotations

import datetime as dt

import msgspec

from tokenbase.contract import problems
from tokenbase.store import database, queries

sql = queries.load("tokenbase.accounts")


class Account(msgspec.Struct, frozen=True):
    """An account; `email` is its owner's."""

    id: int
    name: str
    email: str
    created_at: dt.datetime


def create(database: database.Database, name: str, email: str, now: dt.datetime) -> int:
    """Make an account and return its id. Raises BadValue where the name is empty or there is no "@" in the e-mail."""
    name, email = name.strip(), email.strip()
    if not name or len(name) > 255:
        raise problems.BadValue("the account's name has 1 to 255 characters")
    if "@" not in email or len(email) > 255:
        raise problems.BadValue(f'"{email[:100]}" is not an e-mail address')
    (account_id,) = database.blocks.take("account", 1)
    with database.transaction() as conn:
        conn.execute(sql.create_account, {"id": account_id, "name": name, "email": email, "now": now})
    return account_id


def read(database: database.Database, account_id: int) -> Account:
    """Return an account. Raises NotFound where there is none with that id."""
    with database.transaction() as conn:
        row = conn.execute(sql.account, {"account_id": account_id}).fetchone()
    if row is None:
        raise problems.NotFound(f"there is no account {account_id}; `tokenbase account list` shows those there are")
    return Account(*row)


def everyone(database: database.Database) -> list[Account]:
    """Return all accounts."""
    with database.transaction() as conn:
        return [Account(*row) for row in conn.execute(sql.accounts)]

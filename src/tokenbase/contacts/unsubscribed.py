"""E-mail addresses whose owners unsubscribed. They stay so through every import: only their owner, or who speaks for
them, brings them back (contract 2).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from tokenbase.contacts import emails, identity, loading
from tokenbase.contract import limits, problems
from tokenbase.store import database, queries

sql = queries.load("tokenbase.contacts")


def add(
    database: database.Database, account_id: int, addresses: Sequence[str], now: dt.datetime
) -> list[problems.Problem]:
    """Note addresses as unsubscribed, whether a contact has them or not; return a warning for each that is none."""
    keys, warnings = _keys(addresses)
    with database.transaction() as conn:
        conn.execute(sql.unsubscribe, {"account_id": account_id, "keys": ",".join(keys), "now": now})
    return warnings


def delete(database: database.Database, account_id: int, addresses: Sequence[str]) -> list[problems.Problem]:
    """Take addresses off the list; return a warning for each that is none."""
    keys, warnings = _keys(addresses)
    with database.transaction() as conn:
        resubscribe(conn, account_id, keys)
    return warnings


def resubscribe(conn: loading.Connection, account_id: int, keys: Iterable[str]) -> None:
    """Take addresses off the list by their keys."""
    conn.execute(sql.resubscribe, {"account_id": account_id, "keys": ",".join(keys)})


def among(conn: loading.Connection, account_id: int, addresses: Iterable[str]) -> set[str]:
    """Return those of these addresses that are unsubscribed."""
    keys = {address: identity.email(address) for address in addresses}
    if not keys:
        return set()
    rows = conn.execute(sql.unsubscribed, {"account_id": account_id, "keys": ",".join(keys.values())})
    found = {key.replace("-", "") for (key,) in rows}
    return {address for address, key in keys.items() if key in found}


def _keys(addresses: Sequence[str]) -> tuple[list[str], list[problems.Problem]]:
    if len(addresses) > limits.CONTACTS_PER_REQUEST:
        message = f"at most {limits.CONTACTS_PER_REQUEST:,} addresses, this has {len(addresses):,}"
        raise problems.bad_value("emails", message)
    keys, warnings = set(), []
    for place, address in enumerate(addresses):
        try:
            keys.add(identity.email(emails.clean(address)))
        except ValueError as fault:
            warnings.append(problems.Problem(path=f"emails[{place}]", message=f"passed over: {fault}"))
    return sorted(keys), warnings

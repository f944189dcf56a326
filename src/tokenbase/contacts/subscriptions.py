"""The kinds of messages that a contact wants, by their names: read and replaced as a whole."""

from __future__ import annotations

from collections.abc import Sequence

from tokenbase.contacts import loading, naming, texts
from tokenbase.contract import limits, problems
from tokenbase.store import database, queries

sql = queries.load("tokenbase.contacts")


def read(database: database.Database, account_id: int, contact_id: int) -> list[str]:
    """Return what a contact is subscribed to. Raises NotFound for one that is not there."""
    with database.transaction() as conn:
        naming.check(conn, account_id, contact_id)
        return of(conn, account_id, contact_id)


def of(conn: loading.Connection, account_id: int, contact_id: int) -> list[str]:
    """Return what a contact is subscribed to, deleted or not."""
    rows = conn.execute(sql.subscriptions, {"account_id": account_id, "contact_id": contact_id})
    return [name for (name,) in rows]


def replace(database: database.Database, account_id: int, contact_id: int, names: Sequence[str]) -> list[str]:
    """Make these the contact's subscriptions and return them. Raises BadValue, and NotFound for an unknown contact."""
    wanted = _clean(names)
    with database.transaction() as conn:
        loading.lock(conn, account_id)
        naming.check(conn, account_id, contact_id)
        parameters = {"account_id": account_id, "contact_id": contact_id, "names": wanted}
        conn.execute(sql.end_subscriptions, parameters)
        conn.execute(sql.begin_subscriptions, parameters)
    return wanted


def _clean(names: Sequence[str]) -> list[str]:
    faults = []
    if len(names) > limits.PAGE_ROWS:
        message = f"at most {limits.PAGE_ROWS} subscriptions, this has {len(names):,}"
        faults.append(problems.Problem(path="subscriptions", message=message))
    cleaned = set()
    for place, name in enumerate(names):
        try:
            if text := texts.clean(name, limits.GROUP_NAME_CHARACTERS):
                cleaned.add(text)
        except ValueError as fault:
            faults.append(problems.Problem(path=f"subscriptions[{place}]", message=str(fault)))
    if faults:
        raise problems.BadValue(f"{faults[0].path}: {faults[0].message}", faults)
    return sorted(cleaned)

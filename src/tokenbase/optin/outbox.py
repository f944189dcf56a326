"""Confirmation mails between the request that asked for them and the mail server: stored with the contact, claimed by
one process at a time, tried again after growing waits. How a mail looks and who takes it is not decided here.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from tokenbase.contacts import loading
from tokenbase.store import blocks, database, queries

sql = queries.load("tokenbase.optin")

PAUSE = dt.timedelta(minutes=10)
"""The least time between two mails to one address of one account."""
A_DAY = 3
"""The most mails to one address of one account in 24 hours."""
LEASE = dt.timedelta(minutes=3)
"""How long one process has for one attempt before another may make the next."""
WAITS = tuple(dt.timedelta(minutes=wait) for wait in (1, 5, 20, 60, 240, 720, 1440))
"""The waits between attempts; after the last attempt a mail has failed."""
ERROR_CHARACTERS = 500


class Mail(msgspec.Struct, frozen=True):
    """A mail that was claimed; `key` is that of the address it was asked for."""

    account_id: int
    id: int
    contact_id: int
    key: str
    attempts: int
    created_at: dt.datetime


def put(
    conn: loading.Connection, blocks: blocks.Blocks, account_id: int, contact_id: int, key: str, now: dt.datetime
) -> bool:
    """Store a mail in the transaction of what it is about, and tell whether it was: too many to one address are not.

    The account must be locked.
    """
    one = {"account_id": account_id, "key": key, "pause": now - PAUSE, "day": now - dt.timedelta(days=1)}
    row = conn.execute(sql.mails_to_address, one).fetchone()
    assert row is not None
    if row[0] >= A_DAY or row[1]:
        return False
    (mail_id,) = blocks.take("confirmation_mail", 1)
    parameters = {"account_id": account_id, "id": mail_id, "contact_id": contact_id, "key": key, "now": now}
    conn.execute(sql.put_mail, parameters)
    return True


def drop(conn: loading.Connection, account_id: int, contact_id: int, now: dt.datetime) -> None:
    """Take back what still waits for a contact."""
    conn.execute(sql.drop_mails, {"account_id": account_id, "contact_id": contact_id, "now": now})


def claim(database: database.Database, now: dt.datetime) -> Mail | None:
    """Return the mail that has waited longest, None where none is due. It is this process's for as long as LEASE."""
    with database.transaction() as conn:
        row = conn.execute(sql.claim_mail, {"now": now, "until": now + LEASE}).fetchone()
    return None if row is None else Mail(*row)


def finish(database: database.Database, mail: Mail, state: str, error: str | None, now: dt.datetime) -> None:
    """Note that a mail is `sent`, `failed` or `dropped`."""
    parameters = {**_place(mail), "state": state, "error": _short(error), "now": now}
    with database.transaction() as conn:
        conn.execute(sql.finish_mail, parameters)


def postpone(database: database.Database, mail: Mail, error: str, now: dt.datetime) -> bool:
    """Note what went wrong and when to try again, and return True; after the last attempt the mail has failed."""
    if mail.attempts > len(WAITS):
        finish(database, mail, "failed", error, now)
        return False
    parameters = {**_place(mail), "error": _short(error), "due_at": now + WAITS[mail.attempts - 1]}
    with database.transaction() as conn:
        conn.execute(sql.postpone_mail, parameters)
    return True


def _place(mail: Mail) -> dict[str, object]:
    return {"account_id": mail.account_id, "id": mail.id, "attempts": mail.attempts}


def _short(error: str | None) -> str | None:
    return None if error is None else " ".join(error.replace("\0", "").split())[:ERROR_CHARACTERS]

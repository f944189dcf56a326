"""What a link still means, and what pressing its button does: the address is confirmed, and wants e-mail again."""

from __future__ import annotations

import datetime as dt
import enum

from tokenbase.contacts import identity, loading
from tokenbase.optin import links, outbox
from tokenbase.store import database, queries

sql = queries.load("tokenbase.optin")


class State(enum.Enum):
    """What became of what a link asks."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    GONE = "gone"
    """The contact is not there any more, or has another address."""
    UNSUBSCRIBED = "unsubscribed"
    """The owner of the address said after they were asked that they want no e-mail."""


def look(database: database.Database, link: links.Link, now: dt.datetime) -> tuple[State, str]:
    """Return what a link means now, and the address, "" where it is gone. Nothing is changed."""
    with database.transaction() as conn:
        return _look(conn, link, now)


def confirm(database: database.Database, link: links.Link, now: dt.datetime) -> tuple[State, str]:
    """Do what a link that is OPEN asks for; return what it meant before that, and the address."""
    with database.transaction() as conn:
        loading.lock(conn, link.account_id)
        state, address = _look(conn, link, now)
        if state is not State.OPEN:
            return state, address
        one = {"account_id": link.account_id, "contact_id": link.contact_id, "key": link.key}
        conn.execute(sql.lift_unsubscription, {**one, "asked_at": link.asked_at})
        # Unsubscribing takes no lock of the account: it may have come between the look and this.
        if conn.execute(sql.unsubscribed_at, one).fetchone() is not None:
            return State.UNSUBSCRIBED, address
        conn.execute(sql.confirm_email, {**one, "now": now})
        outbox.drop(conn, link.account_id, link.contact_id, now)
        return State.OPEN, address


def _look(conn: loading.Connection, link: links.Link, now: dt.datetime) -> tuple[State, str]:
    one = {"account_id": link.account_id, "contact_id": link.contact_id, "key": link.key}
    row = conn.execute(sql.contact, one).fetchone()
    if row is None or row[0] is None or identity.email(row[0]) != link.key:
        return State.GONE, ""
    address, confirmed = row[0], row[1]
    refused = conn.execute(sql.unsubscribed_at, one).fetchone()
    if confirmed and refused is None:
        return State.CONFIRMED, address
    if now >= link.expires_at:
        return State.EXPIRED, address
    if refused is not None and refused[0] >= link.asked_at:
        return State.UNSUBSCRIBED, address
    return State.OPEN, address

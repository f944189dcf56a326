"""Somebody subscribes: the contact is stored unconfirmed, an event tells of it, and a mail asks the address's owner.

All of it is one transaction; nothing is sent here.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import msgspec

from tokenbase.contacts import identity, loading
from tokenbase.contract import answers, contacts, limits, problems, subscriptions
from tokenbase.imports import arrivals, envelope, events, single
from tokenbase.optin import outbox
from tokenbase.store import database, queries

sql = queries.load("tokenbase.optin")

NEW, KNOWN = "subscribeFromApi", "subscribeUpdateFromApi"
"""The event types of contacts that are new and of those that are not (contract 5)."""
_FORM_TYPE = re.compile(r"[A-Za-z0-9_.-]+")
_HOW = msgspec.structs.replace(single.ADD, confirms=False)


def subscribe(
    database: database.Database,
    account_id: int,
    sent: subscriptions.SubscribeRequest,
    clock: Callable[[], dt.datetime],
) -> answers.Saved:
    """Store a contact that subscribes, found as `POST /contact` finds it. Raises BadValue with every fault it can."""
    faults: list[problems.Problem] = []
    form_type = (sent.form_type or "").strip()
    if len(form_type) > limits.FORM_TYPE_CHARACTERS or (form_type and not _FORM_TYPE.fullmatch(form_type)):
        message = f'"{form_type[:50]}" is no form type: it has Latin letters and digits, and no spaces'
        faults.append(problems.Problem(path="formType", message=message))
    groups = envelope.names(_groups(sent.groups, faults), "groups", faults)
    if sent.contact == msgspec.Raw(b"null"):
        faults.append(problems.Problem(path="contact", message="required: the contact that subscribes"))
    if faults:
        raise problems.BadValue(f"{faults[0].path}: {faults[0].message}", faults)
    try:
        with database.transaction() as conn:
            arrived = single.read(conn, account_id, sent.contact)
            loading.lock(conn, account_id)
            now = clock()
            worked = single.store(conn, database.blocks, account_id, arrived, _HOW, now, groups)
            contact_id = _record(database, conn, account_id, worked, form_type, now)
    except problems.BadValue as fault:
        found = [_placed(problem) for problem in fault.errors]
        raise problems.BadValue(f"{found[0].path}: {found[0].message}", found) from None
    return answers.Saved(contact_id, [_placed(warning) for warning in worked.warnings])


def _record(
    database: database.Database,
    conn: loading.Connection,
    account_id: int,
    worked: arrivals.Worked,
    form_type: str,
    now: dt.datetime,
) -> int:
    """Record the event and ask by mail, unless the address is confirmed already; return the contact's id."""
    fate = worked.fates[0]
    contact_id = fate.contact_id
    assert contact_id is not None
    one = {"account_id": account_id, "contact_id": contact_id}
    row = conn.execute(sql.contact, one).fetchone()
    assert row is not None
    address, confirmed, sms, external_id = row
    event_key = "-".join(filter(None, (NEW if fate.result == "created" else KNOWN, form_type)))
    event = {
        **one,
        "id": database.blocks.take("event", 1)[0],
        "event_type_id": events.type_id(conn, account_id, event_key, database.blocks, now),
        "now": now,
        "key_value": address or sms or external_id or "",
        "params": msgspec.json.encode({"ContactId": contact_id, "EmailAddress": address or ""}).decode(),
    }
    conn.execute(sql.record_event, event)
    if address is not None:
        key = identity.email(address)
        refused = conn.execute(sql.unsubscribed_at, {**one, "key": key}).fetchone()
        if refused is not None or not confirmed:
            outbox.put(conn, database.blocks, account_id, contact_id, key, now)
    return contact_id


def _groups(
    sent: list[str | contacts.Group] | str | contacts.Group | None, faults: list[problems.Problem]
) -> list[str]:
    """Return the names of segments, whether they came as texts or as segments."""
    found = [] if sent is None else sent if isinstance(sent, list) else [sent]
    names = [one if isinstance(one, str) else one.name or "" for one in found]
    for place, name in enumerate(names):
        if not name.strip():
            faults.append(problems.Problem(path=f"groups[{place}]", message="the name of a segment is required"))
    return names


def _placed(problem: problems.Problem) -> problems.Problem:
    """Return a problem of the contact as one of the request."""
    path = "groups" if problem.path == "groupNames" else f"contact.{problem.path}".rstrip(".")
    return msgspec.structs.replace(problem, path=path)

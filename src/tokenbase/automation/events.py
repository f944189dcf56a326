"""Events told over the API: checked, given to their contacts, stored at once, a list of them as one (contract 8)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from tokenbase.automation import holders
from tokenbase.contacts import loading, moments
from tokenbase.contract import events, limits, problems
from tokenbase.store import database, queries

sql = queries.load("tokenbase.automation")

_KEY = re.compile(r"[A-Za-z0-9_.-]+")


class _Told(msgspec.Struct):
    """An event that is good."""

    key: str
    value: str
    params: dict[str, Any]
    text: str
    occurred_at: dt.datetime


def record(
    database: database.Database,
    account_id: int,
    sent: Sequence[events.Event],
    past: bool,
    listed: bool,
    now: dt.datetime,
) -> None:
    """Store events, all or none; with `past` they need their time, and start nothing.

    Raises BadValue with every fault; `listed` says that the request is a list, for the paths of the faults.
    """
    told = _read(sent, past, listed, now)
    types = _types(database, account_id, {event.key for event in told}, now)
    with database.transaction() as conn:
        loading.hold_erasures(conn, account_id)
        contact_ids = holders.find(conn, account_id, [event.params for event in told])
        rows = [
            {
                "contact_id": contact_id,
                "id": event_id,
                "event_type_id": types[event.key],
                "occurred_at": event.occurred_at,
                "key_value": event.value,
                "params": msgspec.Raw(event.text.encode()),
            }
            for event, contact_id, event_id in zip(
                told, contact_ids, database.blocks.take("event", len(told)), strict=True
            )
        ]
        parameters = {"account_id": account_id, "rows": msgspec.json.encode(rows).decode(), "past": past or None}
        conn.execute(sql.record_events, parameters)


def delete_past(database: database.Database, account_id: int, key: str, since: dt.datetime, until: dt.datetime) -> int:
    """Take back past events of a type and a time, the end of it excluded, and return how many there were."""
    with database.transaction() as conn:
        found = _known(conn, account_id, [key])
        if key not in found:
            raise problems.NotFound(f'there is no event type "{key[:50]}" in this account')
        parameters = {"account_id": account_id, "event_type_id": found[key], "since": since, "until": until}
        return conn.execute(sql.delete_past_events, parameters).rowcount


def _read(sent: Sequence[events.Event], past: bool, listed: bool, now: dt.datetime) -> list[_Told]:
    if not 0 < len(sent) <= limits.EVENTS_PER_REQUEST:
        message = f"one request carries 1 to {limits.EVENTS_PER_REQUEST:,} events, this one has {len(sent):,}"
        raise problems.BadValue(message, [problems.Problem(path="", message=message)])
    faults: list[problems.Problem] = []
    told = [_event(event, past, f"[{place}]." if listed else "", faults, now) for place, event in enumerate(sent)]
    if faults:
        raise problems.BadValue(f"{faults[0].path}: {faults[0].message}", faults)
    return told


def _event(sent: events.Event, past: bool, path: str, faults: list[problems.Problem], now: dt.datetime) -> _Told:
    def fault(name: str, message: str) -> None:
        faults.append(problems.Problem(path=f"{path}{name}", message=message))

    key = (sent.event_type_key or "").strip()
    if not key:
        fault("eventTypeKey", "required: the key of the event's type, such as orderPaid")
    elif len(key) > limits.EVENT_KEY_CHARACTERS or not _KEY.fullmatch(key):
        fault("eventTypeKey", f'"{key[:50]}" is no event key: it has Latin letters and digits, and no spaces')
    value = "" if sent.key_value is None else str(sent.key_value).strip()
    if len(value) > limits.EVENT_VALUE_CHARACTERS or "\0" in value:
        fault("keyValue", f"at most {limits.EVENT_VALUE_CHARACTERS:,} characters, none of them NUL")
    params = _params(sent.params)
    text = msgspec.json.encode(params).decode()
    if len(text) > limits.EVENT_PARAMS_BYTES:
        fault("params", f"at most {limits.EVENT_PARAMS_BYTES:,} bytes, these have {len(text):,}")
    if "\\u0000" in text:
        fault("params", "a text in them has a NUL character (\\u0000), which cannot be stored: leave it out")
    occurred_at = now
    if sent.occurred is None or not sent.occurred.strip():
        if past:
            fault("occurred", "required: when it happened, such as 2026-11-23T17:05:00Z")
    else:
        try:
            occurred_at = moments.parse(sent.occurred, None)
        except ValueError as reason:
            fault("occurred", str(reason))
    return _Told(key, value, params, text, occurred_at)


def _params(sent: dict[str, Any] | list[events.EventParam] | None) -> dict[str, Any]:
    if isinstance(sent, list):
        return {param.name: param.value for param in sent}
    if sent is not None and "name" in sent and sent.keys() <= {"name", "value"}:
        # A lone parameter where the list of them belongs (contract 1).
        return {str(sent["name"]): sent.get("value")}
    return sent or {}


def _types(database: database.Database, account_id: int, keys: Iterable[str], now: dt.datetime) -> dict[str, int]:
    """Return the event types with these keys, made where they are missing; in a transaction of its own, under the lock
    that imports take too, so that two that meet a new key at once make one type.
    """
    wanted = sorted(keys)
    with database.transaction() as conn:
        found = _known(conn, account_id, wanted)
        if not found.keys() >= set(wanted):
            loading.lock(conn, account_id)
            found = _known(conn, account_id, wanted)
            missing = [key for key in wanted if key not in found]
            ids = list(database.blocks.take("event_type", len(missing)))
            parameters = {"account_id": account_id, "ids": ids, "keys": missing, "now": now}
            conn.execute(sql.create_event_types, parameters)
            found |= dict(zip(missing, ids, strict=True))
    return found


def _known(conn: loading.Connection, account_id: int, keys: list[str]) -> dict[str, int]:
    return dict(conn.execute(sql.event_types, {"account_id": account_id, "keys": keys}).fetchall())

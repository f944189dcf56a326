"""Addresses of events, of past ones, and of what was sent to contacts and what they did."""

from __future__ import annotations

import datetime as dt

from tokenbase.accounts.rights import Permission
from tokenbase.api import decoding, paging, parameters
from tokenbase.api.operations import Answer, Call, Operation, Parameter
from tokenbase.automation import events
from tokenbase.contacts import cards, moments
from tokenbase.contract import problems
from tokenbase.contract.events import Activity, Deleted, Event, SentMessage, TimedEvent


def tell(call: Call) -> Answer:
    """Tell of an event; its type is made where it is missing."""
    return _record(call, Event, past=False)


def tell_many(call: Call) -> Answer:
    """Tell of up to 1,000 events, all or none; a time may be given."""
    return _record(call, TimedEvent, past=False)


def tell_past(call: Call) -> Answer:
    """Tell of events that happened earlier: they start nothing."""
    return _record(call, TimedEvent, past=True)


def delete_past(call: Call) -> Answer:
    """Take back past events of a type and a time."""
    key = parameters.text(call, "eventTypeKey")
    if key is None:
        raise problems.bad_value("eventTypeKey", "required: the key of the events' type")
    since, until = _moment(call, "from"), _moment(call, "to")
    if since is None or until is None:
        missing = "from" if since is None else "to"
        raise problems.bad_value(missing, "required: a date-time such as 2026-11-23T17:05:00Z")
    return Answer(value=Deleted(events.delete_past(call.database, call.account_id, key, since, until)))


def messages(call: Call) -> Answer:
    """Return what was sent to contacts, or to one of them."""
    return _nothing_yet(call)


def activity(call: Call) -> Answer:
    """Return what contacts, or one of them, did with what was sent to them."""
    return _nothing_yet(call)


def _record(call: Call, kind: type[Event], past: bool) -> Answer:
    listed = call.body.lstrip().startswith(b"[")
    sent = decoding.decode(call.body, list[kind]) if listed else [decoding.decode(call.body, kind)]  # type: ignore[valid-type]
    events.record(call.database, call.account_id, sent, past, listed, call.clock())
    return Answer()


def _nothing_yet(call: Call) -> Answer:
    """Return an empty list, which is the truth as long as nothing is sent; whom and when it is asked of is checked."""
    paging.page(call.query)
    _moment(call, "dateFrom")
    _moment(call, "dateTo")
    if (external_id := parameters.text(call, "externalCustomerId")) is not None:
        cards.by_external_id(call.database, call.account_id, external_id)
    if (text := parameters.text(call, "contactId")) is not None:
        cards.by_id(call.database, call.account_id, parameters.whole(text, "contact"))
    return Answer(value=[], headers={"TotalCount": "0"})


def _moment(call: Call, name: str) -> dt.datetime | None:
    text = parameters.text(call, name)
    if text is None:
        return None
    try:
        # A + that was not percent-encoded has become a space.
        return moments.parse(text.replace(" ", "+"), None)
    except ValueError as reason:
        raise problems.bad_value(name, str(reason)) from None


_P = Permission
_REMOVED = (
    Parameter("eventTypeKey", "The key of the events' type.", "orderPaid"),
    Parameter("from", "The first moment of the time.", "2026-11-01T00:00:00Z"),
    Parameter("to", "The first moment after the time.", "2026-12-01T00:00:00Z"),
)
_HISTORY = (
    Parameter("contactId", "The contact; all of them where none is named.", "123"),
    Parameter("externalCustomerId", "The contact, by its id in your system.", "u-1"),
    Parameter("dateFrom", "The first moment of the time.", "2026-11-01"),
    Parameter("dateTo", "The first moment after the time.", "2026-12-01"),
    *paging.PARAMETERS,
)

OPERATIONS = (
    Operation("POST", "/api/v1/event", _P.EVENTS_WRITE, tell, takes=Event, required=("eventTypeKey",)),
    Operation("POST", "/api/v2/event", _P.EVENTS_WRITE, tell, takes=Event, required=("eventTypeKey",)),
    Operation("POST", "/api/v3/event", _P.EVENTS_WRITE, tell_many, takes=list[TimedEvent]),
    Operation("POST", "/api/v3/events", _P.EVENTS_WRITE, tell_many, takes=list[TimedEvent]),
    *(
        Operation("POST", f"/api/{version}/past_events", _P.EVENTS_WRITE, tell_past, takes=list[TimedEvent])
        for version in ("v1", "v2", "v3")
    ),
    *(
        Operation(
            "DELETE",
            f"/api/{version}/past_events",
            _P.ADMINISTER,
            delete_past,
            gives=Deleted,
            parameters=_REMOVED,
            statuses=(404,),
        )
        for version in ("v1", "v2", "v3")
    ),
    Operation(
        "GET",
        "/api/v2/contacts/messages",
        _P.CONTACTS_READ,
        messages,
        gives=list[SentMessage],
        parameters=_HISTORY,
        statuses=(404,),
    ),
    Operation(
        "GET",
        "/api/v2/contacts/activity",
        _P.CONTACTS_READ,
        activity,
        gives=list[Activity],
        parameters=_HISTORY,
        statuses=(404,),
    ),
)

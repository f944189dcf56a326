"""Events, and what was sent to contacts and what they did, as they stand on the wire (contract 8)."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, ClassVar

import msgspec

from tokenbase.contract import limits
from tokenbase.contract.contacts import Text

_KEY = msgspec.Meta(
    extra_json_schema={"pattern": r"^[A-Za-z0-9_.\-]+$", "minLength": 1, "maxLength": limits.EVENT_KEY_CHARACTERS}
)


class EventParam(msgspec.Struct, kw_only=True):
    """A parameter of an event."""

    name: str
    value: Any = None


class Event(msgspec.Struct, kw_only=True, omit_defaults=True, rename="camel"):
    """Something that happened to a contact, whom one of `params` names: `externalCustomerId`, `contactId`, `email`,
    `phone` or `token`. They are an object, or a list of names and values.
    """

    EXAMPLE: ClassVar[dict[str, object]] = {
        "eventTypeKey": "orderPaid",
        "keyValue": "order-17",
        "params": [{"name": "externalCustomerId", "value": "u-1"}, {"name": "sum", "value": 12.5}],
    }

    event_type_key: Annotated[str | None, _KEY] = None
    key_value: Text | None = None
    params: dict[str, Any] | list[EventParam] | None = None
    occurred: str | None = None


class TimedEvent(Event, kw_only=True, omit_defaults=True, rename="camel"):
    """An event with the time at which it happened; without an offset it is in UTC."""

    EXAMPLE: ClassVar[dict[str, object]] = {
        "eventTypeKey": "orderPaid",
        "keyValue": "order-17",
        "params": {"externalCustomerId": "u-1", "sum": 12.5},
        "occurred": "2026-11-23T17:05:00Z",
    }


class Deleted(msgspec.Struct, frozen=True):
    """How many there were, and are no more."""

    EXAMPLE: ClassVar[dict[str, object]] = {"deleted": 17}

    deleted: int


class SentMessage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A message that was sent to a contact."""

    EXAMPLE: ClassVar[dict[str, object]] = {"contactId": 123, "messageId": 5, "sentAt": "2026-11-23T17:05:00Z"}

    contact_id: int
    message_id: int
    sent_at: dt.datetime


class Activity(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a contact did with a message: `activityStatus` is `DELIVERED`, `OPENED` or `CLICKED`."""

    EXAMPLE: ClassVar[dict[str, object]] = {
        "contactId": 123,
        "messageId": 5,
        "activityStatus": "OPENED",
        "activityDateTime": "2026-11-23T17:06:00Z",
    }

    contact_id: int
    message_id: int
    activity_status: str
    activity_date_time: dt.datetime

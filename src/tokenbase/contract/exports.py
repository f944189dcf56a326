"""Everything that is held about one contact, and the record that it is held no more, as they stand on the wire."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

import msgspec

from tokenbase.contract.cards import ContactCard


class HeldEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An event of a contact; `past` where it was told of afterwards."""

    id: int
    event_type_key: str
    key_value: str
    params: dict[str, Any]
    occurred: dt.datetime
    past: bool


class ContactExport(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Everything that is held about a contact. `deletedAt` is null unless the contact is deleted and can come back."""

    EXAMPLE: ClassVar[dict[str, object]] = {
        "exportedAt": "2026-11-23T17:05:00Z",
        "deletedAt": None,
        "contact": ContactCard.EXAMPLE,
        "subscriptions": ["News"],
        "events": [
            {
                "id": 1,
                "eventTypeKey": "contactCreated",
                "keyValue": "ann@example.com",
                "params": {"contactId": 123, "EmailAddress": "ann@example.com"},
                "occurred": "2026-11-01T10:00:00Z",
                "past": False,
            }
        ],
    }

    exported_at: dt.datetime
    deleted_at: dt.datetime | None
    contact: ContactCard
    subscriptions: list[str]
    events: list[HeldEvent]


class Erasure(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The record that a contact was erased for good."""

    EXAMPLE: ClassVar[dict[str, object]] = {"contactId": 123, "erasedAt": "2026-11-23T17:05:00Z"}

    contact_id: int
    erased_at: dt.datetime

"""A contact as it is read back: everything held about it, in the shape in which it could be sent again."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

import msgspec


class DeviceCard(msgspec.Struct, kw_only=True, omit_defaults=True, rename="camel"):
    """The device behind a push token; `language` and `kind` are read off what was sent, `muted` was asked for."""

    app_id: str | None = None
    device_model: str | None = None
    os: str | None = None
    locale: str | None = None
    language: str | None = None
    client_version: str | None = None
    app_version: str | None = None
    active: bool | None = None
    muted: bool | None = None
    device_id: str | None = None
    time_zone: str | None = None
    advertising_id: str | None = None
    environment: str | None = None
    provider: str | None = None
    kind: str | None = None
    registered_at: dt.datetime | None = None
    last_active_at: dt.datetime | None = None


class ChannelCard(msgspec.Struct, kw_only=True, omit_defaults=True, rename="camel"):
    """A way to reach the contact. `status` of an e-mail address: `confirmed`, `unconfirmed` or `unsubscribed`."""

    type: str
    value: str
    status: str | None = None
    device: DeviceCard | None = None
    web_push_subscription: dict[str, Any] | None = None


class FieldCard(msgspec.Struct, kw_only=True):
    """The value of an additional field."""

    id: int
    value: str


class GroupCard(msgspec.Struct, kw_only=True):
    """A static segment that the contact is in."""

    id: int
    name: str
    type: str


class ContactCard(msgspec.Struct, kw_only=True, omit_defaults=True, rename="camel"):
    """A contact with its channels, devices, additional fields and segments."""

    EXAMPLE: ClassVar[dict[str, object]] = {
        "id": 123,
        "externalCustomerId": "u-1",
        "firstName": "Ann",
        "channels": [
            {"type": "email", "value": "ann@example.com", "status": "confirmed"},
            {
                "type": "mobilepush",
                "value": "8900-7654-6456-9876-0011",
                "device": {
                    "appId": "83b77a49-fc28-409b-aeaa-68c9d544ab9d",
                    "os": "Android",
                    "locale": "en-GB",
                    "language": "en",
                    "active": True,
                    "kind": "unknown",
                },
            },
        ],
        "address": {"town": "Leeds", "postcode": "LS1 4AP"},
        "fields": [{"id": 12345, "value": "writer"}],
        "groups": [{"id": 7, "name": "Customers", "type": "Static"}],
        "languageCode": "en-GB",
        "timeZone": "Europe/London",
        "createdAt": "2026-11-23T17:05:00Z",
        "updatedAt": "2026-11-23T17:05:00Z",
    }

    id: int
    external_customer_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    channels: list[ChannelCard]
    address: dict[str, str] | None = None
    fields: list[FieldCard]
    groups: list[GroupCard]
    language_code: str | None = None
    time_zone: str | None = None
    contact_key: str | None = None
    address_book_id: int | None = None
    created_at: dt.datetime
    updated_at: dt.datetime

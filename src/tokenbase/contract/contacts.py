"""A contact as it stands on the wire, for who sends it and who receives it.

The types are as wide as real clients are: ids as numbers or numeric strings, a lone object where a list belongs,
`null` for an absent key. What the values mean, and which are good, is not decided here.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec

Id = int | str
Text = str | int | float
"""A text that some clients send as a number, such as a postcode or a customer's id."""
CHANNEL_TYPES = ("email", "sms", "viber", "mobilepush", "webpush", "telegram")


class WebPushKeys(msgspec.Struct, omit_defaults=True, kw_only=True):
    """The browser's keys of a web push subscription."""

    p256dh: str | None = None
    auth: str | None = None


class WebPushSubscription(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What a browser hands out when its owner allows push."""

    endpoint: str | None = None
    keys: WebPushKeys | None = None


class Device(msgspec.Struct, omit_defaults=True, kw_only=True, rename="camel"):
    """The app installation behind a push token. Nothing of it is required, and what is not sent stays unknown."""

    app_id: str | None = None
    device_model: str | None = None
    os: str | None = None
    locale: str | None = None
    client_version: str | None = None
    app_version: Text | None = None
    active: bool | None = None
    device_id: Text | None = None
    time_zone: str | None = None
    advertising_id: str | None = None
    registered_at: str | None = None
    last_active_at: str | None = None
    environment: str | None = None
    provider: str | None = None


class Channel(msgspec.Struct, omit_defaults=True, kw_only=True, rename="camel"):
    """One way to reach a contact: an address of a type."""

    type: Annotated[str | None, msgspec.Meta(extra_json_schema={"enum": [*CHANNEL_TYPES, None]})] = None
    value: Text | None = None
    device: Device | None = None
    web_push_subscription: WebPushSubscription | None = None


class Address(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A postal address."""

    region: Text | None = None
    town: Text | None = None
    address: Text | None = None
    postcode: Text | None = None
    description: Text | None = None


class FieldValue(msgspec.Struct, omit_defaults=True, kw_only=True):
    """The value of one additional field."""

    id: Id | None = None
    value: str | int | float | bool | list[str] | None = None


class Group(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A segment, by its name, its id, or both."""

    id: Id | None = None
    name: str | None = None
    type: str | None = None


class Contact(msgspec.Struct, omit_defaults=True, kw_only=True, rename="camel"):
    """One person, with everything a request may say of them."""

    EXAMPLE: ClassVar[dict[str, object]] = {
        "externalCustomerId": "u-1",
        "firstName": "Ann",
        "channels": [
            {
                "type": "mobilepush",
                "value": "8900-7654-6456-9876-0011",
                "device": {"appId": "83b77a49-fc28-409b-aeaa-68c9d544ab9d", "os": "Android", "locale": "en-GB"},
            },
            {"type": "email", "value": "ann@example.com"},
        ],
        "address": {"town": "Leeds", "postcode": "LS1 4AP"},
        "languageCode": "en-GB",
        "timeZone": "Europe/London",
    }

    id: Id | None = None
    external_customer_id: Text | None = None
    first_name: Text | None = None
    last_name: Text | None = None
    channels: list[Channel] | Channel | None = None
    address: Address | None = None
    fields: list[FieldValue] | FieldValue | None = None
    language_code: str | None = None
    time_zone: str | None = None
    contact_key: Text | None = None
    address_book_id: Id | None = None
    groups: list[Group] | Group | None = None

"""The contacts and tokens that a batch touches, as they stand while it is worked through.

They are written back once, at its end, by `storing`.
"""

from __future__ import annotations

import datetime as dt

from tokenbase.contacts import identity, incoming

COLUMNS = (
    "external_id",
    "email",
    "email_confirmed",
    "sms",
    "viber",
    "telegram",
    "first_name",
    "last_name",
    "language_code",
    "time_zone",
    "contact_key",
    "region",
    "town",
    "address",
    "postcode",
    "address_description",
    "address_book_id",
)
"""The columns of `contact` that a request can change, the additional fields excepted."""

TOKEN_COLUMNS = (
    "channel",
    "value",
    "kind",
    "active",
    "app_id",
    "device_model",
    "os",
    "locale",
    "language",
    "client_version",
    "app_version",
    "device_id",
    "time_zone",
    "advertising_id",
    "environment",
    "provider",
    "web_push_p256dh",
    "web_push_auth",
    "registered_at",
    "last_active_at",
)
"""The columns of `token` that a request can set."""


class Person:
    """A contact, new or known. `row` and `fields` are as they will be, `stored_keys` as they were."""

    __slots__ = (
        "carried",
        "changed",
        "deleted",
        "fields",
        "id",
        "new",
        "recency",
        "restored",
        "row",
        "stored_keys",
    )

    def __init__(
        self, row: incoming.Columns, fields: dict[str, str], recency: tuple[int, dt.datetime | int, int]
    ) -> None:
        """Take the columns and the additional fields (by the field's id as text, as they are stored)."""
        self.id: int | None = None
        self.row = row
        self.fields = fields
        self.recency = recency
        """Grows with every change: the most recently updated of several contacts has the greatest."""
        self.new = False
        self.deleted = False
        self.restored = False
        self.changed = False
        self.carried: set[str] = set()
        """Columns that a contact of this request carried for this person, so that a later one's silence clears none."""
        self.stored_keys: frozenset[str] = frozenset()

    def external_key(self) -> str | None:
        """Return the key of the external id, the one that a deleted contact keeps."""
        external_id = self.row.get("external_id")
        return identity.external(external_id) if isinstance(external_id, str) else None

    def keys(self, identifying: frozenset[int]) -> list[str]:
        """Return the keys by which the contact can be found, tokens excepted; `identifying` are ids of fields."""
        row = self.row
        found = [
            identity.of_column(column, value)
            for column in identity.KEYED_COLUMNS
            if (value := row.get(column)).__class__ is str
        ]
        for field_id in identifying:
            if text := self.fields.get(str(field_id)):
                found.append(identity.field(field_id, text))
        return found


class Token:
    """A push token and whose it is: `owner` as it will be, `row_at` and `key_at` as it is stored (ids of contacts)."""

    __slots__ = ("changed", "key", "key_at", "owner", "row", "row_at")

    def __init__(self, key: str, row: incoming.Columns) -> None:
        """Take the token's key and its columns."""
        self.key = key
        self.row = row
        self.owner: Person | None = None
        self.row_at: int | None = None
        self.key_at: int | None = None
        self.changed = False

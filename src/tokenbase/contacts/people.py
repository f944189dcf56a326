"""The contacts and tokens that a batch touches, as they stand while it is worked through.

They are written back once, at its end, by `storing`.
"""

from __future__ import annotations

import types
from collections.abc import Mapping

import msgspec

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
DEFAULTS: Mapping[str, str] = types.MappingProxyType({"email_confirmed": "false"})
"""What a new contact has in columns of which nothing is said; in the others it has nothing."""
TOKEN_DEFAULTS: Mapping[str, str] = types.MappingProxyType({"active": "true"})
"""The same of a new token."""


_NONE: Mapping[str, str] = types.MappingProxyType({})


class Person(msgspec.Struct, eq=False):
    """A contact, new or known: `row` and `fields` as they will be, `before` and `fields_before` as they were.

    A struct for speed alone: a batch makes thousands, and no two of them are ever the same.
    """

    row: incoming.Columns
    fields: dict[str, str]
    """The additional fields, by the field's id as text, as they are stored."""
    recency: tuple[int, str | int, int]
    """Grows with every change: the most recently updated of several contacts has the greatest."""
    id: int | None = None
    before: Mapping[str, str] = _NONE
    """What the columns that changed were when the batch began."""
    fields_before: dict[str, str] | None = None
    """The additional fields when the batch began; None while they are the same."""
    new: bool = False
    deleted: bool = False
    restored: bool = False
    changed: bool = False
    carried: frozenset[str] = frozenset()
    """Columns that a contact of this request carried for this person, so that a later one's silence clears none."""
    seen: bool = False
    """Whether a contact of this request was for this person, or took a token from them."""
    digest: str = ""
    """The digest of the one contact that was for this person; "" when there was not exactly one."""
    stored_digest: str = ""
    written: object = None
    """What `state` was when the person was written last."""
    version: str = ""
    """The transaction that the row was fetched from (PostgreSQL's xmin); "" once it is written, or where it is new."""

    def state(self) -> object:
        """Return something that is another with every change of the person."""
        return self.recency, self.digest

    def meet(self, digest: str) -> None:
        """Note that something was done to this person, and by which contact; "" for none that may be remembered."""
        self.digest = "" if self.seen else digest
        self.seen = True

    def external_key(self) -> str | None:
        """Return the key of the external id, the one that a deleted contact keeps."""
        external_id = self.row.get("external_id")
        return identity.external(external_id) if external_id else None

    def keys(self, identifying: frozenset[int]) -> list[str]:
        """Return the keys by which the contact can be found, tokens excepted; `identifying` are ids of fields."""
        return identity.of_row(self.row) + self.field_keys(identifying)

    def field_keys(self, identifying: frozenset[int]) -> list[str]:
        """Return those of them that are of additional fields."""
        fields = self.fields
        return [identity.field(field, fields[text]) for field in identifying if (text := str(field)) in fields]

    def keys_changed(self, identifying: frozenset[int]) -> tuple[list[str], list[str]]:
        """Return the keys that the batch took from the contact, and those that it gave to it."""
        if not self.before and self.fields_before is None:
            return [], []
        pairs = [
            (identity.of_column(column, old) if old else "", identity.of_column(column, new) if new else "")
            for column in identity.KEYED_COLUMNS
            if (old := self.before.get(column)) is not None and (new := self.row[column]) != old
        ]
        if self.fields_before is not None:
            for field in identifying:
                old, new = self.fields_before.get(str(field), ""), self.fields.get(str(field), "")
                if old != new:
                    pairs.append((identity.field(field, old) if old else "", identity.field(field, new) if new else ""))
        gone, added = {old for old, _ in pairs}, {new for _, new in pairs}
        return [key for key in gone - added if key], [key for key in added - gone if key]


class Token(msgspec.Struct, eq=False):
    """A push token and whose it is: `owner` as it will be, `row_at` and `key_at` as it is stored (ids of contacts)."""

    key: str
    row: incoming.Columns = {}
    owner: Person | None = None
    row_at: int | None = None
    key_at: int | None = None
    learnt: Mapping[str, str] = _NONE
    """The columns that the batch changed."""
    written: Mapping[str, str] = _NONE
    """What `learnt` was when it was written last."""
    version: str = ""
    """As a Person's, of the row at `row_at`; "" once that is written or deleted."""

"""The rules of one request: how its contacts are matched, and what of a known contact they may change (contract 3)."""

from __future__ import annotations

import functools

import msgspec

CONTACT_FIELDS: dict[str, tuple[str, ...]] = {
    "firstName": ("first_name",),
    "lastName": ("last_name",),
    "email": ("email",),
    "sms": ("sms",),
    "viber": ("viber",),
    "telegram": ("telegram",),
    "address": ("address", "address_description"),
    "town": ("town",),
    "region": ("region",),
    "postcode": ("postcode",),
    "languageCode": ("language_code",),
    "timeZone": ("time_zone",),
    "contactKey": ("contact_key",),
    "externalCustomerId": ("external_id",),
    "mobilepush": (),
    "webpush": (),
}
"""The columns behind each name that `contactFields` may list. Tokens have rows of their own."""

DEDUPE_KINDS: dict[str, tuple[str, ...]] = {
    "externalCustomerId": (),
    "email": ("email",),
    "sms": ("sms",),
    "email_or_sms": ("sms", "email"),
    "mobilepush": ("mobilepush",),
    "push": ("mobilepush",),
    "webpush": ("webpush",),
    "telegram": ("telegram",),
    "id": ("id",),
    "contactKey": ("contact_key",),
    "fieldId": ("field",),
}
"""What each value of `dedupeOn` matches by, in order. The external id comes before all of them, always."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """How one request matches and updates."""

    kinds: tuple[str, ...] = ()
    """What contacts are matched by after the external id, in order: columns, `mobilepush`, `webpush`, `field`, `id`."""
    field_id: int | None = None
    """The additional field that identifies, where `kinds` has `field`."""
    listed: frozenset[str] | None = None
    """The names of `contactFields`; None when it was not sent, which updates all that a contact carries."""
    field_ids: frozenset[int] | None = frozenset()
    """Additional fields to update on a known contact; None for all that a contact carries."""
    restore_deleted: bool = False
    confirms: bool = True
    """Whether an e-mail address that a contact is given counts as confirmed (contract 2)."""
    target: int | None = None
    """The one contact that everything is for, whoever else it may look like."""

    def columns(self) -> frozenset[str] | None:
        """Return the columns that may be updated, None for all that a contact carries."""
        return None if self.listed is None else _columns(self.listed)

    def takes(self, channel: str) -> bool:
        """Tell whether tokens of a channel, `mobilepush` or `webpush`, may be updated on a known contact."""
        return self.listed is None or channel in self.listed


@functools.lru_cache(maxsize=256)
def _columns(listed: frozenset[str]) -> frozenset[str]:
    return frozenset(column for name in listed for column in CONTACT_FIELDS[name])

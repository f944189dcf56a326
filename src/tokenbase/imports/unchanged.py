"""Contacts of a batch that stand in the base exactly as they come: they cost one look-up and nothing is written.

A contact is remembered by a digest of its bytes and of everything else in the request that decides what they do. The
digest stands with the contact for as long as nothing else changes it, so sending the same again changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from tokenbase.contacts import fields, loading, rules
from tokenbase.contract import contacts
from tokenbase.imports import envelope

_READING = 1
"""Grows when the same bytes come to mean something else."""
_SAMPLE = 16


class _Named(msgspec.Struct, rename="camel"):
    external_customer_id: contacts.Text | None = None


_DECODER = msgspec.json.Decoder(_Named)


class Digests:
    """The digest of each contact of a request by its place: 32 hex digits. Which segments it fills does not matter."""

    def __init__(self, sent: envelope.Envelope, known_fields: Mapping[int, fields.Field]) -> None:
        """Take the request and the account's additional fields."""
        options = repr((_READING, _ordered(sent.how), sorted(known_fields.items())))
        self._begun = hashlib.sha256(options.encode())
        self._contacts = sent.contacts

    def __getitem__(self, place: int) -> str:
        """Return a digest; it is made each time it is asked for."""
        digest = self._begun.copy()
        digest.update(self._contacts[place])
        return digest.hexdigest()[:32]


class NoDigests(Digests):
    """What stands in for them where contacts are not to be remembered: "" for each."""

    def __init__(self) -> None:
        """Take nothing."""

    def __getitem__(self, place: int) -> str:
        """Return ""."""
        return ""


def external_ids(contacts: Sequence[msgspec.Raw]) -> list[str]:
    """Return the customer's id of each contact, without a look at anything else; "" for none."""
    found = []
    for raw in contacts:
        try:
            external_id = _DECODER.decode(raw).external_customer_id
        except (msgspec.DecodeError, RecursionError):
            external_id = None
        found.append("" if external_id is None else str(external_id).strip())
    return found


def sample(conn: loading.Connection, account_id: int, sent: envelope.Envelope, digests: Digests) -> tuple[bool, bool]:
    """Guess from a few contacts whether most of the batch is unchanged, and whether all of it may be new."""
    step = max(1, len(sent.contacts) // _SAMPLE)
    names = external_ids(sent.contacts[::step])
    known = loading.external_ids(conn, account_id, filter(None, names))
    stored = loading.digests(conn, account_id, known.values())
    places = range(0, len(sent.contacts), step)
    same = sum(
        name in known and stored.get(known[name]) == digests[place] for place, name in zip(places, names, strict=True)
    )
    return 2 * same > len(names), not known


def find(
    known: Mapping[str, int], stored: Mapping[int, str], external_ids: Sequence[str], digests: Digests
) -> dict[int, int]:
    """Return the contacts' ids of those that are unchanged, by their place in the request.

    `known` is who has which external id, `stored` the digest of each of those who are not deleted, "" for none. One
    that the request names twice is not among them.
    """
    found: dict[int, int] = {}
    places: dict[str, int] = {}
    for place, external_id in enumerate(external_ids):
        if external_id in places:
            found.pop(places[external_id], None)
        elif (digest := stored.get(known.get(external_id, 0))) and digest == digests[place]:
            found[place] = known[external_id]
        places.setdefault(external_id, place)
    return found


def _ordered(how: rules.Rules) -> tuple[object, ...]:
    listed = None if how.listed is None else sorted(how.listed)
    return how.kinds, how.field_id, listed, None if how.field_ids is None else sorted(how.field_ids)

"""Rows into the bodies of bulk requests: one kind of identity a batch, up to 3,000 contacts, of a bounded size."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from tokenbase.uploader.rows import Row

BODY_BYTES = 16 * 1024 * 1024
"""A batch is closed before its body grows beyond this, since servers have limits of their own."""


class Item(msgspec.Struct):
    """A row with the contact made of it, as JSON, and what identifies the person and the devices."""

    row: Row
    contact: bytes
    external_id: str | None
    kind: str
    """What `dedupeOn` says for it."""
    names: tuple[str, ...]
    """External id, addresses and tokens: two items that share one must not overtake each other."""
    fields: tuple[int, ...] = ()
    """The additional fields that a mapping gave it."""
    notes: list[str] = []
    """What is to be told of the row though it is sent."""


class Batch(msgspec.Struct):
    """Items that go in one request."""

    kind: str
    items: list[Item]
    names: frozenset[str]

    def body(self, options: dict[str, object]) -> bytes:
        """Return the request's body."""
        fields = {field for item in self.items for field in item.fields}
        # Whoever maps a column to a field means it for known contacts as well.
        meant = {"customFieldsIDs": sorted(fields)} if fields else {}
        request = {
            **meant,
            **options,
            "dedupeOn": self.kind,
            "contacts": [msgspec.Raw(item.contact) for item in self.items],
        }
        return msgspec.json.encode(request)

    def halves(self) -> tuple[Batch, Batch]:
        """Return the batch as two."""
        middle = len(self.items) // 2
        return of(self.items[:middle]), of(self.items[middle:])


def of(items: list[Item]) -> Batch:
    """Return items of one kind as a batch."""
    return Batch(items[0].kind, items, frozenset(name for item in items for name in item.names))


def item(row: Row, contact: dict[str, Any], raw: bytes | None, dedupe_on: str | None) -> Item | str:
    """Return what to send for a contact, or why it cannot be sent.

    `raw` is its JSON where the source has it ready; `dedupe_on` is what the caller wants all contacts matched on.
    """
    external_id = _text(contact.get("externalCustomerId"))
    channels = contact.get("channels")
    listed = channels if isinstance(channels, list) else [channels]
    found: dict[str, str] = {}
    names = [f"{key}:{value.strip()}" for key in _IDS if (value := _text(contact.get(key))) is not None]
    for channel in listed:
        if isinstance(channel, dict) and (value := _text(channel.get("value"))) is not None:
            kind = str(channel.get("type"))
            found.setdefault(kind, value)
            names.append(_name(kind, value))
    kind = dedupe_on or ("externalCustomerId" if external_id is not None else "")
    if not kind:
        kind = next((kind for kind in ("mobilepush", "email", "sms") if kind in found), "")
    if not kind:
        return "nothing identifies this row: it needs an external id, a push token, an e-mail or a phone number"
    fields: tuple[int, ...] = ()
    if raw is None:
        fields = tuple(field["id"] for field in contact.get("fields") or () if isinstance(field.get("id"), int))
        try:
            raw = msgspec.json.encode(contact)
        except UnicodeEncodeError:
            return "it is not UTF-8: save the file as UTF-8"
    return Item(row, raw, external_id, kind, tuple(names), fields)


_IDS = ("externalCustomerId", "contactKey", "id")
_NO_DIGIT = re.compile(r"[^0-9]")


def _name(kind: str, value: str) -> str:
    """Return what two spellings of one address have in common, as far as it can be seen from here."""
    if kind in ("sms", "viber"):
        return f"sms:{_NO_DIGIT.sub('', value).lstrip('0')}"
    return f"{kind}:{value.strip().lower()}"


def _text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)


class _Open:
    """A batch that is being filled."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.bytes = 0
        self.names: set[str] = set()

    def add(self, found: Item) -> None:
        self.items.append(found)
        self.bytes += len(found.contact) + 1
        self.names.update(found.names)


def group(items: Iterable[Item], size: int) -> Iterator[Batch]:
    """Yield batches of at most `size` items; whatever shares a name keeps its order."""
    waiting: dict[str, _Open] = {}
    for found in items:
        for kind in [kind for kind, other in waiting.items() if kind != found.kind]:
            if not waiting[kind].names.isdisjoint(found.names):
                yield of(waiting.pop(kind).items)
        mine = waiting.setdefault(found.kind, _Open())
        if mine.items and mine.bytes + len(found.contact) > BODY_BYTES:
            yield of(mine.items)
            mine = waiting[found.kind] = _Open()
        mine.add(found)
        if len(mine.items) >= size:
            yield of(waiting.pop(found.kind).items)
    for mine in waiting.values():
        yield of(mine.items)

"""One contact's JSON, decoded on its own.

Strictly first, since nearly all are plain; where that fails value by value, keeping what is good.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from tokenbase.contract import contacts, problems, wording

_DECODER = msgspec.json.Decoder(contacts.Contact)

# Without these the rest is worth nothing: a wrong type there fails the contact, elsewhere it only drops the value.
_ESSENTIAL = frozenset({"id", "externalCustomerId", "channels", "type", "value"})

_PARTS: dict[str, type[msgspec.Struct]] = {
    "channels": contacts.Channel,
    "device": contacts.Device,
    "webPushSubscription": contacts.WebPushSubscription,
    "keys": contacts.WebPushKeys,
    "address": contacts.Address,
    "fields": contacts.FieldValue,
    "groups": contacts.Group,
}
_LISTS = frozenset({"channels", "fields", "groups"})

Warn = Callable[[str, str], None]
_Part = TypeVar("_Part", bound=msgspec.Struct)


class Unusable(Exception):
    """A contact that cannot be stored; carries the problem to be told."""

    def __init__(self, code: int, path: str, message: str) -> None:
        """Take what `problems.Problem` takes."""
        self.code, self.path, self.message = code, path, message
        super().__init__(message)


def decode(raw: bytes | msgspec.Raw, warn: Warn) -> contacts.Contact:
    """Return the contact. Values of a wrong type are dropped and told to `warn`; raises Unusable where that cannot.

    Every path begins at the contact.
    """
    try:
        return _DECODER.decode(raw)
    except (msgspec.ValidationError, RecursionError):
        pass
    try:
        sent = msgspec.json.decode(raw)
    except msgspec.DecodeError as fault:
        # The request is JSON as a whole, so this is a number beyond all bounds.
        raise Unusable(problems.CONTACT_VALUE_OF_WRONG_TYPE, "", wording.of_type(str(fault)).lower()) from None
    except RecursionError:
        raise Unusable(problems.CONTACT_VALUE_OF_WRONG_TYPE, "", "it is nested too deeply") from None
    if not isinstance(sent, dict):
        raise Unusable(
            problems.CONTACT_NOT_AN_OBJECT, "", f"a contact is an object such as {{...}}, this is {_name(sent)}"
        )
    return _salvage(sent, contacts.Contact, "", warn)


def _salvage(sent: dict[str, object], part: type[_Part], path: str, warn: Warn) -> _Part:
    kept = {}
    for field in msgspec.structs.fields(part):
        name = field.encode_name
        value = sent.get(name)
        if value is None:
            continue
        place = f"{path}{name}"
        try:
            kept[field.name] = msgspec.convert(value, field.type, strict=False)
            continue
        except msgspec.ValidationError as fault:
            reason = wording.of_type(str(fault))
        if name in _LISTS:
            items = value if isinstance(value, list) else [value]
            kept[field.name] = [
                _salvage(item, _PARTS[name], f"{place}[{number}].", warn)
                for number, item in enumerate(items)
                if _is_object(item, name, f"{place}[{number}]", warn)
            ]
        elif isinstance(value, dict) and name in _PARTS and part is not contacts.Address:
            kept[field.name] = _salvage(value, _PARTS[name], f"{place}.", warn)
        elif name in _ESSENTIAL and part is not contacts.FieldValue and part is not contacts.Group:
            raise Unusable(problems.CONTACT_VALUE_OF_WRONG_TYPE, place, reason)
        else:
            warn(place, f"dropped: {reason}")
    return part(**kept)


def _is_object(item: object, name: str, place: str, warn: Warn) -> bool:
    if isinstance(item, dict):
        return True
    if name in _ESSENTIAL:
        raise Unusable(problems.CONTACT_VALUE_OF_WRONG_TYPE, place, f"expected an object, got {_name(item)}")
    if item is not None:
        warn(place, f"dropped: expected an object, got {_name(item)}")
    return False


def _name(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")

"""Conditions of a dynamic segment as they are sent, read into a tree: every name, operator and value checked.

    {"all": [{"on": "os", "is": "iOS"}, {"not": {"on": "appVersion", "below": "2.10"}}]}

A node has one of the keys `all`, `any`, `not`, or names what it is `on` and has one operator. Nothing is asked of the
database here; `compiling` makes SQL of the tree.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Mapping

import msgspec

from tokenbase.contacts import emails, fields, phones
from tokenbase.contract import limits, problems

Scalar = str | int | bool


class Leaf(msgspec.Struct, frozen=True):
    """What one thing has to be. `name` is a key of `SUBJECTS`, `operator` one of those of its kind.

    `values` are in the form in which they are compared; `of` is the field's id or the event's key, where it has one.
    """

    name: str
    kind: str
    operator: str
    values: tuple[Scalar, ...]
    of: str = ""


class Group(msgspec.Struct, frozen=True):
    """Conditions that are joined by `word`: all, any, not (of one), or device (one and the same device meets all)."""

    word: str
    parts: tuple[Node, ...]


Node = Leaf | Group

OPERATORS = {
    "text": ("is", "in", "startsWith", "known"),
    "exact": ("is", "in", "known"),
    "key": ("is", "in", "known"),
    "uuid": ("is", "in", "known"),
    "flag": ("is",),
    "channel": ("is", "in"),
    "version": ("is", "in", "above", "below", "atLeast", "atMost", "known"),
    "number": ("is", "in", "above", "below", "atLeast", "atMost", "known"),
    "moment": ("within", "before", "after", "known"),
    "event": ("within", "before", "after", "known"),
    "segment": ("is", "in"),
    "choices": ("is", "in", "known"),
}
"""What can be asked of each kind of value."""

CONTACT = {
    "firstName": "text",
    "lastName": "text",
    "region": "text",
    "town": "text",
    "postcode": "text",
    "language": "text",
    "timeZone": "text",
    "externalCustomerId": "key",
    "email": "key",
    "sms": "key",
    "created": "moment",
    "updated": "moment",
    "channel": "channel",
    "segment": "segment",
}
DEVICE = {
    "app": "uuid",
    "os": "text",
    "deviceModel": "text",
    "appVersion": "version",
    "clientVersion": "version",
    "locale": "text",
    "deviceLanguage": "text",
    "environment": "exact",
    "provider": "exact",
    "active": "flag",
    "registered": "moment",
    "lastActive": "moment",
}
SUBJECTS = {**CONTACT, **DEVICE, "field": "", "event": "event", "device": ""}
"""What a condition can be on, and the kind of its value; a field's kind is its type's."""

CHANNELS = ("email", "sms", "viber", "telegram", "mobilepush", "webpush")
_FIELD_KINDS = {
    "text": "text",
    "textarea": "text",
    "select": "exact",
    "checkbox": "choices",
    "number": "number",
    "decimal": "number",
    "date": "moment",
    "datetime": "moment",
}
_VERSION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){0,9}")
_MOST_DAYS = 36_500


def read(sent: object, known: Mapping[int, fields.Field]) -> Node:
    """Return the tree of conditions. Raises BadValue with the path of what is wrong, from `conditions` on."""
    reader = _Reader(known)
    return reader.node(sent, "conditions", limits.CONDITION_DEPTH, SUBJECTS)


def segments(tree: Node) -> set[int]:
    """Return the ids of the segments that conditions name."""
    if isinstance(tree, Leaf):
        return {int(value) for value in tree.values} if tree.kind == "segment" else set()
    return {number for part in tree.parts for number in segments(part)}


class _Reader:
    def __init__(self, known: Mapping[int, fields.Field]) -> None:
        self._fields = known
        self._left = limits.CONDITIONS
        self._values_left = limits.SEGMENT_VALUES

    def node(self, sent: object, path: str, depth: int, subjects: Mapping[str, str]) -> Node:
        self._left -= 1
        if self._left < 0:
            raise problems.bad_value(path, f"there are at most {limits.CONDITIONS} conditions")
        if depth == 0:
            raise problems.bad_value(path, f"conditions are nested at most {limits.CONDITION_DEPTH} deep")
        if not isinstance(sent, dict):
            raise problems.bad_value(path, 'a condition is an object such as {"on": "os", "is": "iOS"}')
        if "on" in sent:
            return self._leaf(sent, path, depth, subjects)
        words = [word for word in ("all", "any", "not") if word in sent]
        if len(words) != 1 or len(sent) != 1:
            raise problems.bad_value(
                path, 'one of the keys "all", "any", "not" and "on" is needed, and no other beside the first three'
            )
        (word,) = words
        if word == "not":
            return Group("not", (self.node(sent["not"], f"{path}.not", depth - 1, subjects),))
        return Group(word, self._list(sent[word], f"{path}.{word}", depth, subjects))

    def _list(self, sent: object, path: str, depth: int, subjects: Mapping[str, str]) -> tuple[Node, ...]:
        if not isinstance(sent, list) or not sent:
            raise problems.bad_value(path, "a list of conditions is needed, at least one")
        return tuple(self.node(one, f"{path}[{number}]", depth - 1, subjects) for number, one in enumerate(sent))

    def _leaf(self, sent: Mapping[str, object], path: str, depth: int, subjects: Mapping[str, str]) -> Node:
        name = sent["on"]
        if not isinstance(name, str) or name not in subjects:
            raise problems.bad_value(f"{path}.on", f"one of {', '.join(subjects)} is needed")
        rest = {key: value for key, value in sent.items() if key != "on"}
        if name == "device":
            if rest.keys() != {"all"}:
                raise problems.bad_value(path, 'a device has a list "all" of what one and the same device has to be')
            return Group("device", self._list(rest["all"], f"{path}.all", depth, DEVICE))
        kind, of = subjects[name], ""
        if name == "field":
            field = self._field(rest.pop("id", None), f"{path}.id")
            kind, of = _FIELD_KINDS[field.type], str(field.id)
        elif name == "event":
            of = _text(rest.pop("key", None), f"{path}.key", limits.EVENT_KEY_CHARACTERS)
        if len(rest) != 1:
            raise problems.bad_value(path, f"one operator is needed: {', '.join(OPERATORS[kind])}")
        ((operator, value),) = rest.items()
        if operator not in OPERATORS[kind]:
            raise problems.bad_value(f"{path}.{operator}", f"of {name} can be asked: {', '.join(OPERATORS[kind])}")
        values = _values(name, kind, operator, value, f"{path}.{operator}")
        self._values_left -= len(values)
        if self._values_left < 0:
            message = f"the conditions of a segment compare with at most {limits.SEGMENT_VALUES:,} values in all"
            raise problems.bad_value(f"{path}.{operator}", message)
        return Leaf(name, kind, operator, values, of)

    def _field(self, sent: object, path: str) -> fields.Field:
        number = int(sent) if isinstance(sent, (int, str)) and re.fullmatch(r"[0-9]{1,18}", str(sent)) else 0
        if number not in self._fields:
            raise problems.bad_value(path, "the id of an additional field of this account is needed")
        return self._fields[number]


def _values(name: str, kind: str, operator: str, sent: object, path: str) -> tuple[Scalar, ...]:
    if operator == "known":
        if not isinstance(sent, bool):
            raise problems.bad_value(path, "true or false is needed")
        return (sent,)
    if operator == "within":
        if not isinstance(sent, int) or isinstance(sent, bool) or not 0 < sent <= _MOST_DAYS:
            raise problems.bad_value(path, f"a number of days is needed, from 1 to {_MOST_DAYS:,}")
        return (sent,)
    if operator in ("before", "after"):
        return (_moment(sent, path),)
    if operator == "in":
        if not isinstance(sent, list) or not 0 < len(sent) <= limits.CONDITION_VALUES:
            raise problems.bad_value(path, f"a list of 1 to {limits.CONDITION_VALUES} values is needed")
        return tuple(_value(name, kind, one, f"{path}[{number}]") for number, one in enumerate(sent))
    return (_value(name, kind, sent, path),)


def _value(name: str, kind: str, sent: object, path: str) -> Scalar:
    if kind == "flag":
        if not isinstance(sent, bool):
            raise problems.bad_value(path, "true or false is needed")
        return sent
    if kind == "number":
        if isinstance(sent, bool) or not isinstance(sent, (int, float)) or abs(sent) > 1e30:
            raise problems.bad_value(path, "a number is needed")
        return str(sent)
    if kind == "segment":
        if isinstance(sent, bool) or not isinstance(sent, int) or not 0 < sent < 2**63:
            raise problems.bad_value(path, "the id of a segment is needed")
        return sent
    text = _text(sent, path, limits.CONDITION_CHARACTERS)
    if kind == "version" and _VERSION.fullmatch(text) is None:
        raise problems.bad_value(path, "a version is needed, numbers with dots between: 2.10.1")
    if kind == "channel" and text not in CHANNELS:
        raise problems.bad_value(path, f"one of {', '.join(CHANNELS)} is needed")
    try:
        if kind == "uuid":
            return str(uuid.UUID(text))
        if kind == "key":
            return {"email": emails.clean, "sms": phones.clean}.get(name, str)(text)
    except ValueError as fault:
        raise problems.bad_value(path, "the UUID of an app is needed" if kind == "uuid" else str(fault)) from None
    return text


def _text(sent: object, path: str, most: int) -> str:
    if not isinstance(sent, str) or not (text := sent.strip()) or len(text) > most or "\0" in text:
        raise problems.bad_value(path, f"a text of 1 to {most} characters is needed")
    return text


def _moment(sent: object, path: str) -> str:
    text = _text(sent, path, 50)
    try:
        moment = dt.datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).astimezone(dt.UTC).isoformat()
    except (ValueError, OverflowError):
        raise problems.bad_value(
            path, "a date or a date with time is needed: 2026-11-23 or 2026-11-23T17:05:00Z"
        ) from None

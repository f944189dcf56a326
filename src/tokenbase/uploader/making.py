"""What a mapping makes of a row: a contact as the API takes it. What is good of its values is the server's to say."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping, Sequence

from tokenbase.uploader import targets
from tokenbase.uploader.mapping import Plan

Contact = dict[str, object]

SENTINELS = frozenset(
    {"", "null", "(null)", "undefined", "none", "nil", "nan", "false", "0", "[object object]", "blacklisted"}
)
"""What exports write, in any case, where there is no token."""


def compiled(
    plan: Plan, headings: Sequence[str] | None, notice: Callable[[str], None]
) -> Callable[[list[str] | dict[str, object]], Contact]:
    """Return the function that makes a contact of a row's cells: a list in the order of the headings, or a dict.

    It leaves out what is empty. What is odd about a value goes to `notice`, in words that are the same for each row.
    """
    reader = _reader(headings, notice)
    plain: list[tuple[str, Callable[..., str]]] = []
    channels: list[tuple[str, Callable[..., str]]] = []
    tokens: list[tuple[str | None, Callable[..., str]]] = []
    device: list[tuple[str, Callable[..., str], Callable[[str], object]]] = []
    address: list[tuple[str, Callable[..., str]]] = []
    fields: list[tuple[int, Callable[..., str]]] = []
    for source, target in (
        *((reader(heading), target) for heading, target in plan.columns.items()),
        *((_constant(value), target) for target, value in plan.constants.items()),
    ):
        if target in targets.CHANNELS:
            channels.append((target, source))
        elif target in targets.TOKENS:
            tokens.append(({"mobilepush.ios": "iOS", "mobilepush.android": "Android"}.get(target), source))
        elif target in targets.DEVICE:
            name = target.removeprefix("device.")
            device.append((name, source, _CONVERSIONS.get(name, str)))
        elif target in targets.ADDRESS:
            address.append((target.removeprefix("address."), source))
        elif (field_id := targets.field_id(target)) is not None:
            fields.append((field_id, source))
        else:
            plain.append((target, source))

    def contact(cells: list[str] | dict[str, object]) -> Contact:
        made: Contact = {name: value for name, source in plain if (value := source(cells))}
        described = {name: convert(value) for name, source, convert in device if (value := source(cells))}
        listed: list[Contact] = []
        for system, source in tokens:
            value = source(cells)
            if value.lower() not in SENTINELS:
                about = described if system is None or "os" in described else {**described, "os": system}
                listed.append({"type": "mobilepush", "value": value, "device": about})
        for name, source in channels:
            if value := source(cells):
                listed.append({"type": name, "value": value})
        made["channels"] = listed
        if address and (parts := {name: value for name, source in address if (value := source(cells))}):
            made["address"] = parts
        if fields and (
            values := [{"id": field_id, "value": value} for field_id, source in fields if (value := source(cells))]
        ):
            made["fields"] = values
        return made

    return contact


def _reader(headings: Sequence[str] | None, notice: Callable[[str], None]) -> Callable[[str], Callable[..., str]]:
    if headings is None:

        def named(name: str) -> Callable[..., str]:
            def value(cells: dict[str, object]) -> str:
                found = cells.get(name)
                if isinstance(found, (dict, list)) and found:
                    kind = "a list" if isinstance(found, list) else "an object"
                    notice(f'"{name}" holds {kind} where one value is meant: it is taken as its JSON text')
                return _text(found)

            return value

        return named
    places: Mapping[str, int] = {heading: place for place, heading in enumerate(headings)}

    def at(place: int) -> Callable[..., str]:
        return lambda cells: cells[place].strip()

    return lambda name: at(places[name])


def _constant(value: str | int | bool) -> Callable[..., str]:
    text = _text(value)
    return lambda _: text


def _text(value: object) -> str:
    if isinstance(value, str):
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False) if value else ""
    return json.dumps(value) if isinstance(value, bool) else str(value)


_YES = frozenset({"true", "t", "1", "yes", "y", "on", "subscribed", "opted_in", "opted-in", "enabled", "active"})
_NO = frozenset({"false", "f", "0", "no", "n", "off", "unsubscribed", "opted_out", "opted-out", "disabled", "inactive"})


def _truth(text: str) -> object:
    word = text.lower()
    return True if word in _YES else False if word in _NO else text


_SECONDS = re.compile(r"[0-9]{9,10}(\.[0-9]+)?")
_MILLISECONDS = re.compile(r"[0-9]{12,13}")


def _moment(text: str) -> str:
    """Return Unix seconds or milliseconds as a date-time, and ` UTC` as an offset; anything else as it is."""
    if _SECONDS.fullmatch(text):
        return dt.datetime.fromtimestamp(float(text), dt.UTC).isoformat()
    if _MILLISECONDS.fullmatch(text):
        return dt.datetime.fromtimestamp(int(text) / 1000, dt.UTC).isoformat()
    return text.removesuffix(" UTC") + "+00:00" if text.endswith(" UTC") else text


_CONVERSIONS: dict[str, Callable[[str], object]] = {
    "active": _truth,
    "registeredAt": _moment,
    "lastActiveAt": _moment,
}

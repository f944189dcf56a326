"""The mapping of a source's columns to a contact, as a file that people can read, and as a function over rows."""

from __future__ import annotations

import datetime as dt
import difflib
import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from tokenbase.contract import imports
from tokenbase.uploader import targets
from tokenbase.uploader.faults import BadMapping

Contact = dict[str, object]

SENTINELS = frozenset(
    {"", "null", "(null)", "undefined", "none", "nil", "nan", "false", "0", "[object object]", "blacklisted"}
)
"""What exports write, in any case, where there is no token."""

OPTIONS = (
    "dedupeOn",
    "fieldId",
    "contactFields",
    "customFieldsIDs",
    "groupNames",
    "groupNamesExclude",
    "restoreDeleted",
    "eventKeyForNewContacts",
)
"""What `[options]` may hold: the keys of a bulk request beside its contacts."""


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mapping: headings to targets, targets to constants, and options of the requests."""

    columns: dict[str, str] = {}
    constants: dict[str, str | int | bool] = {}
    options: dict[str, object] = {}


def read(file: Path) -> Plan:
    """Return the mapping in a TOML file. Raises BadMapping where it names what there is not."""
    try:
        plan = msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), Plan)
    except OSError as fault:
        raise BadMapping(f"{file} cannot be read: {fault.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as fault:
        raise BadMapping(f"{file} is not a mapping: {fault}") from None
    for target in (*plan.columns.values(), *plan.constants):
        if target not in targets.TARGETS and targets.field_id(target) is None:
            raise BadMapping(f'{file}: there is no target "{target}"{_near(target, targets.TARGETS)}')
    for option in plan.options:
        if option not in OPTIONS:
            raise BadMapping(f'{file}: there is no option "{option}"{_near(option, OPTIONS)}')
    if (key := plan.options.get("dedupeOn")) is not None and key not in imports.DEDUPE_KEYS:
        raise BadMapping(f'{file}: dedupeOn is "{key}"; there are {", ".join(imports.DEDUPE_KEYS)}')
    return plan


def guess(headings: list[str], source: str) -> Plan:
    """Return the mapping that common headings suggest. Raises BadMapping where none of them is common."""
    columns = targets.guess(headings)
    if not columns:
        shown = ", ".join(headings[:10])
        raise BadMapping(f"none of the columns of {source} is known ({shown}): write a mapping and give it by --map")
    return Plan(columns=columns)


def write(plan: Plan) -> str:
    """Return a mapping as the TOML that `read` takes."""
    parts = []
    for name, table in (("options", plan.options), ("columns", plan.columns), ("constants", plan.constants)):
        if table:
            lines = (f"{json.dumps(key)} = {json.dumps(value)}" for key, value in table.items())
            parts.append(f"[{name}]\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def check_headings(plan: Plan, headings: Sequence[str], source: str) -> None:
    """Raise BadMapping where the mapping names a column that the source does not have."""
    for heading in plan.columns:
        if heading not in headings:
            raise BadMapping(f'{source} has no column "{heading}"{_near(heading, headings)}')


def compiled(plan: Plan, headings: Sequence[str] | None) -> Callable[[list[str] | dict[str, object]], Contact]:
    """Return the function that makes a contact of a row's cells: a list in the order of the headings, or a dict.

    It leaves out what is empty; what is good of the rest is the server's to say.
    """
    reader = _reader(headings)
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


def _reader(headings: Sequence[str] | None) -> Callable[[str], Callable[..., str]]:
    if headings is None:
        return lambda name: lambda cells: _text(cells.get(name))
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
    return json.dumps(value) if isinstance(value, (bool, dict, list)) else str(value)


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


def _near(name: str, known: Sequence[str]) -> str:
    found = difflib.get_close_matches(name, known, n=1)
    return f'; did you mean "{found[0]}"?' if found else f"; there are {', '.join(known[:40])}"

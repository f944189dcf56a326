"""The mapping of a source's columns to a contact, as a file that people can read. What it makes of a row: `making`."""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tokenbase.contract import imports
from tokenbase.uploader import targets
from tokenbase.uploader.faults import BadMapping

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
        if target and target not in targets.TARGETS and targets.field_id(target) is None:
            raise BadMapping(f'{file}: there is no target "{target}"{_near(target, targets.TARGETS)}')
    for option in plan.options:
        if option not in OPTIONS:
            raise BadMapping(f'{file}: there is no option "{option}"{_near(option, OPTIONS)}')
    if (key := plan.options.get("dedupeOn")) is not None and key not in imports.DEDUPE_KEYS:
        raise BadMapping(f'{file}: dedupeOn is "{key}"; there are {", ".join(imports.DEDUPE_KEYS)}')
    # Headings that were left open when the mapping was written.
    columns = {heading: target for heading, target in plan.columns.items() if target}
    if plan.columns and not columns:
        raise BadMapping(f"{file} maps no column: write a target behind a heading, such as {targets.TARGETS[1]}")
    return msgspec.structs.replace(plan, columns=columns)


def guess(headings: list[str], source: str) -> Plan:
    """Return the mapping that common headings suggest. Raises BadMapping where none of them is common."""
    columns = targets.guess(headings)
    if not columns:
        shown = ", ".join(headings[:10])
        raise BadMapping(f"none of the columns of {source} is known ({shown}): write a mapping and give it by --map")
    return Plan(columns=columns)


def write(plan: Plan, headings: Sequence[str] = ()) -> str:
    """Return a mapping as the TOML that `read` takes; of `headings` those that it does not map stand open in it."""
    still = {heading: "" for heading in headings if heading and heading not in plan.columns}
    parts = [f"# Targets: {', '.join(targets.TARGETS)}, fields.NUMBER\n"] if still else []
    columns = {**plan.columns, **still}
    for name, table in (("options", plan.options), ("columns", columns), ("constants", plan.constants)):
        if table:
            lines = (f"{json.dumps(key)} = {json.dumps(value)}" for key, value in table.items())
            parts.append(f"[{name}]\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def warnings(plan: Plan) -> list[str]:
    """Return what is odd about a mapping as a whole, though it can be used."""
    if any(target in targets.TOKENS for target in (*plan.columns.values(), *plan.constants)):
        return []
    return ["no column is a push token: map one to mobilepush, mobilepush.ios or mobilepush.android"]


def check_headings(plan: Plan, headings: Sequence[str], source: str) -> None:
    """Raise BadMapping where the mapping names a column that the source does not have."""
    for heading in plan.columns:
        if heading not in headings:
            raise BadMapping(f'{source} has no column "{heading}"{_near(heading, headings)}')


def _near(name: str, known: Sequence[str]) -> str:
    found = difflib.get_close_matches(name, known, n=1)
    return f'; did you mean "{found[0]}"?' if found else f"; there are {', '.join(known[:40])}"

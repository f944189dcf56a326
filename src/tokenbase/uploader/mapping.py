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


class Derived(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column made of others: joined by `join`, cut by a pattern (its first group), translated by `values`.

    In `values` case does not matter, `*` stands for anything else, and what is not there stays as it is.
    """

    of: str | list[str]
    pattern: str | None = None
    join: str = "-"
    values: dict[str, str] | None = None


class Join(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The element of the list `each` whose value `by` is what `on` is; its path begins with @ and the join's name."""

    each: str
    by: str
    on: str


class When(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Other columns for rows whose `column` has one of some values."""

    column: str
    values: list[str]
    columns: dict[str, str]


class Skip(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows that are not meant to be sent, since their `column` has one of some values."""

    column: str
    values: list[str]
    reason: str


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mapping: headings or paths to targets, targets to constants, options of the requests.

    `rows` is the path of the rows in a JSON document, `each` those of the devices in a row, `utc` says that times
    without an offset are in UTC, `apps` names the UUIDs of the source's apps, `needs` the columns without which a file
    is none of this kind, `warn` those whose absence is told. `title`, `about` and `query` are those of presets.
    """

    title: str = ""
    about: str = ""
    query: str | None = None
    rows: str | None = None
    each: list[str] = []
    utc: bool = False
    needs: list[str] = []
    warn: dict[str, str] = {}
    columns: dict[str, str] = {}
    constants: dict[str, str | int | bool] = {}
    derived: dict[str, Derived] = {}
    joins: dict[str, Join] = {}
    when: list[When] = []
    skip: list[Skip] = []
    apps: dict[str, str] = {}
    options: dict[str, object] = {}


def read(file: Path) -> Plan:
    """Return the mapping in a TOML file. Raises BadMapping where it names what there is not."""
    try:
        return parsed(file.read_text(encoding="utf-8"), str(file))
    except OSError as fault:
        raise BadMapping(f"{file} cannot be read: {fault.strerror}") from None
    except UnicodeDecodeError as fault:
        raise BadMapping(f"{file} is not a mapping: {fault}") from None


def parsed(text: str, file: str) -> Plan:
    """Return the mapping in a text. Raises BadMapping where it names what there is not."""
    try:
        plan = msgspec.convert(tomllib.loads(text), Plan)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as fault:
        raise BadMapping(f"{file} is not a mapping: {fault}") from None
    for target in (*plan.columns.values(), *plan.constants, *(t for when in plan.when for t in when.columns.values())):
        if target and target not in targets.TARGETS and targets.field_name(target) is None:
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
        if len(headings) == 1 and not headings[0].replace("_", "").isalnum():
            raise BadMapping(f"{source} has one column ({shown}): its cells must be separated by , ; | or tabs")
        raise BadMapping(f"none of the columns of {source} is known ({shown}): write a mapping and give it by --map")
    return Plan(columns=columns)


def write(plan: Plan, headings: Sequence[str] = ()) -> str:
    """Return a mapping as the TOML that `read` takes; of `headings` those that it does not map stand open in it."""
    still = {heading: "" for heading in headings if heading and heading not in plan.columns}
    parts = [f"# Targets: {', '.join(targets.TARGETS)}, fields.NUMBER, fields.NAME"] if still else []
    given = msgspec.to_builtins(msgspec.structs.replace(plan, columns={**plan.columns, **still}))
    said = {name: value for name, value in given.items() if value not in (None, "", [], {}, False)}
    plain = {name: value for name, value in said.items() if not isinstance(value, dict)}
    parts.append("\n".join(f"{name} = {_toml(value)}" for name, value in plain.items()))
    for name, table in said.items():
        if name not in plain:
            lines = (f"{json.dumps(key, ensure_ascii=False)} = {_toml(value)}" for key, value in table.items())
            parts.append(f"[{name}]\n" + "\n".join(lines))
    return "\n\n".join(part for part in parts if part) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, dict):
        inner = (f"{json.dumps(k, ensure_ascii=False)} = {_toml(v)}" for k, v in value.items() if v is not None)
        return f"{{ {', '.join(inner)} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False)


def names_fields(plan: Plan) -> bool:
    """Tell whether a mapping goes by the names of additional fields, which only the server knows the numbers of."""
    names = map(targets.field_name, (*plan.columns.values(), *plan.constants))
    return any(name is not None and not name.isdigit() for name in names)


def used(plan: Plan) -> set[str]:
    """Return the columns that a mapping makes something of."""
    rules = [*(when.column for when in plan.when), *(skip.column for skip in plan.skip)]
    made_of = [[one.of] if isinstance(one.of, str) else one.of for one in plan.derived.values()]
    joined = [join.each for join in plan.joins.values()]
    paths = {*plan.columns, *plan.each, *rules, *joined, *(name for names in made_of for name in names)}
    return paths | {path.partition(".")[0] for path in paths}


def warnings(plan: Plan) -> list[str]:
    """Return what is odd about a mapping as a whole, though it can be used."""
    if any(target in targets.TOKENS for target in (*plan.columns.values(), *plan.constants)):
        return []
    return ["no column is a push token: map one to mobilepush, mobilepush.ios or mobilepush.android"]


def check_headings(plan: Plan, headings: Sequence[str], source: str) -> list[str]:
    """Raise BadMapping where the mapping names a column that the source does not have; return what else is odd."""
    for heading in plan.needs:
        if not _there(heading, headings):
            raise BadMapping(
                f'{source} has no column "{heading}": it is not what is called "{plan.title}" here; '
                "see tokenbase presets, or write a mapping"
            )
    if not plan.title:
        for heading in plan.columns:
            if heading not in plan.derived and not _there(heading, headings):
                raise BadMapping(f'{source} has no column "{heading}"{_near(heading, headings)}')
    return [message for heading, message in plan.warn.items() if not _there(heading, headings)]


def _there(path: str, headings: Sequence[str]) -> bool:
    return path in headings or path.partition(".")[0] in (*headings, "*", "@", "{key}") or path.startswith("@")


def _near(name: str, known: Sequence[str]) -> str:
    found = difflib.get_close_matches(name, known, n=1)
    return f'; did you mean "{found[0]}"?' if found else f"; there are {', '.join(known[:40])}"

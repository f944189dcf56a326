"""What the verbs of the uploader have in common: how a source, its mapping and a server are named."""

from __future__ import annotations

import os
import re
import shlex
import sys
import uuid
from pathlib import Path

from tokenbase import cli
from tokenbase.client import faults
from tokenbase.uploader import mapping, presets, source
from tokenbase.uploader.faults import BadCall
from tokenbase.uploader.sources import sql


def plan(preset: str | None, file: Path | None) -> mapping.Plan | None:
    """Return the mapping that --from or --map names. Raises BadCall and BadMapping."""
    if preset is not None and file is not None:
        raise BadCall("give --from or --map, one of both; --from NAME --write-map FILE writes a preset to be changed")
    return presets.load(preset) if preset is not None else None if file is None else mapping.read(file)


def apps(given: list[str]) -> dict[str, str]:
    """Return what --app says: UUIDs by the names of apps, "*" for any. Raises BadCall."""
    named = dict(app.rpartition("=")[::2] if "=" in app else ("*", app) for app in given)
    for app_id in named.values():
        try:
            uuid.UUID(app_id)
        except ValueError:
            raise BadCall(f'--app "{app_id}" is not the UUID of an app: see tokenbase app list') from None
    return named


def some(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the sources that were named. Raises BadCall where there are none."""
    if not names:
        raise BadCall("name a source: a file, a pattern, a directory, an address, a database, or -")
    return names


def needed(given: str | None, flag: str, variable: str) -> str:
    """Return an option, else its variable. Raises BadCall where there is neither."""
    if given == "":
        raise BadCall(f"{flag} is empty: leave it out to take what {variable} says")
    value = given or os.environ.get(variable)
    if not value:
        raise BadCall(f"{flag} is missing: give it, or set {variable}")
    return value


def shard(text: str) -> tuple[int, int]:
    """Return what --shard says, 2/4 as both numbers. Raises BadCall."""
    part, _, parts = text.partition("/")
    if not (part.isdigit() and parts.isdigit()):
        raise BadCall(f'--shard "{text}" is not one part of several: write it as 2/4')
    return int(part), int(parts)


def resuming(arguments: list[str]) -> str:
    """Return the command that goes on with this upload, without the key."""
    kept, hidden = [], False
    for argument in arguments:
        if hidden or argument.startswith("--key="):
            hidden = False
        elif argument == "--key":
            hidden = True
        elif argument != "--resume":
            kept.append(argument)
    # What a database's URL has for a password is not repeated.
    shown = [re.sub(r"(://[^:/@]*):[^@/]*@", r"\1:***@", argument) for argument in kept]
    key = "TOKENBASE_KEY=… " if "--key" in arguments or any(one.startswith("--key=") for one in arguments) else ""
    return f"{key}tokenbase {shlex.join([*shown, '--resume'])}"


def opened(
    names: tuple[str, ...],
    wanted: str | None,
    given: mapping.Plan | None,
    query: str | None,
    table: str | None,
    named: dict[str, str],
    needs_plan: bool = True,
) -> source.Source:
    """Open a source. Raises BadCall, BadMapping and BadSource."""
    return source.Source(some(names), wanted, given, asked=sql.Wanted(query, table), apps=named, needs_plan=needs_plan)


def ended(fault: Exception | None, otherwise: int) -> int:
    """Return the exit code of what ended a verb early, or `otherwise` where nothing did."""
    if isinstance(fault, faults.NotAuthorised):
        return cli.NOT_AUTHORISED
    if isinstance(fault, faults.TryAgain):
        return cli.TRY_AGAIN
    return otherwise if fault is None else cli.FAILED


def warn(opened: source.Source) -> None:
    """Tell what is odd about the source as a whole, and was not told yet."""
    opened.notices.update(opened.missing_fields())
    for message, times in opened.notices.items():
        rows = f" ({times:,} rows)" if times > 1 else ""
        sys.stderr.write(f"warning: {message}{rows}\n")
    opened.notices.clear()

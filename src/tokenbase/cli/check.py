"""`tokenbase check`: what is in a source, and what is odd about it, before a byte of it is sent."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Annotated, Literal

import cyclopts
import msgspec

from tokenbase import cli
from tokenbase.cli import naming
from tokenbase.uploader import checking, page
from tokenbase.uploader import source as sources
from tokenbase.uploader.faults import BadCall, BadMapping


def check(
    *source: Annotated[str, cyclopts.Parameter(allow_leading_hyphen=True)],
    preset: Annotated[str | None, cyclopts.Parameter(name="--from")] = None,
    map: Path | None = None,
    format: Literal["csv", "tsv", "jsonl", "json", "parquet", "xlsx"] | None = None,
    query: str | None = None,
    table: str | None = None,
    app: Annotated[list[str] | None, cyclopts.Parameter(negative=())] = None,
    html: Path | None = None,
    output: Literal["text", "json"] = "text",
) -> int:
    """Look at a whole source: rows, people, tokens, and what is odd about them, with examples. Asks no server.

    Ends with 0 when every row can arrive as it is, 1 when the source cannot be read, 2 for a wrong call, 3 when some
    rows cannot arrive.

    Parameters
    ----------
    source
        What upload takes.
    preset
        Whose export it is, such as onesignal; tokenbase presets lists them.
    map
        The mapping of columns, a TOML file; guessed from the headings when it is not given.
    format
        What the source is, where its name and its beginning do not say.
    query
        What to read of a database: a SELECT.
    table
        What to read of a database: a whole table.
    app
        The UUID of the app that the tokens belong to; NAME=UUID where the source names several apps.
    html
        Write the report to this file as well, as one page with charts.
    output
        How to print the report.
    """
    try:
        opened = naming.opened(source, format, naming.plan(preset, map), query, table, naming.apps(app or []))
        found = checking.check(opened, dt.datetime.now(dt.UTC))
        if html is not None:
            _write(html, page.page(found), source)
    except (BadCall, BadMapping) as fault:
        sys.stderr.write(f"tokenbase: {fault.message}\n")
        return cli.USAGE
    shown = sources.shown(opened)
    if output == "text" and shown:
        print(f"{shown}\n")
    print(msgspec.json.encode(found).decode() if output == "json" else found.text())
    if found.stopped_by is not None:
        return cli.FAILED
    return cli.REJECTED if found.errors else 0


def _write(file: Path, text: str, names: tuple[str, ...]) -> None:
    if file.exists() and any(Path(name).exists() and file.samefile(name) for name in names):
        raise BadCall(f"{file} is the source: name another file by --html")
    try:
        file.write_text(text, encoding="utf-8", errors="replace")
    except OSError as fault:
        raise BadCall(f"{file} cannot be written: {fault.strerror}; name another file by --html") from None

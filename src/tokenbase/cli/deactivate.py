"""`tokenbase deactivate`: switch off a list of dead tokens."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import cyclopts
import msgspec

from tokenbase import cli
from tokenbase.cli import naming
from tokenbase.uploader import deactivating, orders
from tokenbase.uploader.faults import BadCall, BadMapping


def deactivate(
    *source: Annotated[str, cyclopts.Parameter(allow_leading_hyphen=True)],
    to: str | None = None,
    key: str | None = None,
    preset: Annotated[str | None, cyclopts.Parameter(name="--from")] = None,
    map: Path | None = None,
    format: Literal["csv", "tsv", "jsonl", "json", "parquet", "xlsx"] | None = None,
    query: str | None = None,
    table: str | None = None,
    app: Annotated[list[str] | None, cyclopts.Parameter(negative=())] = None,
    parallel: int = 8,
    retries: int = 10,
    report: Path | None = None,
    output: Literal["text", "json"] = "text",
) -> int:
    """Switch off the tokens of a source: what another system's feedback says is dead. The contacts stay.

    Ends with 0 when all were switched off or are not known, 3 when the app of some is not named, else like upload.

    Parameters
    ----------
    source
        What upload takes, with a column of tokens.
    to
        The server's address, such as http://127.0.0.1:8080 (TOKENBASE_URL).
    key
        The API key (TOKENBASE_KEY, which keeps it out of the list of processes).
    preset
        Whose export it is, such as sns; tokenbase presets lists them.
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
    parallel
        Requests under way at the same time.
    retries
        How often a request is tried again before the work is given up.
    report
        Where to write which tokens were not switched off; SOURCE.deactivated.jsonl by default.
    output
        How to print the numbers.
    """
    try:
        order = orders.Order(
            source=naming.some(source),
            to=naming.needed(to, "--to", "TOKENBASE_URL"),
            key=naming.needed(key, "--key", "TOKENBASE_KEY"),
            format=format,
            plan=naming.plan(preset, map),
            query=query,
            table=table,
            apps=naming.apps(app or []),
            parallel=parallel,
            retries=retries,
            report=report,
        )
        done, fault = deactivating.deactivate(order)
    except (BadCall, BadMapping) as wrong:
        sys.stderr.write(f"tokenbase: {wrong.message}\n")
        return cli.USAGE
    print(msgspec.json.encode(done).decode() if output == "json" else done.text())
    return naming.ended(fault, cli.REJECTED if done.without_app else 0)

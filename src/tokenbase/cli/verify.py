"""`tokenbase verify`: whether everything of a source is on the server."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import cyclopts
import msgspec

from tokenbase import cli
from tokenbase.cli import naming
from tokenbase.uploader import orders, progress, verifying
from tokenbase.uploader.faults import BadCall, BadMapping


def verify(
    *source: Annotated[str, cyclopts.Parameter(allow_leading_hyphen=True)],
    to: str | None = None,
    key: str | None = None,
    preset: Annotated[str | None, cyclopts.Parameter(name="--from")] = None,
    map: Path | None = None,
    format: Literal["csv", "tsv", "jsonl", "json", "parquet", "xlsx"] | None = None,
    query: str | None = None,
    table: str | None = None,
    app: Annotated[list[str] | None, cyclopts.Parameter(negative=())] = None,
    batch: int = 3_000,
    retries: int = 10,
    limit: int | None = None,
    sample: float | None = None,
    shard: str = "1/1",
    report: Path | None = None,
    quiet: bool = False,
    output: Literal["text", "json"] = "text",
) -> int:
    """Ask the server about every row of a source: what is there, missing, with somebody else, or different.

    Nothing is stored. Ends with 0 when everything arrived, 3 when not, else like upload.

    Parameters
    ----------
    source
        What was uploaded.
    to
        The server's address, such as http://127.0.0.1:8080 (TOKENBASE_URL).
    key
        The API key (TOKENBASE_KEY, which keeps it out of the list of processes).
    preset
        As it was uploaded.
    map
        As it was uploaded.
    format
        What the source is, where its name and its beginning do not say.
    query
        What to read of a database: a SELECT.
    table
        What to read of a database: a whole table.
    app
        As it was uploaded.
    batch
        Rows asked about at once, at most 3,000.
    retries
        How often a request is tried again before the work is given up.
    limit
        Ask about no more than the first so many rows.
    sample
        Ask about the share of the people that this is, such as 0.01; the same that upload takes.
    shard
        Ask about one part of several, such as 2/4; the same that upload takes.
    report
        Where to write which lines are not as they should be; SOURCE.verify.jsonl by default.
    quiet
        Show no progress.
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
            batch=batch,
            retries=retries,
            limit=limit,
            sample=sample,
            shard=naming.shard(shard),
            report=report,
        )
        job = verifying.Verification(order, progress.on_standard_error(quiet))
    except (BadCall, BadMapping) as fault:
        sys.stderr.write(f"tokenbase: {fault.message}\n")
        return cli.USAGE
    done = job.run()
    print(msgspec.json.encode(done).decode() if output == "json" else done.text())
    return naming.ended(job.fault, 0 if done.whole else cli.REJECTED)

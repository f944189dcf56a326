"""`tokenbase export`: write the base of a server to a file that can be uploaded again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import msgspec

from tokenbase import cli
from tokenbase.cli import naming
from tokenbase.client import client
from tokenbase.uploader import exporting, orders, progress
from tokenbase.uploader.faults import BadCall


def export(
    file: Path,
    /,
    *,
    to: str | None = None,
    key: str | None = None,
    format: Literal["jsonl", "csv", "parquet"] | None = None,
    segment: int | None = None,
    retries: int = 10,
    quiet: bool = False,
    output: Literal["text", "json"] = "text",
) -> int:
    """Write the base to a file that upload takes: contacts with channels, devices and additional fields.

    JSON Lines has a contact a line; CSV and Parquet have a row for each token.

    Parameters
    ----------
    file
        Where to write; its name says the format: .jsonl or .csv, also with .gz, or .parquet.
    to
        The server's address, such as http://127.0.0.1:8080 (TOKENBASE_URL).
    key
        The API key (TOKENBASE_KEY, which keeps it out of the list of processes).
    format
        What to write, where the name does not say.
    segment
        The id of a segment, to write only who is in it; GET /api/v1/groups lists them.
    retries
        How often a request is tried again before the work is given up.
    quiet
        Show no progress.
    output
        How to print the numbers.
    """
    try:
        url, secret = naming.needed(to, "--to", "TOKENBASE_URL"), naming.needed(key, "--key", "TOKENBASE_KEY")
        orders.check_address(url)
        form = format or exporting.form_of(file)
        if file.exists():
            raise BadCall(f"{file} exists: name another file, or remove it first")
    except BadCall as fault:
        sys.stderr.write(f"tokenbase: {fault.message}\n")
        return cli.USAGE
    with client.Client(url, secret) as asked:
        done, stopped = exporting.export(asked, file, form, retries, progress.on_standard_error(quiet), segment)
    print(msgspec.json.encode(done).decode() if output == "json" else done.text())
    return naming.ended(stopped, 0)

"""`tokenbase upload`: bring a token base to a server, and say what became of every row."""

from __future__ import annotations

import gc
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated, Literal

import cyclopts
import msgspec

from tokenbase import cli
from tokenbase.cli import naming
from tokenbase.uploader import batches, making, mapping, orders, progress, source, summary
from tokenbase.uploader import upload as uploading
from tokenbase.uploader.faults import BadCall, BadMapping, BadSource

SHOWN = 3
"""Contacts that a dry run shows as they would be sent."""


def upload(
    *source: Annotated[str, cyclopts.Parameter(allow_leading_hyphen=True)],
    to: str | None = None,
    key: str | None = None,
    preset: Annotated[str | None, cyclopts.Parameter(name="--from")] = None,
    map: Path | None = None,
    write_map: Path | None = None,
    format: Literal["csv", "tsv", "jsonl", "json", "parquet", "xlsx"] | None = None,
    query: str | None = None,
    table: str | None = None,
    app: Annotated[list[str] | None, cyclopts.Parameter(negative=())] = None,
    fields: Literal["create", "skip"] = "skip",
    batch: int = 3_000,
    parallel: int = 4,
    retries: int = 10,
    rate: float | None = None,
    limit: int | None = None,
    sample: float | None = None,
    shard: str = "1/1",
    resume: bool = False,
    journal: Path | None = None,
    report: Path | None = None,
    rejects: Path | None = None,
    dry_run: bool = False,
    quiet: bool = False,
    output: Literal["text", "json"] = "text",
) -> int:
    """Upload a token base: files (CSV, TSV, JSON Lines, JSON, Parquet, Excel; also packed), an address, a database.

    Ends with 0 when all went in, 1 after a failure, 2 for a wrong call, 3 when rows were rejected, 4 when the key is
    not accepted, 75 when the server could not be reached for too long: then run it again.

    Parameters
    ----------
    source
        Files, a pattern such as "exports/*.csv.gz", a directory, a ZIP, an http(s) address, the URL of a database such
        as postgresql://user@host/name, or - for standard input.
    to
        The server's address, such as http://127.0.0.1:8080 (TOKENBASE_URL).
    key
        The API key (TOKENBASE_KEY, which keeps it out of the list of processes).
    preset
        Whose export it is, such as onesignal; tokenbase presets lists them.
    map
        The mapping of columns, a TOML file; guessed from the headings when it is not given.
    write_map
        Write the mapping that would be used to this file, and do nothing else.
    format
        What the source is, where its name and its beginning do not say.
    query
        What to read of a database: a SELECT, in an order that stays the same.
    table
        What to read of a database: a whole table.
    app
        The UUID of the app that the tokens belong to; NAME=UUID where the source names several apps.
    fields
        What to do with additional fields that are mapped by name and that the server lacks.
    batch
        Contacts in one request, at most 3,000.
    parallel
        The most requests under way at the same time; how many there are is learned from the server's answers.
    retries
        How often a request is tried again before the upload gives up.
    rate
        The most rows a second.
    limit
        Upload no more than the first so many rows.
    sample
        Upload the share of the people that this is, such as 0.01; always the same ones.
    shard
        Upload one part of several, such as 2/4, so that several machines bring one base.
    resume
        Go on where an upload of this source was interrupted, from its journal.
    journal
        Where the upload keeps what was answered; SOURCE.journal by default, removed at the end.
    report
        Where to write what was wrong with which line, as JSON Lines; SOURCE.report.jsonl by default.
    rejects
        Where to write the rejected rows; SOURCE.rejects.csv or .jsonl by default.
    dry_run
        Read and check everything, show the first contacts, send nothing.
    quiet
        Show no progress.
    output
        How to print the summary.
    """
    try:
        plan, apps = naming.plan(preset, map), naming.apps(app or [])
        if write_map is not None:
            return _write_map(naming.opened(source, format, plan, query, table, apps, needs_plan=False), write_map)
        if dry_run:
            return _dry_run(naming.opened(source, format, plan, query, table, apps))
        order = orders.Order(
            source=naming.some(source),
            to=naming.needed(to, "--to", "TOKENBASE_URL"),
            key=naming.needed(key, "--key", "TOKENBASE_KEY"),
            format=format,
            plan=plan,
            query=query,
            table=table,
            apps=apps,
            batch=batch,
            parallel=parallel,
            retries=retries,
            create_fields=fields == "create",
            rate=rate,
            limit=limit,
            sample=sample,
            shard=naming.shard(shard),
            resume=resume,
            journal=journal,
            report=report,
            rejects=rejects,
        )
        job = uploading.Upload(order, progress.on_standard_error(quiet))
    except (BadCall, BadMapping) as fault:
        sys.stderr.write(f"tokenbase: {fault.message}\n")
        return cli.USAGE
    if job.journal.found and not resume:
        sys.stderr.write(f"{job.journal.path} was of an upload that did not end: beginning anew; --resume goes on\n")
    _show_mapping(job.source)
    naming.warn(job.source)
    # Rows are made and dropped by the thousand, and never in a circle.
    gc.set_threshold(100_000, 20, 20)
    interrupted = _on_interrupt(job)
    known = len(job.source.columns)
    came_of_it = job.run()
    if len(job.source.columns) > known:
        _show_mapping(job.source)
    naming.warn(job.source)
    print(_printed(came_of_it, output))
    if job.resumable and not isinstance(job.fault, (BadMapping, BadSource)):
        sys.stderr.write(f"to go on: {naming.resuming(sys.argv[1:])}\n")
    if interrupted:
        return 130
    if isinstance(job.fault, BadMapping):
        return cli.USAGE
    unlike = cli.REJECTED if came_of_it.failed else 0
    return naming.ended(job.fault, unlike if came_of_it.adds_up else cli.FAILED)


def _on_interrupt(job: uploading.Upload) -> list[int]:
    """Make the first Ctrl-C end the upload in order, and the second at once; the list returned fills with them."""
    seen: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        if seen:
            sys.stderr.write("\n")
            os._exit(130)
        seen.append(number)
        sys.stderr.write("\nending: what is under way is still answered for; Ctrl-C again ends at once\n")
        job.stop()

    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    return seen


def _printed(came_of_it: summary.Summary, output: str) -> str:
    return msgspec.json.encode(came_of_it).decode() if output == "json" else came_of_it.text()


def _show_mapping(opened: source.Source) -> None:
    if text := source.shown(opened):
        sys.stderr.write(
            f"{text}\nto change it: tokenbase upload … --write-map mapping.toml, edit, --map mapping.toml\n\n"
        )


def _write_map(opened: source.Source, file: Path) -> int:
    if not opened.columns:
        raise BadCall(f"{opened.feed.name} holds contacts as the API takes them: there is nothing to map")
    if file.exists():
        raise BadCall(f"{file} exists: name another file, or remove it first")
    written = mapping.write(opened.plan or mapping.Plan(), opened.columns)
    try:
        file.write_text(written, encoding="utf-8")
    except OSError as fault:
        raise BadCall(f"{file} cannot be written: {fault.strerror}; name another file by --write-map") from None
    sys.stderr.write(f"{source.shown(opened)}\nwritten to {file}\n".lstrip())
    return 0


def _dry_run(opened: source.Source) -> int:
    _show_mapping(opened)
    naming.warn(opened)
    options = opened.options()
    dedupe_on = options.pop("dedupeOn", None)
    good, bad, passed = 0, 0, 0
    kinds: dict[str, int] = {}
    for found in opened.items(None if dedupe_on is None else str(dedupe_on)):
        if isinstance(found, batches.Item):
            good += 1
            kinds[found.kind] = kinds.get(found.kind, 0) + 1
            if good <= SHOWN:
                print(found.contact.decode())
        elif isinstance(found[1], making.Passed):
            passed += 1
        else:
            bad += 1
            if bad <= SHOWN:
                sys.stderr.write(f"line {found[0].line}: {found[1]}\n")
    matched = ", ".join(f"{count:,} by {kind}" for kind, count in kinds.items())
    if named := opened.field.missing:
        listed = ", ".join(f"{name} ({rows:,} rows)" for name, rows in named.items())
        sys.stderr.write(f"additional fields by name: {listed}; --fields create makes those that the server lacks\n")
        named.clear()
    naming.warn(opened)
    passing = f", {passed:,} are passed over" if passed else ""
    total = good + bad + passed
    sys.stderr.write(f"{total:,} rows: {good:,} would be sent ({matched or 'none'}), {bad:,} cannot be{passing}\n")
    return cli.REJECTED if bad else 0

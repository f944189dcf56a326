"""A fetched CSV as portions of contacts. Its headings are understood as `tokenbase upload` understands them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from typing import IO

import msgspec

from tokenbase.imports import portions
from tokenbase.jobs import worker
from tokenbase.uploader import faults, making, mapping, targets
from tokenbase.uploader.rows import Row
from tokenbase.uploader.sources import csv

PORTION_ROWS = 3_000
PORTION_BYTES = 8 * 1024 * 1024
"""A portion is closed before its contacts grow beyond this."""
BROKEN_ROWS = 10_000
"""Rows that cannot be read before a file is taken for none: one whose quotation marks never close costs dear."""
TEXT_CHARACTERS = 1_000
"""How much of a row that cannot be read is shown."""
LINE_CHARACTERS = 1 << 20
"""The most characters of one line: a file that is none must not be read into memory for it."""


class Read(msgspec.Struct, frozen=True):
    """A portion, how many rows have been read with it, and a digest of all of them."""

    portion: portions.Portion
    rows: int
    digest: str


class File:
    """A fetched file. `field_ids` are the additional fields that its headings name."""

    def __init__(self, kept: IO[bytes], dedupe_on: str | None, field: Callable[[str], int | None]) -> None:
        """Take the file, what identifies its contacts, and what finds an additional field by its name.

        Raises Failed where no heading is known.
        """
        try:
            self._table = csv.Table(_Lines(kept))
        except faults.BadSource as fault:
            raise worker.Failed(fault.message) from None
        headings = self._table.headings
        columns = targets.guess(headings)
        columns |= {heading: heading for heading in headings if targets.field_name(heading) is not None}
        if dedupe_on == "id":
            # Else a column of that name has the customer's own ids.
            columns |= {heading: "id" for heading in headings if heading.lower() == "id"}
        if not columns:
            shown = ", ".join(heading[:40] for heading in headings[:10])
            raise worker.Failed(
                f"none of the headings is known ({shown}): the first line names the columns, such as "
                "externalCustomerId, mobilepush, email"
            )
        names = [name for target in columns.values() if (name := targets.field_name(target)) is not None]
        found = [int(name) if name.isdigit() else field(name) for name in names]
        self.field_ids = sorted({number for number in found if number is not None})
        self._broken = 0
        self._notes = [
            f'the column "{heading[:100]}" is not known and left out' for heading in headings if heading not in columns
        ]
        self._made = making.compiled(mapping.Plan(columns=columns), headings, lambda message: None, field)

    def read(self, passed: int, digest: str) -> Iterator[Read]:
        """Yield the portions behind so many rows. Raises Failed where those rows have not that digest any more."""
        running = hashlib.sha256()
        rows: list[portions.Row] = []
        count, size, first = 0, 0, passed
        for row in self._rows():
            running.update(row.text.encode("utf-8", "surrogatepass"))
            count += 1
            if count <= passed:
                if count == passed and running.hexdigest() != digest:
                    break
                continue
            made = self._row(row)
            rows.append(made)
            size += len(memoryview(made.contact)) if made.contact is not None else 0
            if len(rows) == PORTION_ROWS or size > PORTION_BYTES:
                yield self._portion(first, rows, count, running.hexdigest())
                rows, size, first = [], 0, count
        if count < passed or (count == passed and passed and running.hexdigest() != digest):
            raise worker.Failed(
                f"the file was changed after its first {passed:,} rows were imported; those stay: send the link again"
            )
        if rows:
            yield self._portion(first, rows, count, running.hexdigest())

    def _portion(self, first: int, rows: list[portions.Row], count: int, digest: str) -> Read:
        return Read(portions.Portion(first, rows, self._notes if first == 0 else ()), count, digest)

    def _rows(self) -> Iterator[Row]:
        try:
            yield from self._table.rows()
        except faults.BadSource as fault:
            raise worker.Failed(fault.message) from None

    def _row(self, row: Row) -> portions.Row:
        if row.fault is not None:
            self._broken += 1
            if self._broken > BROKEN_ROWS:
                raise worker.Failed(f"more than {BROKEN_ROWS:,} rows cannot be read, that of line {row.line} as well")
            return portions.Row(row.line, None, row.text[:TEXT_CHARACTERS], row.fault)
        contact = self._made(row.cells)
        return portions.Row(row.line, msgspec.Raw(msgspec.json.encode(contact)))


class _Lines:
    """The text of a file by its lines."""

    name = "the file"
    format = "csv"

    def __init__(self, kept: IO[bytes]) -> None:
        # UTF-8 it is: that was seen to while it was fetched.
        self._text = io.TextIOWrapper(kept, encoding="utf-8-sig", newline="")

    def lines(self) -> Iterator[str]:
        number = 0
        while line := self._text.readline(LINE_CHARACTERS):
            number += 1
            if len(line) == LINE_CHARACTERS and not line.endswith("\n"):
                raise worker.Failed(f"line {number} has over {LINE_CHARACTERS:,} characters: is it a CSV?")
            yield line

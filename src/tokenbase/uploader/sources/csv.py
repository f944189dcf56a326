"""CSV and its relatives: rows with their true line numbers, broken ones as rows too."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Protocol

from tokenbase.uploader.faults import BadSource
from tokenbase.uploader.rows import Row

_DELIMITERS = ",;\t|"
_CELL_CHARACTERS = 131_072


class Lines(Protocol):
    """A text by its lines. `format` is `tsv` where its cells are known to be separated by tabs."""

    name: str
    format: str

    def lines(self) -> Iterator[str]:
        """Yield the lines with their ends."""


class Table:
    """A file with headings. `headings` are trimmed; `head` is their line as it stands in the file."""

    def __init__(self, file: Lines) -> None:
        """Take an open file. Raises BadSource where there are no headings, or two of the same name."""
        self._file = file
        self._taken: list[str] = []
        self._again: list[str] = []
        self._source = file.lines()
        lines = self._lines()
        first = next(lines, "")
        while first and not first.strip():
            first = next(lines, "")
        self.delimiter = "\t" if file.format == "tsv" else max(_DELIMITERS, key=first.count)
        self.head = first
        self.headings = [cell.strip() for cell in next(csv.reader([first], delimiter=self.delimiter))]
        seen: set[str] = set()
        for heading in self.headings:
            if heading and heading in seen:
                raise BadSource(f'{file.name}: two columns are called "{heading}": give each its own heading')
            seen.add(heading)

    def rows(self) -> Iterator[Row]:
        """Yield the rows; blank lines are none.

        A row that spans several lines and is broken fails with its first line alone: the lines behind it are read as
        rows of their own, since a quotation mark that nobody closed would swallow them.
        """
        csv.field_size_limit(_CELL_CHARACTERS)
        width = len(self.headings)
        self._taken.clear()
        # Strict: else what stands behind a closing quotation mark would be glued to its cell.
        reader = csv.reader(self._lines(), delimiter=self.delimiter, strict=True)
        found = False
        while True:
            line = self._number + 1
            fault = None
            try:
                cells = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                cells = []
                fault = f"{error} in lines {line} to {self._number}: a quotation mark there may not be closed"
                reader = csv.reader(self._lines(), delimiter=self.delimiter, strict=True)
            if cells and len(cells) != width:
                fault = f"the row has {len(cells)} cells, the heading has {width}: quote cells that hold a delimiter"
            if fault:
                self._again.extend(reversed(self._taken[1:]))
                self._number -= len(self._taken) - 1
                del self._taken[1:]
            text = "".join(self._taken)
            self._taken.clear()
            if (cells or fault) and text.strip():
                found = True
                yield Row(line, text, [] if fault else cells, fault)
        if not found:
            raise BadSource(f"{self._file.name} has headings and no rows")

    _number = 0

    def _lines(self) -> Iterator[str]:
        """Yield the lines that are left, those to be read again first; take note of each until its row is done."""
        while (line := self._again.pop() if self._again else next(self._source, None)) is not None:
            self._number += 1
            self._taken.append(line)
            yield line

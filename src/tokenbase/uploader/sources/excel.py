"""Workbooks (.xlsx): the first sheet with something in it, read as a stream; its first row has the headings."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tokenbase.uploader.faults import BadSource
from tokenbase.uploader.rows import Row
from tokenbase.uploader.sources import extras, objects


class Sheet:
    """A sheet of a workbook. `head` is its headings as a line of CSV, as which rejected rows are handed back."""

    def __init__(self, name: str, path: Path) -> None:
        """Open it. Raises BadSource where it is none, or where what reads it is not installed."""
        openpyxl = extras.needed("openpyxl", "files", f"{name} is a workbook")
        self._name = name
        # Opened here, since a copy of what was packed is not called as the library wants it.
        self._file = path.open("rb")
        try:
            self._book = openpyxl.load_workbook(self._file, read_only=True, data_only=True)
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as fault:
            self._file.close()
            raise BadSource(f"{name} is not a whole workbook: {fault}") from None
        for sheet in self._book.worksheets:
            self._rows = enumerate(sheet.iter_rows(values_only=True), 1)
            for _, cells in self._rows:
                if any(cell is not None for cell in cells):
                    self.headings = [_text(cell) for cell in cells]
                    while self.headings and not self.headings[-1]:
                        self.headings.pop()
                    self.head = _line(self.headings)
                    self._check()
                    return
        self.close()
        raise BadSource(f"{name} is empty")

    def close(self) -> None:
        """Close the workbook."""
        self._book.close()
        self._file.close()

    def _check(self) -> None:
        named = [heading for heading in self.headings if heading]
        for heading in named:
            if named.count(heading) > 1:
                raise BadSource(f'{self._name}: two columns are called "{heading}": give each its own heading')

    def rows(self) -> Iterator[Row]:
        """Yield the rows with their numbers in the sheet; empty ones are none."""
        width, found = len(self.headings), False
        for number, values in self._rows:
            cells = [_text(value) for value in values[:width]]
            cells += [""] * (width - len(cells))
            if any(cells):
                found = True
                yield Row(number, _line(cells), cells)
        if not found:
            raise BadSource(f"{self._name} has headings and no rows")


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(objects.plain(value)).strip()


def _line(cells: list[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()

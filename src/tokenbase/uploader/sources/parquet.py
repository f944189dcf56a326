"""Parquet, a row group at a time: each row is an object by its columns' names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tokenbase.uploader.faults import BadSource
from tokenbase.uploader.rows import Row
from tokenbase.uploader.sources import extras, objects

_ROWS = 2_000


class Table:
    """A Parquet file. `columns` are the names of its columns."""

    def __init__(self, name: str, path: Path) -> None:
        """Open it. Raises BadSource where it is none, or where what reads it is not installed."""
        self._arrow = extras.needed("pyarrow", "files", f"{name} is Parquet")
        parquet = extras.needed("pyarrow.parquet", "files", f"{name} is Parquet")
        self._name = name
        try:
            self._file = parquet.ParquetFile(path)
        except (self._arrow.ArrowException, OSError) as fault:
            raise BadSource(f"{name} is not a whole Parquet file: {fault}") from None
        self.columns = [str(column) for column in self._file.schema_arrow.names]

    def rows(self) -> Iterator[Row]:
        """Yield the rows, numbered from 1. Raises BadSource where the file is broken in the middle."""
        number = 0
        try:
            for batch in self._file.iter_batches(_ROWS):
                for cells in batch.to_pylist():
                    number += 1
                    yield Row(number, "", {name: objects.plain(value) for name, value in cells.items()})
        except (self._arrow.ArrowException, OSError) as fault:
            raise BadSource(f"{self._name} cannot be read on after row {number}: {fault}") from None
        if not number:
            raise BadSource(f"{self._name} has columns and no rows")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

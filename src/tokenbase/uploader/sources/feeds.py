"""One stream of rows, whatever it comes from: a file of any format, a database, or many files one behind the other."""

from __future__ import annotations

import abc
import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from tokenbase.uploader.faults import BadCall, BadSource
from tokenbase.uploader.rows import Row
from tokenbase.uploader.sources import csv, excel, files, json, jsonl, parquet, places, sql, streams


class Feed(abc.ABC):
    """Rows of one place.

    `head` is the headings' line of rejected rows, "" where those are objects; `headings` are None where rows are
    objects, and `columns` what is known of their keys. `options` stand beside the rows of a JSON object.
    """

    name = stem = format = head = ""
    size = 0
    headings: list[str] | None = None
    columns: list[str] = []
    options: dict[str, object] = {}

    @abc.abstractmethod
    def rows(self) -> Iterator[Row]:
        """Yield the rows, once."""

    def done(self) -> int:
        """Return how many of `size` bytes were read so far."""
        return 0

    def close(self) -> None:  # noqa: B027 - not every feed has opened something
        """Let go of what was opened."""


class FileFeed(Feed):
    """Rows of one file."""

    def __init__(self, name: str, wanted: str | None, at: str | None = None) -> None:
        """Open it; `at` is the path of the rows in a JSON document. Raises BadSource."""
        self._at = at
        self._file = files.File(name, wanted)
        self._inner: excel.Sheet | parquet.Table | None = None
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        file = self._file
        self.name, self.stem, self.format, self.size = file.name, file.stem, file.format, file.size
        if file.format in ("csv", "tsv"):
            table = csv.Table(file)
            self.head, self.headings = table.head, table.headings
            self._rows = table.rows()
        elif file.format == "xlsx":
            self._inner = sheet = excel.Sheet(file.name, file.path())
            self.head, self.headings = sheet.head, sheet.headings
            self._rows = sheet.rows()
        elif file.format == "parquet":
            self._inner = found = parquet.Table(file.name, file.path())
            self.columns = found.columns
            self._rows = found.rows()
        elif file.format == "jsonl":
            self._rows = jsonl.rows(file)
        else:
            self.options = {} if self._at else self._scan()
            self._rows = json.Document(self._file, self._at).rows()
        self.columns = self.headings or self.columns

    def _scan(self) -> dict[str, object]:
        """Return what stands beside the contacts of a JSON object. It may stand behind them, so it is read first."""
        if self._file.head.startswith(b"["):
            return {}
        self._file = self._file.again()
        with contextlib.closing(self._file.reopened()) as ahead:
            document = json.Document(ahead)
            for _ in document.rows():
                pass
        return document.options

    def rows(self) -> Iterator[Row]:
        """Yield the rows, once."""
        return self._rows

    def done(self) -> int:
        """Return how many of `size` bytes were read so far."""
        return self._file.done()

    def close(self) -> None:
        """Close the file."""
        if self._inner is not None:
            self._inner.close()
        self._file.close()


class QueryFeed(Feed):
    """Rows of a database."""

    format = "sql"

    def __init__(self, url: str, wanted: sql.Wanted) -> None:
        """Connect and ask. Raises BadCall and BadSource."""
        self._query = sql.Query(url, wanted)
        self.name = self._query.name
        self.stem = (wanted.table or "query").replace("/", "-")
        self.columns = self._query.columns

    def rows(self) -> Iterator[Row]:
        """Yield the rows, once."""
        return self._query.rows()

    def close(self) -> None:
        """Close the connection."""
        self._query.close()


class Several(Feed):
    """Rows of many files of one format and, where they have headings, of the same headings."""

    def __init__(self, names: Sequence[str], wanted: str | None, at: str | None, stem: str) -> None:
        """Look at the beginning of each, so that no odd one is found in the middle. Raises BadSource."""
        self._names, self._wanted, self._at = names, wanted, at
        self._current: Feed | None = None
        self._passed = 0
        self._sizes: list[int] = []
        for name in names:
            with contextlib.closing(FileFeed(name, wanted, at)) as feed:
                if not self.format:
                    self.format, self.head, self.headings = feed.format, feed.head, feed.headings
                    self.columns, self.options = feed.columns, feed.options
                if (feed.format, feed.headings) != (self.format, self.headings):
                    what = "other columns" if feed.format == self.format else f"another format ({feed.format})"
                    raise BadSource(f"{feed.name} has {what} than {names[0]}: upload it alone")
                self._sizes.append(feed.size)
        self.size = sum(self._sizes)
        self.name = f"{names[0]} and {len(names) - 1} more"
        self.stem = stem

    def rows(self) -> Iterator[Row]:
        """Yield the rows of each file, which name it."""
        for name, size in zip(self._names, self._sizes, strict=True):
            self._current = FileFeed(name, self._wanted, self._at)
            with contextlib.closing(self._current):
                for row in self._current.rows():
                    row.file = self._current.name
                    yield row
            self._current = None
            self._passed += size

    def done(self) -> int:
        """Return how many of `size` bytes were read so far."""
        return self._passed + (self._current.done() if self._current else 0)

    def close(self) -> None:
        """Close the file that is open."""
        if self._current is not None:
            self._current.close()


def opened(names: Sequence[str], wanted: str | None, asked: sql.Wanted, at: str | None = None) -> Feed:
    """Open what names stand for. Raises BadCall and BadSource."""
    if is_database(names):
        return QueryFeed(names[0], asked)
    if asked != sql.Wanted():
        raise BadCall("--query and --table are for databases: name one as postgresql://user@host/name")
    found = places.expanded(names)
    if len(found) == 1:
        return FileFeed(found[0], wanted, at)
    return Several(found, wanted, at, _stem(names[0]))


def is_database(names: Sequence[str]) -> bool:
    """Tell whether a source is a database."""
    return len(names) == 1 and "://" in names[0] and not streams.is_address(names[0])


def _stem(name: str) -> str:
    """Return what the files of a pattern or a directory are called together."""
    return files.stem(Path(name).name).replace("*", "").strip(".-_ ") or "upload"

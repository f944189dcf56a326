"""A file's bytes and what they are: unpacked, and sorted by what is seen at their beginning."""

from __future__ import annotations

import atexit
import gzip
import io
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from tokenbase.uploader.faults import BadSource
from tokenbase.uploader.sources import extras, streams

FORMATS = ("csv", "tsv", "jsonl", "json", "parquet", "xlsx")
ENDINGS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
}
_PACKED = (".gz", ".zst")
_PEEK = 65_536
LINE_CHARACTERS = 16 << 20
"""The most characters of one line: a file that is broken must not be read into memory to its end for it."""


class File:
    """An open file. `format` is one of `FORMATS`; `size` is its packed size in bytes, 0 where nobody knows."""

    def __init__(self, name: str, wanted: str | None = None) -> None:
        """Take what `streams.Stream` takes; `wanted` overrides what the file looks like.

        Raises BadSource for what is missing, a directory, not readable or empty.
        """
        self._stream = streams.Stream(name)
        self.name = self._stream.name
        self.stem = stem(self._stream.base)
        self.size = self._stream.size
        self._broken: tuple[type[Exception], ...] = (EOFError, zlib.error, gzip.BadGzipFile)
        try:
            self._look(wanted)
        except BaseException:
            self.close()
            raise

    def _look(self, wanted: str | None) -> None:
        name = self.name
        self._counted = _Counted(self._stream.raw)
        binary = io.BufferedReader(cast(io.RawIOBase, self._counted), _PEEK * 4)
        first = binary.peek(4)[:4]
        self._packed = first.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd"))
        try:
            if first.startswith(b"\x1f\x8b"):
                binary = io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=binary)), _PEEK * 4)
            elif self._packed:
                binary = io.BufferedReader(cast(io.RawIOBase, self._zstd(binary)), _PEEK * 4)
            head = binary.peek(_PEEK)[:_PEEK]
        except self._broken as fault:
            raise BadSource(f"{name} is not a whole packed file: {fault}") from None
        if not head.removeprefix(b"\xef\xbb\xbf").strip():
            raise BadSource(f"{name} is empty")
        if head.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise BadSource(f"{name} is UTF-16: save it as UTF-8")
        if head.startswith(b"\xd0\xcf\x11\xe0"):
            raise BadSource(f"{name} is an old workbook (.xls): save it as .xlsx or CSV")
        self._binary = binary
        self.head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        self.format = wanted or _format(self._stream.base, self.head)
        # What is not UTF-8 is kept as it is, so that its row can be told and handed back.
        self.text = io.TextIOWrapper(binary, encoding="utf-8-sig", errors="surrogateescape", newline="")

    def _zstd(self, binary: IO[bytes]) -> IO[bytes]:
        module = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
        zstd = extras.needed(module, "files", f"{self.name} is packed with zstd")
        self._broken = (*self._broken, zstd.ZstdError)
        return cast(IO[bytes], zstd.ZstdFile(binary))

    def lines(self) -> Iterator[str]:
        """Yield the lines with their ends. Raises BadSource where a packed file breaks off, or a line has no end."""
        number = 0
        try:
            while line := self.text.readline(LINE_CHARACTERS):
                number += 1
                if len(line) == LINE_CHARACTERS and not line.endswith("\n"):
                    raise BadSource(
                        f"{self.name}: line {number} has over {LINE_CHARACTERS:,} characters: is it a file of lines, "
                        "or is its format another than its name says (--format)?"
                    )
                yield line
        except self._broken as fault:
            raise BadSource(f"{self.name} breaks off after line {number}: {fault}; fetch the file again") from None
        except OSError as fault:
            raise BadSource(f"{self.name} cannot be read on after line {number}: {fault.strerror}") from None

    def read(self, characters: int) -> str:
        """Return the next characters, fewer at the end. Raises BadSource where a packed file breaks off."""
        try:
            return self.text.read(characters)
        except self._broken as fault:
            raise BadSource(f"{self.name} breaks off: {fault}; fetch the file again") from None

    def again(self) -> File:
        """Return the file itself where it can be opened a second time, else a copy of what is left of it."""
        if self._stream.path is not None:
            return self
        copied = File(str(self._spooled()), self.format)
        copied.stem, copied.name = self.stem, self.name
        return copied

    def path(self) -> Path:
        """Return where the unpacked bytes lie in the open, or a copy of them."""
        if self._stream.path is not None and not self._packed:
            return self._stream.path
        return self._spooled()

    def reopened(self) -> File:
        """Open a file that is the first one `again`, a second time."""
        return File(str(self._stream.path), self.format)

    def done(self) -> int:
        """Return how many packed bytes were read so far."""
        return self._counted.count

    def close(self) -> None:
        """Close the file; standard input stays open."""
        self._stream.close()

    def _spooled(self) -> Path:
        with tempfile.NamedTemporaryFile("wb", delete=False) as copy:
            atexit.register(Path(copy.name).unlink, missing_ok=True)
            try:
                while chunk := self._binary.read(1 << 20):
                    copy.write(chunk)
            except self._broken as fault:
                raise BadSource(f"{self.name} breaks off: {fault}; fetch the file again") from None
            except OSError as fault:
                raise BadSource(f"{self.name} cannot be copied to {copy.name}: {fault.strerror}") from None
        return Path(copy.name)


class _Counted(io.RawIOBase):
    """A stream that counts what is read from it."""

    def __init__(self, inner: IO[bytes]) -> None:
        self._inner = inner
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        chunk = self._inner.read(len(buffer))
        buffer[: len(chunk)] = chunk
        self.count += len(chunk)
        return len(chunk)


def stem(name: str) -> str:
    """Return a file's name without the endings that say what it is."""
    for ending in _PACKED:
        name = name.removesuffix(ending)
    return name[: -len(ending)] if (ending := Path(name).suffix) in ENDINGS else name


def known(name: str) -> bool:
    """Tell whether a name ends as those of files that can be read."""
    return stem(name) != name and any(ending in ENDINGS for ending in Path(name.lower()).suffixes)


def _format(name: str, head: bytes) -> str:
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    first, _, rest = head.partition(b"\n")
    first = first.rstrip()
    lines = head.startswith(b"{") and first.endswith(b"}") and b'"contacts"' not in first
    for ending in reversed(Path(name.lower()).suffixes):
        if ending in ENDINGS:
            # Databases export JSON Lines under the name of .json.
            several = ending == ".json" and lines and rest.lstrip().startswith(b"{")
            return "jsonl" if several else ENDINGS[ending]
        if ending not in (*_PACKED, ".txt"):
            break
    if head.startswith(b"["):
        return "json"
    if head.startswith(b"{"):
        return "jsonl" if lines else "json"
    return "tsv" if first.count(b"\t") > first.count(b",") else "csv"

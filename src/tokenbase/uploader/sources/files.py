"""A source's bytes and what they are: opened, unpacked, and sorted by what is seen at their beginning."""

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

FORMATS = ("csv", "tsv", "jsonl", "json")
_ENDINGS = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json"}
_PEEK = 65_536
LINE_CHARACTERS = 16 << 20
"""The most characters of one line: a file that is broken must not be read into memory to its end for it."""


class File:
    """An open source. `format` is one of `FORMATS`; `size` is its packed size in bytes, 0 where nobody knows."""

    def __init__(self, name: str, wanted: str | None = None) -> None:
        """Take a path, or `-` for standard input; `wanted` overrides what the file looks like.

        Raises BadSource for what is missing, a directory, not readable or empty.
        """
        self.name = name
        self.stem = "stdin" if name == "-" else _stem(Path(name).name)
        self.size = 0
        if name == "-":
            self._packed = cast(io.BufferedReader, sys.stdin.buffer)
        else:
            try:
                self._packed = Path(name).open("rb")  # noqa: SIM115 - closed by `close`
            except IsADirectoryError:
                raise BadSource(f"{name} is a directory: name a file in it") from None
            except OSError as fault:
                raise BadSource(f"{name} cannot be read: {fault.strerror}") from None
            self.size = Path(name).stat().st_size
        try:
            self._look(name, wanted)
        except BaseException:
            self.close()
            raise

    def _look(self, name: str, wanted: str | None) -> None:
        self._counted = _Counted(self._packed)
        binary: IO[bytes] = io.BufferedReader(cast(io.RawIOBase, self._counted), _PEEK * 4)
        if cast(io.BufferedReader, binary).peek(2)[:2] == b"\x1f\x8b":
            binary = io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=binary)), _PEEK * 4)
        try:
            head = cast(io.BufferedReader, binary).peek(_PEEK)[:_PEEK]
        except (EOFError, zlib.error, gzip.BadGzipFile) as fault:
            raise BadSource(f"{name} is not a whole gzip file: {fault}") from None
        if not head.removeprefix(b"\xef\xbb\xbf").strip():
            raise BadSource(f"{name} is empty")
        if head.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise BadSource(f"{name} is UTF-16: save it as UTF-8")
        if head.startswith((b"PK\x03\x04", b"PAR1")):
            raise BadSource(f"{name} is a packed file of another kind: unpack it, or export it as CSV or JSON Lines")
        self.head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        self.format = wanted or _format(name, self.head)
        # What is not UTF-8 is kept as it is, so that its row can be told and handed back.
        self.text = io.TextIOWrapper(binary, encoding="utf-8-sig", errors="surrogateescape", newline="")

    def lines(self) -> Iterator[str]:
        """Yield the lines with their ends. Raises BadSource where a packed file breaks off."""
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
        except (EOFError, zlib.error, gzip.BadGzipFile) as fault:
            raise BadSource(f"{self.name} breaks off after line {number}: {fault}; fetch the file again") from None
        except OSError as fault:
            raise BadSource(f"{self.name} cannot be read on after line {number}: {fault.strerror}") from None

    def read(self, characters: int) -> str:
        """Return the next characters, fewer at the end. Raises BadSource where a packed file breaks off."""
        try:
            return self.text.read(characters)
        except (EOFError, zlib.error, gzip.BadGzipFile) as fault:
            raise BadSource(f"{self.name} breaks off: {fault}; fetch the file again") from None

    def done(self) -> int:
        """Return how many packed bytes were read so far."""
        return self._counted.count

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if self.name != "-":
            self._packed.close()


def spooled(file: File) -> File:
    """Return a stream as a file that can be read twice; it is gone when the process ends."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", errors="surrogateescape", newline="", delete=False) as copy:
        atexit.register(Path(copy.name).unlink, missing_ok=True)
        while chunk := file.read(1 << 20):
            copy.write(chunk)
    made = File(copy.name, file.format)
    made.stem = file.stem
    return made


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


def _stem(name: str) -> str:
    """Return a file's name without the endings that say what it is."""
    stem = name.removesuffix(".gz")
    return stem[: -len(ending)] if (ending := Path(stem).suffix) in _ENDINGS else stem


def _format(name: str, head: bytes) -> str:
    first, _, rest = head.partition(b"\n")
    first = first.rstrip()
    lines = head.startswith(b"{") and first.endswith(b"}") and b'"contacts"' not in first
    for ending in reversed(Path(name.lower()).suffixes):
        if ending in _ENDINGS:
            # Databases export JSON Lines under the name of .json.
            several = ending == ".json" and lines and rest.lstrip().startswith(b"{")
            return "jsonl" if several else _ENDINGS[ending]
        if ending not in (".gz", ".txt"):
            break
    if head.startswith(b"["):
        return "json"
    if head.startswith(b"{"):
        return "jsonl" if lines else "json"
    return "tsv" if first.count(b"\t") > first.count(b",") else "csv"

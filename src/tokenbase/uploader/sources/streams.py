"""Where a source's bytes come from: a file, standard input, an address, a member of a ZIP. What they are: `files`."""

from __future__ import annotations

import contextlib
import io
import sys
import urllib.parse
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, cast

import httpx2

from tokenbase.uploader.faults import BadSource

SECONDS = 60.0
"""How long an address may be silent."""
MEMBER = "!/"
"""Stands between a ZIP and the name of a member in it."""


class Stream:
    """Open bytes. `name` is how they may be shown, `path` where they lie in the open, `size` 0 where nobody knows."""

    def __init__(self, name: str) -> None:
        """Open a path, `-`, an http(s) address, or a ZIP's member. Raises BadSource."""
        self.name = shown(name)
        self.path: Path | None = None
        self.size = 0
        self._close: Callable[[], None] = lambda: None
        if name == "-":
            self.raw: IO[bytes] = cast(IO[bytes], sys.stdin.buffer)
            self.base = "stdin"
        elif is_address(name):
            self._fetch(name)
        elif MEMBER in name:
            self._unzip(*name.split(MEMBER, 1))
        else:
            self._open(name)

    def close(self) -> None:
        """Close what was opened; standard input stays open."""
        self._close()

    def _open(self, name: str) -> None:
        try:
            self.raw = Path(name).open("rb")  # noqa: SIM115 - closed by `close`
        except IsADirectoryError:
            raise BadSource(f"{name} is a directory: name a file in it") from None
        except OSError as fault:
            raise BadSource(f"{name} cannot be read: {fault.strerror}") from None
        self._close = self.raw.close
        self.path = Path(name)
        self.base = self.path.name
        self.size = self.path.stat().st_size

    def _unzip(self, archive: str, member: str) -> None:
        opened = contextlib.ExitStack()
        try:
            packed = opened.enter_context(zipfile.ZipFile(archive))
            self.raw = opened.enter_context(packed.open(member))
        except (OSError, KeyError, zipfile.BadZipFile, RuntimeError) as fault:
            opened.close()
            raise BadSource(f"{self.name} cannot be unpacked: {fault}") from None
        self._close = opened.close
        self.base = Path(member).name

    def _fetch(self, address: str) -> None:
        with contextlib.ExitStack() as opened:
            try:
                answer = opened.enter_context(
                    httpx2.stream("GET", address, timeout=httpx2.Timeout(SECONDS, connect=10.0), follow_redirects=True)
                )
            except (httpx2.RequestError, httpx2.InvalidURL) as fault:
                raise BadSource(f"{self.name} cannot be fetched: {fault or type(fault).__name__}") from None
            if answer.status_code != 200:
                raise BadSource(f"{self.name} cannot be fetched: HTTP {answer.status_code}")
            if "content-encoding" not in answer.headers:
                self.size = int(answer.headers.get("content-length", 0))
            self.raw = cast(IO[bytes], _Body(answer.iter_bytes()))
            self.base = Path(urllib.parse.unquote(urllib.parse.urlsplit(address).path)).name or "download"
            self._close = opened.pop_all().close


class _Body(io.RawIOBase):
    """An answer's body as a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        while not self._rest:
            try:
                self._rest = next(self._chunks)
            except StopIteration:
                return 0
            except httpx2.RequestError as fault:
                raise EOFError(str(fault) or type(fault).__name__) from None
        taken = self._rest[: len(buffer)]
        buffer[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)


def is_address(name: str) -> bool:
    """Tell whether a source is to be fetched over HTTP."""
    return name.lower().startswith(("http://", "https://"))


def shown(name: str) -> str:
    """Return an address without what may be secret in it: user, password and query; any other name as it is."""
    if not is_address(name):
        return name
    parts = urllib.parse.urlsplit(name)
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))

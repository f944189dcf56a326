"""The bytes of a file as they come: unpacked if they are gzip, within a size, and UTF-8 to the last one."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Iterator
from typing import IO

from tokenbase.jobs import worker

_PIECE = 1 << 20
_GZIP = b"\x1f\x8b"


class Spool:
    """Takes the bytes of a file and keeps its text. `size` is how many bytes are kept so far."""

    def __init__(self, kept: IO[bytes], most: int, packed: bool) -> None:
        """Take where to keep the text and its most bytes; `packed` says that the bytes come in gzip."""
        self._kept = kept
        self._most = most
        self._outer = _Gzip() if packed else None
        self._inner: _Gzip | None = None
        self._head: bytes | None = b""
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._line = 1
        self._come = 0
        self._unpacked = 0
        self.size = 0

    def write(self, chunk: bytes) -> None:
        """Take the next bytes. Raises Failed for what is too large, no gzip or not UTF-8, Passing for a full disk."""
        self._come = self._bounded(self._come + len(chunk))
        for piece in self._outer.unpacked(chunk) if self._outer else (chunk,):
            self._take(piece)

    def close(self) -> None:
        """Tell that there are no more bytes. Raises Passing for a file that breaks off, Failed for one of nothing."""
        if self._head is not None:
            self._decide(self._head)
        for packed in (self._outer, self._inner):
            if packed is not None and not packed.whole:
                raise worker.Passing("the packed file breaks off")
        self._check(b"", final=True)
        if self.size == 0:
            raise worker.Failed("the file is empty")
        self._kept.flush()

    def _bounded(self, size: int) -> int:
        # What is packed counts as well: gzip may unpack to nothing without end.
        if size > self._most:
            raise worker.Failed(
                f"the file has more than {self._most / 1024**2:,.0f} MB: link it in parts, or have the server's "
                "operator raise TOKENBASE_LINK_MEGABYTES"
            )
        return size

    def _take(self, piece: bytes) -> None:
        self._unpacked = self._bounded(self._unpacked + len(piece))
        if self._head is None:
            self._keep(piece)
            return
        self._head += piece
        if len(self._head) >= 4:
            self._decide(self._head)

    def _decide(self, head: bytes) -> None:
        """Look at the first bytes: a file may be packed in itself, whatever it is sent in."""
        self._head = None
        if head.startswith(b"PK\x03\x04"):
            raise worker.Failed("the file is a ZIP or a workbook: link a CSV, which may be packed with gzip")
        self._inner = _Gzip() if head.startswith(_GZIP) else None
        self._keep(head)

    def _keep(self, piece: bytes) -> None:
        for text in self._inner.unpacked(piece) if self._inner else (piece,):
            self.size = self._bounded(self.size + len(text))
            self._check(text, final=False)
            try:
                self._kept.write(text)
            except OSError as fault:
                raise worker.Passing(f"the server has no room for the file: {fault.strerror}") from None

    def _check(self, text: bytes, final: bool) -> None:
        try:
            self._decoder.decode(text, final)
        except UnicodeDecodeError as fault:
            held = fault.object
            line = self._line + held[: fault.start].count(b"\n")
            raise worker.Failed(
                f"the file is not UTF-8: byte 0x{held[fault.start]:02X} in line {line}; save it as UTF-8"
            ) from None
        self._line += text.count(b"\n")


class _Gzip:
    """Unpacks gzip in pieces, so that a bomb is no more than its pieces. `whole` tells that it is at an end of one."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(47)
        self.whole = True

    def unpacked(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self.whole and not data.strip(b"\0"):
                # Some pad the end with zeros.
                return
            self.whole = False
            try:
                piece = self._stream.decompress(data, _PIECE)
            except zlib.error as fault:
                raise worker.Failed(f"the file is not a whole gzip: {fault}") from None
            yield piece
            data = self._stream.unconsumed_tail
            while len(piece) == _PIECE and not data and not self._stream.eof:
                piece = self._stream.decompress(b"", _PIECE)
                yield piece
            if self._stream.eof:
                self.whole = True
                data = self._stream.unused_data
                self._stream = zlib.decompressobj(47)

"""HTTP byte by byte: requests as clients write them, answers as they come."""

from __future__ import annotations

import socket
from types import TracebackType

import msgspec


class Said(msgspec.Struct, frozen=True):
    """An answer as it stood on the wire; `names` are its headers' names as they were written."""

    status: int
    version: str
    names: list[str]
    headers: dict[str, str]
    body: bytes


class Wire:
    """One connection to a server."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._come = b""

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._socket.close()

    def send(self, *parts: bytes) -> None:
        for part in parts:
            self._socket.sendall(part)

    def silent(self, seconds: float) -> bool:
        """Whether nothing comes for so long."""
        self._socket.settimeout(seconds)
        try:
            more = self._socket.recv(65536)
        except TimeoutError:
            return self._come == b""
        finally:
            self._socket.settimeout(30)
        self._come += more
        return False

    def ended(self) -> bool:
        """Whether the server closes the connection, with nothing left to read."""
        return not self._come and self._socket.recv(1) == b""

    def answer(self, head_only: bool = False) -> Said:
        """The next answer, of which no byte more is read than belongs to it."""
        head = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, status, *_ = head[0].split(" ")
        lines = [line.partition(":") for line in head[1:] if line]
        headers = {name.lower(): value.strip() for name, _, value in lines}
        length = 0 if head_only or status.startswith("1") else int(headers["content-length"])
        while len(self._come) < length:
            self._more()
        body, self._come = self._come[:length], self._come[length:]
        return Said(int(status), version, [name for name, _, _ in lines], headers, body)

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._come:
            self._more()
        found, _, self._come = self._come.partition(mark)
        return found

    def _more(self) -> None:
        more = self._socket.recv(65536)
        assert more, f"the connection ended after {self._come[-300:]!r}"
        self._come += more

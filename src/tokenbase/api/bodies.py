"""Request bodies: read within bounds of size, time and memory, whatever a stranger sends."""

from __future__ import annotations

import asyncio
import contextlib
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from tokenbase.contract import limits, problems

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

STALL_SECONDS = 30.0
BUDGET_BYTES = 128 * 1024 * 1024
BUDGET_SECONDS = 10.0
DRAIN_BYTES = 512 * 1024 * 1024
STRANGERS_DRAIN_BYTES = 1024 * 1024
DRAIN_SECONDS = 20.0


class HungUp(Exception):
    """The client has gone; nobody waits for an answer."""


class Budget:
    """The bytes of bodies that this process may hold at a time. Belongs to one event loop."""

    def __init__(self, size: int = BUDGET_BYTES) -> None:
        """Take the number of bytes."""
        self._free = size
        self._changed = asyncio.Condition()

    @contextlib.asynccontextmanager
    async def share(self, size: int) -> AsyncIterator[None]:
        """Hold a share for as long as its body is in memory. Raises Overloaded when there is none in time."""
        async with self._changed:
            try:
                async with asyncio.timeout(BUDGET_SECONDS):
                    await self._changed.wait_for(lambda: self._free >= size)
            except TimeoutError:
                raise problems.Overloaded() from None
            self._free -= size
        try:
            yield
        finally:
            async with self._changed:
                self._free += size
                self._changed.notify_all()


def announced(headers: Mapping[str, str]) -> int:
    """Return how many bytes a body may need: what Content-Length says, or the most there can be without one.

    Raises TooLarge where it says more than a body may have.
    """
    length = headers.get("content-length")
    if length is None:
        return limits.BODY_BYTES if "transfer-encoding" in headers else 0
    if not length.isdigit() or int(length) > limits.BODY_BYTES:
        raise _too_large()
    return int(length)


async def read(receive: Receive) -> bytes:
    """Return a body as it came. Raises TooLarge, TooSlow, and HungUp when the client goes away meanwhile."""
    chunks: list[bytes] = []
    size = 0
    while True:
        try:
            message = await asyncio.wait_for(receive(), STALL_SECONDS)
        except TimeoutError:
            raise problems.TooSlow(f"no byte of the body came for {STALL_SECONDS:.0f} seconds") from None
        if message["type"] == "http.disconnect":
            raise HungUp
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limits.BODY_BYTES:
            raise _too_large()
        if not message.get("more_body", False):
            return b"".join(chunks)


async def drain(receive: Receive, most: int) -> None:
    """Read up to `most` bytes of a body that is not wanted, so that the client comes to read its answer."""
    size = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            while size < most:
                message = await receive()
                size += len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return


def inflate(body: bytes, encoding: str) -> bytes:
    """Return the body that a Content-Encoding stands for. Raises TooLarge, UnsupportedEncoding and BadRequest."""
    encoding = encoding.strip().lower()
    if not body or encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise problems.UnsupportedEncoding()
    inflated = bytearray()
    try:
        while body:
            # 47: a gzip or a zlib header, whichever is there; some clients send deflate without any.
            raw = encoding == "deflate" and not inflated and body[0] & 0x0F != 8
            stream = zlib.decompressobj(-15 if raw else 47)
            inflated += stream.decompress(body, limits.BODY_BYTES - len(inflated) + 1)
            if len(inflated) > limits.BODY_BYTES:
                raise _too_large()
            if not stream.eof:
                raise problems.BadRequest(f"the {encoding} body ends too early")
            body = stream.unused_data
    except zlib.error as fault:
        raise problems.BadRequest(f"the body is not {encoding}: {fault}") from None
    return bytes(inflated)


def _too_large() -> problems.TooLarge:
    return problems.TooLarge(
        f"a body has at most {limits.BODY_BYTES // 1024**2} MB, after decompression: send fewer contacts in one request"
    )

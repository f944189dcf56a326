"""Which values come more than once, of any number of them: digests in files by their first byte, one file a time."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from tokenbase.uploader.faults import BadSource

PARTS = 256
_BYTES = 12
_PLACE = 8
_HELD = 1 << 13


def digest(text: str) -> bytes:
    """Return what a text is known by."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_BYTES).digest()


class Digests:
    """Pairs of a value and its owner, each with a place such as a line."""

    def __init__(self) -> None:
        """Begin with none."""
        self._directory = tempfile.TemporaryDirectory(prefix="tokenbase-")
        self._held: list[bytearray] = [bytearray() for _ in range(PARTS)]

    def add(self, value: str, owner: str, place: int) -> None:
        """Take note of a value, whose it is, and where it stands."""
        key = digest(value)
        held = self._held[key[0] % PARTS]
        held += key + digest(owner) + place.to_bytes(_PLACE, "big")
        if len(held) > _HELD:
            self._write(key[0] % PARTS)

    def groups(self) -> Iterator[dict[bytes, list[int]]]:
        """Yield, for each different value, the places of each of its owners, in their order."""
        for part in range(PARTS):
            self._write(part)
            values: dict[bytes, dict[bytes, list[int]]] = {}
            path = self._path(part)
            if path.exists():
                with path.open("rb") as file:
                    for key, owner, place in _records(file):
                        values.setdefault(key, {}).setdefault(owner, []).append(place)
                path.unlink()
            yield from values.values()

    def close(self) -> None:
        """Remove the files."""
        self._directory.cleanup()

    def _path(self, part: int) -> Path:
        return Path(self._directory.name) / str(part)

    def _write(self, part: int) -> None:
        if held := self._held[part]:
            try:
                with self._path(part).open("ab") as file:
                    file.write(held)
            except OSError as fault:
                place = self._directory.name
                raise BadSource(f"digests cannot be kept in {place}: {fault.strerror}; set TMPDIR to another") from None
            self._held[part] = bytearray()


def _records(file: IO[bytes]) -> Iterator[tuple[bytes, bytes, int]]:
    size = 2 * _BYTES + _PLACE
    while chunk := file.read(size * 4096):
        for at in range(0, len(chunk), size):
            yield (
                chunk[at : at + _BYTES],
                chunk[at + _BYTES : at + 2 * _BYTES],
                int.from_bytes(chunk[at + 2 * _BYTES : at + size], "big"),
            )

"""Rows in the binary format of PostgreSQL's COPY, made column by column (PostgreSQL's manual, COPY, "Binary Format").

A cell is the length of a value in four bytes and the value as its type is sent; a row is the number of its cells and
the cells.
"""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

Column = bytes | Iterable[bytes]
"""The cells of a column, or of several side by side, row by row; or the one that stands in every row."""

UUID = b"\0\0\0\x10"
"""What stands before the bytes of a `uuid`."""
NULL = b"\xff\xff\xff\xff"
BEGIN = b"PGCOPY\n\xff\r\n\0" + bytes(8)
"""What stands before the first row: the format's signature, no flags, no extension."""
END = b"\xff\xff"

_length = struct.Struct(">i").pack


class _Lengths(dict[int, bytes]):
    def __missing__(self, length: int) -> bytes:
        return _length(length)


_LENGTHS = _Lengths((length, _length(length)) for length in range(4096))
_BOOLEANS = {"true": b"\0\0\0\1\1", "false": b"\0\0\0\1\0"}
_integer = struct.Struct(">ii").pack
_bigint = struct.Struct(">iq").pack
_count = struct.Struct(">h").pack
_EPOCH = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
"""From where PostgreSQL counts the microseconds of a moment."""
_Value = TypeVar("_Value", str, int, bytes)


def integer(value: int | str) -> bytes:
    """Return the cell of an `integer`."""
    return _integer(4, int(value))


def bigint(value: int) -> bytes:
    """Return the cell of a `bigint`."""
    return _bigint(8, value)


def bigints(values: Iterable[int]) -> list[bytes]:
    """Return a `bigint` column."""
    return [_bigint(8, value) for value in values]


def boolean(text: str) -> bytes:
    """Return the cell of a `boolean`, written `true` or `false`."""
    return _BOOLEANS[text]


def text(text: str) -> bytes:
    """Return the cell of a `text`."""
    data = text.encode()
    return _LENGTHS[len(data)] + data


def jsonb(encoded: bytes) -> bytes:
    """Return the cell of a `jsonb`."""
    return _LENGTHS[len(encoded) + 1] + b"\1" + encoded


def identifier(text: str) -> bytes:
    """Return the cell of a `uuid`, with hyphens or without."""
    return UUID + bytes.fromhex(text.replace("-", ""))


def moment(given: dt.datetime) -> bytes:
    """Return the cell of a `timestamptz`."""
    return _bigint(8, (given - _EPOCH) // dt.timedelta(microseconds=1))


def column(encode: Callable[[_Value], bytes], values: Sequence[_Value]) -> Iterator[bytes]:
    """Return a column whose values come again and again: each is encoded once."""
    known = {value: encode(value) for value in set(values)}
    return map(known.__getitem__, values)


def nullable(encode: Callable[[str], bytes], texts: Sequence[str]) -> Iterator[bytes]:
    """Return the same of texts of which an empty one is null."""
    different = set(texts)
    if 2 * len(different) > len(texts):
        return iter([encode(text) if text else NULL for text in texts])
    known = {text: encode(text) if text else NULL for text in different}
    return map(known.__getitem__, texts)


def digests(digits: Iterable[str]) -> list[bytes]:
    """Return a `uuid` column of values that hardly come twice, each as 32 hex digits or empty for null."""
    return [UUID + bytes.fromhex(one) if one else NULL for one in digits]


def table(count: int, width: int, columns: Iterable[Column]) -> bytes:
    """Return so many rows of so many cells by their columns. Raises ValueError for a column of more or fewer rows."""
    row = [_count(width)]
    places: dict[int, Iterable[bytes]] = {}
    for cells in columns:
        if not isinstance(cells, bytes):
            places[len(row)] = cells
            row.append(b"")
        elif len(row) - 1 in places:
            row.append(cells)
        else:
            row[-1] += cells
    made = row * count
    for place, cells in places.items():
        # Into every row at the same place; a list refuses more or fewer than there are.
        made[place :: len(row)] = cells
    return b"".join(made)

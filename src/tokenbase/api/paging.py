"""Pages of lists: `startindex` from 1, `maxrows` up to 500, the number of all rows in the header TotalCount."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec

from tokenbase.api.operations import Parameter
from tokenbase.contract import limits, problems

FURTHEST = 2**31

PARAMETERS = (
    Parameter("startindex", "The first row to give, from 1.", "1", Annotated[int, msgspec.Meta(ge=1, lt=FURTHEST)]),
    Parameter(
        "maxrows",
        "The most rows to give; more than 500 are never given.",
        "500",
        Annotated[int, msgspec.Meta(ge=1, lt=FURTHEST)],
    ),
)
"""What every list takes."""


def page(query: Mapping[str, str]) -> tuple[int, int]:
    """Return how many rows to skip and how many to give. Raises BadValue for what is not a number from 1."""
    start = _number(query, "startindex", 1)
    rows = _number(query, "maxrows", limits.PAGE_ROWS)
    return start - 1, min(rows, limits.PAGE_ROWS)


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit()) or not 0 < int(text) < FURTHEST:
        message = f'"{text[:50]}" is not a number from 1'
        raise problems.bad_value(name, message)
    return int(text)

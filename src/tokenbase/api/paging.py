"""Pages of lists: `startindex` from 1, `maxrows` up to 500, the number of all rows in the header TotalCount."""

from __future__ import annotations

from collections.abc import Mapping

from tokenbase.contract import limits, problems

FURTHEST = 2**31


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
        raise problems.BadValue(f"{name}: {message}", [problems.Problem(path=name, message=message)])
    return int(text)

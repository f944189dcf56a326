"""A row of a source, whatever the source is."""

from __future__ import annotations

import msgspec


class Row(msgspec.Struct):
    """One row: the line it begins on, its text as it stands in the source, and its cells.

    `cells` are texts in the order of the headings (CSV), or the values of an object by name; an object that did not
    come as text has "" for one. `fault` says why the row cannot be read; then there are no cells. `file` is "" where
    the source is a single one.
    """

    line: int
    text: str
    cells: list[str] | dict[str, object]
    fault: str | None = None
    file: str = ""

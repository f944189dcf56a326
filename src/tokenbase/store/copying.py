"""Rows as PostgreSQL's COPY reads them, in its text format: the fastest way in that the driver offers.

A row is made of cells, each the text of a value as PostgreSQL writes it, and an empty cell is null: no column that can
be null holds an empty text. Statements that read COPY say `(NULL '')`, and those that fetch cells cast to text.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import psycopg

_CHUNK_ROWS = 500


def write(conn: psycopg.Connection[tuple[object, ...]], statement: bytes, lines: Iterable[str]) -> None:
    """Send lines, each the cells of a row with a tab between and a newline at its end, to a COPY … FROM STDIN.

    No cell may hold a tab or a newline. A chunk goes out as soon as it is made, so that PostgreSQL stores it while the
    next one is made.
    """
    rest = iter(lines)
    with conn.cursor().copy(statement) as copy:
        while chunk := "".join(itertools.islice(rest, _CHUNK_ROWS)):
            copy.write(chunk.replace("\\", "\\\\"))

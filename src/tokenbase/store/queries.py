"""Statements by name, read from the `queries.sql` of a room. Python never glues SQL."""

from __future__ import annotations

import importlib.resources
import re

_STATEMENT = re.compile(
    r"^-- name: (?P<name>\w+)\n(?P<comment>(?:--.*\n)+)(?P<body>(?:(?!^-- name: )[^\0])*)", re.MULTILINE
)


class Statements:
    """The statements of one room, each an attribute."""

    def __init__(self, room: str, statements: dict[str, bytes]) -> None:
        """Take the room's package, for error messages, and its statements by name."""
        self.room = room
        self.names = frozenset(statements)
        self._statements = statements

    def __getattr__(self, name: str) -> bytes:
        """Return a statement; AttributeError names the file that should have it."""
        try:
            return self._statements[name]
        except KeyError:
            raise AttributeError(f'{self.room}/queries.sql has no statement "{name}"') from None


def load(room: str) -> Statements:
    """Return the statements of a package's `queries.sql`. Raises ValueError where one is double or has no sentence."""
    text = (importlib.resources.files(room) / "queries.sql").read_text(encoding="utf-8")
    found: dict[str, bytes] = {}
    for match in _STATEMENT.finditer(text):
        if match["name"] in found:
            raise ValueError(f'{room}/queries.sql has two statements "{match["name"]}"')
        found[match["name"]] = match["body"].strip().rstrip(";").encode()
    if len(found) != len(re.findall(r"^-- name:", text, re.MULTILINE)):
        raise ValueError(
            f"{room}/queries.sql: each statement begins with a line -- name: and one that says what it is for"
        )
    return Statements(room, found)

"""Values out of a row's cells, by the names that a mapping uses: headings, paths into objects, derived columns."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from tokenbase.uploader.faults import BadMapping
from tokenbase.uploader.mapping import Derived, Join, Plan

Cells = list[str] | dict[str, object]
Read = Callable[..., str]
"""Returns the text of one value of a row's cells, "" where there is none."""

KEY, VALUE, ELEMENT = "{key}", "{value}", "@"
"""In a path: the key that a wildcard stood for, a value that is no object, the element of `each`."""


class Reader:
    """Makes the functions that read values. `headings` are those of cells in a list; None where cells are objects."""

    def __init__(self, plan: Plan, headings: Sequence[str] | None, notice: Callable[[str], None]) -> None:
        """Take the mapping, and where to tell what is odd."""
        self._plan = plan
        self._notice = notice
        self._places: Mapping[str, int] | None = None
        if headings is not None:
            self._places = {heading: place for place, heading in enumerate(headings)}

    def one(self, name: str) -> Read:
        """Return what reads one value; of several that a path leads to, the first."""
        if (derived := self._plan.derived.get(name)) is not None:
            return self._derived(derived)
        if self._places is not None:
            place = self._places.get(name)
            return _nothing if place is None else lambda cells: cells[place].strip()

        def value(cells: dict[str, object]) -> str:
            found = first(cells, name)
            if isinstance(found, (dict, list)) and found:
                kind = "a list" if isinstance(found, list) else "an object"
                self._notice(f'"{name}" holds {kind} where one value is meant: it is taken as its JSON text')
            return text(found)

        return value

    def all(self, name: str) -> Callable[..., list[str]]:
        """Return what reads every value that a path leads to."""
        if self._places is not None or name in self._plan.derived or ("*" not in name and KEY not in name):
            one = self.one(name)
            return lambda cells: [one(cells)]
        return lambda cells: [text(value) for value in every(cells, name)]

    def whole(self, name: str) -> Callable[..., object]:
        """Return what reads one value as it is, an object as an object."""
        if self._places is not None:
            return self.one(name)
        return lambda cells: first(cells, name)

    def elements(self) -> Callable[[dict[str, object]], Iterator[dict[str, object]]]:
        """Return what yields cells for each element of a row: the row's own, the element as "@", what is joined."""
        paths, joins = self._plan.each, self._plan.joins

        def found(cells: dict[str, object]) -> Iterator[dict[str, object]]:
            for path in paths:
                for element in every(cells, path, keyed=True):
                    inner = {**cells, ELEMENT: element}
                    for name, join in joins.items():
                        inner[f"{ELEMENT}{name}"] = _joined(inner, join)
                    yield inner

        return found

    def _derived(self, derived: Derived) -> Read:
        names = [derived.of] if isinstance(derived.of, str) else derived.of
        parts = [self.one(name) for name in names]
        try:
            pattern = re.compile(derived.pattern) if derived.pattern is not None else None
        except re.error as fault:
            raise BadMapping(f'the pattern "{derived.pattern}" cannot be used: {fault}') from None
        values = {word.lower(): meaning for word, meaning in (derived.values or {}).items()}
        other = values.get("*")

        def value(cells: Cells) -> str:
            whole = derived.join.join(part for read in parts if (part := read(cells)))
            if pattern is not None:
                matched = pattern.search(whole)
                whole = (matched[1] if pattern.groups else matched[0]) if matched else ""
            if values and whole:
                return values.get(whole.lower(), whole if other is None else other)
            return whole

        return value


def first(cells: dict[str, object], path: str) -> object:
    """Return the first value that a path leads to. A key that is the whole path goes before the path."""
    if path in cells or "." not in path:
        return cells.get(path)
    return next((value for value in every(cells, path) if value is not None), None)


def every(value: object, path: str, *, keyed: bool = False) -> Iterator[object]:
    """Yield what a path leads to: keys or places separated by dots, `*` for each, `{key}` for the keys themselves.

    With `keyed` it yields objects: what is none becomes one, with the key that `*` stood for.
    """
    parts = path.split(".")
    if not keyed:
        yield from _walk(value, parts)
    elif parts[-1] == "*":
        for whole in _walk(value, parts[:-1]):
            for key, inner in children(whole):
                yield {**inner, KEY: key} if isinstance(inner, dict) else {KEY: key, VALUE: inner}
    else:
        for whole in _walk(value, parts):
            if whole is not None:
                yield whole if isinstance(whole, dict) else {VALUE: whole}


def _walk(value: object, parts: Sequence[str]) -> Iterator[object]:
    if not parts:
        yield value
        return
    part, rest = parts[0], parts[1:]
    if isinstance(value, str) and value[:1] in ("{", "["):
        # Columns of tables often hold objects as JSON.
        try:
            value = msgspec.json.decode(value)
        except msgspec.DecodeError:
            return
    if part == "*":
        for _, inner in children(value):
            yield from _walk(inner, rest)
    elif isinstance(value, dict):
        if part in value:
            yield from _walk(value[part], rest)
        elif part == KEY:
            yield from value
    elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
        yield from _walk(value[int(part)], rest)


def children(value: object) -> Iterator[tuple[str, object]]:
    """Yield what is in an object or a list, also in one that is written as text, with the keys or places."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            value = msgspec.json.decode(value)
        except msgspec.DecodeError:
            return
    if isinstance(value, dict):
        yield from ((str(key), inner) for key, inner in value.items())
    elif isinstance(value, list):
        yield from ((str(place), inner) for place, inner in enumerate(value))


def _joined(cells: dict[str, object], join: Join) -> object:
    wanted = text(first(cells, join.on))
    for candidate in every(cells, join.each, keyed=True) if wanted else ():
        if isinstance(candidate, dict) and text(candidate.get(join.by)) == wanted:
            return candidate
    return {}


def text(value: object) -> str:
    """Return a value of JSON as the text of a cell."""
    if isinstance(value, str):
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False) if value else ""
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _nothing(_: object) -> str:
    return ""

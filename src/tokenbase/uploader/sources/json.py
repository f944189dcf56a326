"""One JSON document: a list of contacts, or the body of a bulk request with such a list in it, read as a stream."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from tokenbase.uploader.faults import BadSource
from tokenbase.uploader.rows import Row
from tokenbase.uploader.sources import files, jsonl

_SPACE = re.compile(r"[ \t\r\n]*")
_CHUNK = 1 << 20
_ELEMENT = 16 << 20
"""The most characters that one contact may have: a document that is broken must not be read to its end for it."""


class Document:
    """A JSON document. `options` are the other keys of an object whose `contacts` were read."""

    def __init__(self, file: files.File, at: str | None = None) -> None:
        """Take an open file. `at` is the path of the rows, such as `users.*`, in a document that is no list."""
        self._parts = at.split(".") if at else []
        self._file = file
        self._decoder = json.JSONDecoder()
        self._text = ""
        self._at = 0
        self._line = 1
        self._ended = False
        self.options: dict[str, object] = {}

    def rows(self) -> Iterator[Row]:
        """Yield the contacts. Raises BadSource with the line where the document is not what it should be."""
        first = self._peek()
        if self._parts and first == "{":
            yield from self._follow(self._parts, "")
            if not self._followed:
                raise self._broken(f"it has nothing at {'.'.join(self._parts)}")
        elif first == "[":
            yield from self._list()
        elif first == "{":
            yield from self._object()
        else:
            raise self._broken("it begins neither with [ nor with {")
        if self._peek():
            raise self._broken("something stands behind its end")

    def _follow(self, parts: list[str], key: str) -> Iterator[Row]:
        """Yield the rows at a path, each with the key that it stands under."""
        start = self._peek()
        if not parts:
            line = self._line
            value, text = self._value()
            self._followed = True
            if isinstance(value, dict):
                yield Row(line, text, {**value, **({"{key}": key} if key else {})})
            elif value is not None:
                yield Row(line, text, {"{key}": key, "{value}": value})
            return
        if start not in ("{", "["):
            self._value()
            return
        end, part = {"{": "}", "[": "]"}[start], parts[0]
        self._at += 1
        while self._peek() != end:
            name = ""
            if start == "{":
                found, _ = self._value()
                if not isinstance(found, str) or self._peek() != ":":
                    raise self._broken('a key such as "name": is missing')
                self._at += 1
                name = found
            if part == "*" or part == name:
                yield from self._follow(parts[1:], name)
            else:
                self._pass_over()
            self._comma(end)
        self._followed = self._followed or part == "*"
        self._at += 1

    _followed = False

    def _pass_over(self) -> None:
        """Read over a value that may be larger than memory."""
        start = self._peek()
        if start not in ("{", "["):
            self._value()
            return
        end = {"{": "}", "[": "]"}[start]
        self._at += 1
        while self._peek() != end:
            if start == "{":
                self._value()
                if self._peek() != ":":
                    raise self._broken('a key such as "name": is missing')
                self._at += 1
            self._pass_over()
            self._comma(end)
        self._at += 1

    def _object(self) -> Iterator[Row]:
        self._at += 1
        found = False
        while self._peek() != "}":
            name, _ = self._value()
            if not isinstance(name, str) or self._peek() != ":":
                raise self._broken('a key such as "contacts": is missing')
            self._at += 1
            if name == "contacts" and self._peek() == "[":
                found = True
                yield from self._list()
            else:
                self.options[name] = self._value()[0]
            self._comma("}")
        self._at += 1
        if not found:
            raise self._broken('it is an object without a list called "contacts"')

    def _list(self) -> Iterator[Row]:
        self._at += 1
        while self._peek() != "]":
            line = self._line
            _, text = self._value()
            yield jsonl.row(line, text)
            self._comma("]")
        self._at += 1

    def _comma(self, end: str) -> None:
        following = self._peek()
        if following == ",":
            self._at += 1
            if self._peek() == end:
                raise self._broken("a comma stands before its end")
        elif following != end:
            raise self._broken(f'a comma or "{end}" is missing')

    def _value(self) -> tuple[object, str]:
        """Return the next value and its text."""
        self._peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as fault:
                if not self._ended and len(self._text) - self._at < _ELEMENT:
                    self._more()
                    continue
                raise self._broken(getattr(fault, "msg", "a value is nested too deeply")) from None
            if end == len(self._text) and not self._ended:
                # A number may go on in the next chunk.
                self._more()
                continue
            text = self._text[self._at : end]
            self._line += text.count("\n")
            self._at = end
            return value, text

    def _peek(self) -> str:
        """Return the next character that is not white space, "" at the end."""
        while True:
            space = _SPACE.match(self._text, self._at)
            end = space.end() if space else self._at
            self._line += self._text.count("\n", self._at, end)
            self._at = end
            if end < len(self._text):
                return self._text[end]
            if self._ended:
                return ""
            self._more()

    def _more(self) -> None:
        chunk = self._file.read(_CHUNK)
        self._ended = not chunk
        self._text = self._text[self._at :] + chunk
        self._at = 0

    def _broken(self, reason: str) -> BadSource:
        return BadSource(f"{self._file.name} is not the JSON it should be: line {self._line}: {reason}")

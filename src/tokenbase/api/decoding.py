"""JSON bodies into typed values, with errors that name the line and column, or the place in the request."""

from __future__ import annotations

import codecs
import re
from typing import TypeVar

import msgspec

from tokenbase.contract import problems, wording

_Value = TypeVar("_Value")
_BYTE = re.compile(r"\(byte (\d+)\)")
_PLACE = re.compile(r" - at `\$?\.?(?P<place>[^`]*)`")


def decode(body: bytes, kind: type[_Value]) -> _Value:
    """Return the body as a value of a type. Raises BadJson, and BadValue with the path of what has another type."""
    # Some clients begin every UTF-8 text with a byte order mark.
    body = body.removeprefix(codecs.BOM_UTF8)
    if not body.strip():
        raise problems.BadJson("the body is empty: send JSON")
    try:
        # The parts that stay raw are not checked by the decoder.
        body.decode("utf-8")
    except UnicodeDecodeError as fault:
        place = _place(body, fault.start)
        raise problems.BadJson(f"the body is not UTF-8: byte 0x{body[fault.start]:02X} at {place}") from None
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as fault:
        message = str(fault)
        found = _PLACE.search(message)
        path = found["place"] if found else ""
        message = wording.of_type(message)
        raise problems.BadValue(f"{path}: {message}".removeprefix(": "), [_problem(path, message)]) from None
    except msgspec.DecodeError as fault:
        found = _BYTE.search(str(fault))
        at = int(found[1]) if found else len(body)
        reason = _BYTE.sub("", str(fault)).removeprefix("JSON is malformed: ").strip()
        raise problems.BadJson(f"the body is not JSON: {reason} at {_place(body, at)}") from None
    except RecursionError:
        raise problems.BadJson("the body is nested too deeply: a contact has five levels at most") from None


def _problem(path: str, message: str) -> problems.Problem:
    return problems.Problem(path=path, message=message)


def _place(body: bytes, at: int) -> str:
    before = body[:at].decode("utf-8", errors="replace")
    return f"line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}"

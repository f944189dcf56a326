"""The one table of everything the API can do, and the way from an address to it."""

from __future__ import annotations

import re
from urllib.parse import unquote

from tokenbase.accounts.rights import Permission
from tokenbase.api import account, apps, contacts, events, fields, imports, privacy, segments, subscriptions
from tokenbase.api.operations import Answer, Operation

OPERATIONS: tuple[Operation, ...] = (
    *imports.OPERATIONS,
    *privacy.OPERATIONS,
    *subscriptions.OPERATIONS,
    *contacts.OPERATIONS,
    *segments.OPERATIONS,
    *apps.OPERATIONS,
    *events.OPERATIONS,
    *fields.OPERATIONS,
    *account.OPERATIONS,
)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path)))


_PATTERNS = [(_pattern(path), path) for path in dict.fromkeys(operation.path for operation in OPERATIONS)]
_BY_PLACE = {(operation.path, operation.method): operation for operation in OPERATIONS}


def find(raw_path: str) -> tuple[str, dict[str, str]] | None:
    """Return the path of a table row that an address fits, and its variable segments; None where nothing fits.

    The address is still percent-encoded, so that a token may hold a slash. A slash at its end changes nothing, nor do
    several at its beginning, as when the base URL of a client ends with one.
    """
    address = f"/{raw_path.strip('/')}"
    for pattern, path in _PATTERNS:
        if (found := pattern.fullmatch(address)) is not None:
            return path, {name: unquote(value, errors="replace") for name, value in found.groupdict().items()}
    return None


def operation(path: str, method: str) -> Operation | None:
    """Return what a method does on a path of the table; HEAD does what GET does, OPTIONS tells the methods."""
    if method == "OPTIONS":
        allowed = Answer(headers={"Allow": ", ".join(methods(path))})
        return Operation(method, path, Permission.ANY, lambda call: allowed)
    return _BY_PLACE.get((path, "GET" if method == "HEAD" else method))


def methods(path: str) -> list[str]:
    """Return the methods that a path knows."""
    found = [operation.method for operation in OPERATIONS if operation.path == path]
    return sorted({*found, "OPTIONS", *(["HEAD"] if "GET" in found else [])})

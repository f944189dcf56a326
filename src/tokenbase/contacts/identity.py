"""Keys of the identity table: one 16-byte digest for each way to ask "who is this?".

Only the keys are made here; who holds them is asked in `loading` and decided in `matching`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping


def key(kind: str, value: str) -> str:
    """Return the key of a value already in the form it is compared in: 32 hex digits.

    The first half of a SHA-256, which PostgreSQL can compute too (statement `index_field`).
    """
    return hashlib.sha256(f"{kind}:{value}".encode()).hexdigest()[:32]


def external(external_id: str) -> str:
    """Return the key of a customer's id, compared exactly."""
    return key("external", external_id)


def email(address: str) -> str:
    """Return the key of an e-mail address, compared without case."""
    return key("email", address.lower())


def token(app_id: str | None, folded: str) -> str:
    """Return the key of a push token within its app; `folded` as `contract.tokens.folded` gives it."""
    return key("token", f"{app_id or ''}:{folded}")


def webpush(app_id: str | None, endpoint: str) -> str:
    """Return the key of a browser's push subscription within its app."""
    return key("webpush", f"{app_id or ''}:{endpoint}")


def field(field_id: int, value: str) -> str:
    """Return the key of an additional field's value."""
    return key("field", f"{field_id}:{value}")


def of_column(column: str, value: str) -> str:
    """Return the key of a contact's column, one of `KEYED_COLUMNS`."""
    return email(value) if column == "email" else key(_KINDS[column], value)


def of_values(column: str, values: Iterable[str]) -> list[bytes]:
    """Return the keys of many values of such a column, as the bytes that the digits of a key stand for.

    The same as `of_column` for each, in less time.
    """
    kind = _KINDS[column]
    compared = [value.lower() for value in values] if column == "email" else values
    return [hashlib.sha256(f"{kind}:{value}".encode()).digest()[:16] for value in compared]


def of_row(row: Mapping[str, str]) -> list[str]:
    """Return the keys of a contact's columns, in the order of `KEYED_COLUMNS`."""
    return [of_column(column, value) for column in _KINDS if (value := row.get(column))]


_KINDS = {
    "external_id": "external",
    "email": "email",
    "sms": "sms",
    "telegram": "telegram",
    "contact_key": "contactKey",
}

KEYED_COLUMNS = tuple(_KINDS)
"""The columns of a contact that stand in the identity table."""

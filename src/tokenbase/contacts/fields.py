"""Additional fields: which there are, and which values they take (contract 2)."""

from __future__ import annotations

import datetime as dt
import decimal
import re
from collections.abc import Iterable
from typing import Any

import msgspec
import psycopg

from tokenbase.contract import fields, limits, problems
from tokenbase.store import database, queries

sql = queries.load("tokenbase.contacts")

DEFAULT_LIST = "CUSTOM"
BOOK_NAME = "Additional fields"
_KEY = re.compile(r"[A-Za-z0-9_]{1,100}")
_FURTHEST_OFFSET = dt.timedelta(hours=16)
"""PostgreSQL knows no time zone so far from UTC."""
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_PERSONAL: tuple[tuple[str, str, str, list[str]], ...] = (
    ("GENDER", "Gender", "select", ["m", "f"]),
    ("BIRTHDAY", "Birthday", "date", []),
)
"""The fields that exist from the start: key, name, type and allowed values."""


class Field(msgspec.Struct, frozen=True):
    """An additional field; `identifies` where contacts can be matched by its values already."""

    id: int
    address_book_id: int
    list_name: str
    key: str
    name: str
    type: str
    allowed_values: list[str]
    identifies: bool

    def described(self) -> fields.Field:
        """Return the field as the API shows it."""
        return fields.Field(
            id=self.id,
            key=self.key,
            name=self.name,
            list_name=self.list_name,
            address_book_id=self.address_book_id,
            description=fields.FieldDescription(
                type=self.type, required=False, readonly=False, allowed_values=self.allowed_values
            ),
        )


def load(conn: psycopg.Connection[tuple[Any, ...]], account_id: int) -> dict[int, Field]:
    """Return the additional fields of an account by id."""
    return {row[0]: Field(*row) for row in conn.execute(sql.fields, {"account_id": account_id})}


def book(known: Iterable[Field]) -> fields.AddressBook:
    """Return fields as they stand in the account's address book, list by list."""
    lists: dict[str, list[fields.BookField]] = {}
    for field in known:
        shown = fields.BookField(
            id=field.id, name=field.name, field_key=field.key, description=field.described().description
        )
        lists.setdefault(field.list_name, []).append(shown)
    groups = [fields.FieldGroup(name=name, profile_key=name, fields=listed) for name, listed in lists.items()]
    return fields.AddressBook(address_book_id=1, name=BOOK_NAME, field_groups=groups)


def identifying(conn: psycopg.Connection[tuple[Any, ...]], account_id: int) -> frozenset[int]:
    """Return the fields by whose values contacts can be matched."""
    return frozenset(row[0] for row in conn.execute(sql.identifying_fields, {"account_id": account_id}))


def create_personal(database: database.Database, account_id: int, now: dt.datetime) -> None:
    """Make the fields that every account has from the start."""
    for key, name, kind, allowed in _PERSONAL:
        definition = fields.FieldDefinition(key=key, name=name, type=kind, list_name="PERSONAL", allowed_values=allowed)
        create(database, account_id, definition, now)


def create(database: database.Database, account_id: int, definition: fields.FieldDefinition, now: dt.datetime) -> Field:
    """Make an additional field, usable at once. Raises BadValue, and Conflict where its id or key is taken."""
    faults = []
    name = definition.name.strip()
    if not 0 < len(name) <= 255 or _FORBIDDEN.search(name):
        faults.append(problems.Problem(path="name", message="a field's name has 1 to 255 characters"))
    if definition.type not in fields.TYPES:
        message = f'"{definition.type[:50]}" is not a type; there are {", ".join(fields.TYPES)}'
        faults.append(problems.Problem(path="type", message=message))
    allowed = [value.strip() for value in definition.allowed_values or [] if value.strip()]
    if definition.type in ("select", "checkbox") and not allowed:
        faults.append(problems.Problem(path="allowedValues", message=f"a {definition.type} field needs allowed values"))
    if any("\0" in value or "," in value for value in allowed):
        faults.append(problems.Problem(path="allowedValues", message="an allowed value has no comma and no NUL"))
    key = (definition.key or re.sub(r"\W+", "_", name.upper(), flags=re.ASCII).strip("_") or "FIELD").strip()
    if not _KEY.fullmatch(key):
        faults.append(problems.Problem(path="key", message="a key has up to 100 Latin letters, digits and underscores"))
    list_name = (definition.list_name or DEFAULT_LIST).strip()
    if not _KEY.fullmatch(list_name):
        faults.append(problems.Problem(path="list", message="a list is named by Latin letters, digits and underscores"))
    field_id, book = _number(definition.id, "id", faults), _number(definition.address_book_id, "addressBookId", faults)
    if faults:
        raise problems.BadValue(f"{faults[0].path}: {faults[0].message}", faults)
    wanted = Field(field_id or 0, book or 1, list_name, key, name, definition.type, allowed, False)
    return _insert(database, account_id, wanted, now)


def _insert(database: database.Database, account_id: int, wanted: Field, now: dt.datetime) -> Field:
    named = wanted.id != 0
    with database.transaction() as conn:
        taken = load(conn, account_id)
        field = wanted
        while not named and (field.id == 0 or field.id in taken):
            # Ids that were named may lie ahead of those that are handed out.
            field = msgspec.structs.replace(wanted, id=database.blocks.take("field", 1)[0])
        parameters = {"account_id": account_id, "now": now, **msgspec.structs.asdict(field)}
        if conn.execute(sql.create_field, parameters).fetchone() is None:
            path = "id" if field.id in taken else "key"
            message = f"there is a field with that {path} already: {field.id if path == 'id' else field.key}"
            raise problems.Conflict(message, [problems.Problem(path=path, message=message)])
    return field


def _number(given: int | str | None, path: str, faults: list[problems.Problem]) -> int | None:
    if given is None:
        return None
    text = str(given).strip()
    if text.isascii() and text.isdigit() and 0 < int(text) <= limits.NUMBER_FIELD_LIMIT:
        return int(text)
    message = f"a whole number between 1 and {limits.NUMBER_FIELD_LIMIT:,} is needed"
    faults.append(problems.Problem(path=path, message=message))
    return None


Value = str | int | float | bool | list[str]


def clean(field: Field, value: Value) -> tuple[str, None] | tuple[None, str]:
    """Return a value in the form it is stored in and None, or None and the reason why it cannot be."""
    if isinstance(value, bool):
        value = "true" if value else "false"
    text = (",".join(value) if isinstance(value, list) else str(value)).strip()
    try:
        return _CHECKS[field.type](field, text), None
    except ValueError as fault:
        return None, str(fault)


def _text(field: Field, text: str) -> str:
    most = limits.TEXT_AREA_CHARACTERS if field.type == "textarea" else limits.TEXT_FIELD_CHARACTERS
    if len(text) > most:
        raise ValueError(f"at most {most:,} characters, this has {len(text):,}")
    if not text.isprintable() and _FORBIDDEN.search(text):
        raise ValueError("it has a control character")
    return text


def _whole(field: Field, text: str) -> str:
    digits = text.removeprefix("+").removesuffix(".0")
    if not re.fullmatch(r"-?[0-9]{1,10}", digits) or abs(int(digits)) > limits.NUMBER_FIELD_LIMIT:
        limit = limits.NUMBER_FIELD_LIMIT
        raise ValueError(f'"{text[:50]}" is not a whole number between -{limit} and {limit}')
    return str(int(digits))


def _fraction(field: Field, text: str) -> str:
    try:
        number = decimal.Decimal(text)
    except decimal.InvalidOperation:
        number = decimal.Decimal("NaN")
    if not number.is_finite() or len(text) > 50 or abs(number.adjusted()) > 30:
        raise ValueError(f'"{text[:50]}" is not a number; write it as 12.5')
    return f"{number:f}"


def _date(field: Field, text: str) -> str:
    try:
        return dt.date.fromisoformat(text.partition("T")[0]).isoformat()
    except ValueError:
        raise ValueError(f'"{text[:50]}" is not a date; write it as 1814-03-09') from None


def _date_time(field: Field, text: str) -> str:
    try:
        moment = dt.datetime.fromisoformat(text)
        offset = moment.utcoffset() or dt.timedelta()
        if abs(offset) >= _FURTHEST_OFFSET or offset.microseconds:
            raise ValueError
        return moment.isoformat()
    except ValueError:
        raise ValueError(f'"{text[:50]}" is not a date with time; write it as 2026-11-23T17:05') from None


def _choice(field: Field, text: str) -> str:
    if text not in field.allowed_values:
        raise ValueError(f'"{text[:50]}" is not one of {", ".join(field.allowed_values[:20])}')
    return text


def _choices(field: Field, text: str) -> str:
    return ",".join(dict.fromkeys(_choice(field, part.strip()) for part in text.split(",") if part.strip()))


_CHECKS = {
    "text": _text,
    "textarea": _text,
    "number": _whole,
    "decimal": _fraction,
    "date": _date,
    "datetime": _date_time,
    "select": _choice,
    "checkbox": _choices,
}

"""Additional fields as they stand on the wire."""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec

from tokenbase.contract.contacts import Id

TYPES = ("text", "textarea", "number", "decimal", "date", "datetime", "select", "checkbox")
"""What a field can hold: a text, a long text, a whole number, a fraction, a date, a date with time, one of the allowed
values, several of them separated by commas."""


class FieldDefinition(msgspec.Struct, kw_only=True, omit_defaults=True, rename="camel"):
    """A field to be created. Its `id` may be named; its `key` is made of the name where there is none."""

    EXAMPLE: ClassVar[dict[str, object]] = {"name": "Job", "type": "text", "key": "JOB", "list": "PERSONAL"}

    name: str
    type: Annotated[str, msgspec.Meta(extra_json_schema={"enum": list(TYPES)})]
    id: Id | None = None
    key: str | None = None
    list_name: str | None = msgspec.field(default=None, name="list")
    allowed_values: list[str] | None = None
    address_book_id: Id | None = None


class FieldDescription(msgspec.Struct, kw_only=True, rename="camel"):
    """What a field can hold. Fields of the list PERSONAL exist from the start."""

    type: str
    required: bool
    readonly: bool
    allowed_values: list[str]


class Field(msgspec.Struct, kw_only=True, rename="camel"):
    """An additional field of an account."""

    EXAMPLE: ClassVar[dict[str, object]] = {
        "id": 12345,
        "key": "JOB",
        "name": "Job",
        "list": "PERSONAL",
        "addressBookId": 1,
        "description": {"type": "text", "required": False, "readonly": False, "allowedValues": []},
    }

    id: int
    key: str
    name: str
    list_name: str = msgspec.field(name="list")
    address_book_id: int
    description: FieldDescription


class BookField(msgspec.Struct, kw_only=True, rename="camel"):
    """An additional field as it stands in an address book. `field_key` is what some clients read the key as."""

    id: int
    name: str
    field_key: str
    description: FieldDescription


class FieldGroup(msgspec.Struct, kw_only=True, rename="camel"):
    """A named list of additional fields."""

    name: str
    profile_key: str
    fields: list[BookField]


class AddressBook(msgspec.Struct, kw_only=True, rename="camel"):
    """The catalogue of additional fields."""

    address_book_id: int
    name: str
    field_groups: list[FieldGroup]


class AddressBooks(msgspec.Struct, kw_only=True, rename="camel"):
    """The one address book of an account."""

    EXAMPLE: ClassVar[dict[str, object]] = {
        "addressBook": {
            "addressBookId": 1,
            "name": "Additional fields",
            "fieldGroups": [
                {
                    "name": "PERSONAL",
                    "profileKey": "PERSONAL",
                    "fields": [
                        {
                            "id": 1,
                            "name": "Birthday",
                            "fieldKey": "BIRTHDAY",
                            "description": {"type": "date", "required": False, "readonly": False, "allowedValues": []},
                        }
                    ],
                }
            ],
        }
    }

    address_book: AddressBook

"""Segments and their contacts as they stand on the wire."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from tokenbase.contract import problems
from tokenbase.contract.contacts import Id, Text


class ContactNames(msgspec.Struct, kw_only=True, omit_defaults=True, rename="camel"):
    """Contacts, at most 500: by their ids, by their external ids, or some by each."""

    EXAMPLE: ClassVar[dict[str, object]] = {"contactIds": [123, 124]}

    contact_ids: list[Id] | Id | None = None
    external_customer_ids: list[Text] | Text | None = None


class Moved(msgspec.Struct, frozen=True, omit_defaults=True):
    """How many contacts went in or out, and what of the request was passed over."""

    EXAMPLE: ClassVar[dict[str, object]] = {
        "contacts": 2,
        "warnings": [
            {"path": "contactIds[2]", "message": "there is no such contact in this account; it was passed over"}
        ],
    }

    contacts: int
    warnings: list[problems.Problem] = []


class Segment(msgspec.Struct, kw_only=True):
    """A segment: `Static` ones are lists, `Dynamic` ones are rules."""

    EXAMPLE: ClassVar[dict[str, object]] = {"id": 7, "name": "Customers", "type": "Static"}

    id: int
    name: str
    type: str

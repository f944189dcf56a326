"""Segments and their contacts as they stand on the wire."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

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


_CONDITIONS = msgspec.Meta(
    description="all, any or not of other conditions, or what one thing has to be; docs/reference/segments.md",
    extra_json_schema={"type": ["object", "null"]},
)
_RULE: dict[str, object] = {
    "all": [
        {"on": "device", "all": [{"on": "os", "is": "iOS"}, {"on": "appVersion", "below": "2.10"}]},
        {"on": "lastActive", "within": 30},
        {"not": {"on": "email", "known": True}},
    ]
}


class SegmentDefinition(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A segment to be made or changed: a dynamic one where it has conditions, else a list."""

    EXAMPLE: ClassVar[dict[str, object]] = {"name": "Active on an old iOS version", "conditions": _RULE}

    name: str | None = None
    conditions: Annotated[Any, _CONDITIONS] = None


class SegmentCard(msgspec.Struct, kw_only=True):
    """One segment; `conditions` is null for a static one."""

    EXAMPLE: ClassVar[dict[str, object]] = {
        "id": 8,
        "name": "Active on an old iOS version",
        "type": "Dynamic",
        "conditions": _RULE,
    }

    id: int
    name: str
    type: str
    conditions: Annotated[Any, _CONDITIONS]


class Conditions(msgspec.Struct, kw_only=True):
    """Conditions that are to be tried."""

    EXAMPLE: ClassVar[dict[str, object]] = {"conditions": _RULE}

    conditions: Annotated[Any, _CONDITIONS] = None


class Counted(msgspec.Struct, frozen=True):
    """How many contacts meet conditions."""

    EXAMPLE: ClassVar[dict[str, object]] = {"contacts": 1234}

    contacts: int

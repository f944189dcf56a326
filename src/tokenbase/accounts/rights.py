"""Which right may do what: the one place where that stands (contract 1)."""

from __future__ import annotations

import enum


class Permission(enum.Enum):
    """What an operation of the API needs a key to be allowed."""

    ANY = "any"
    CONTACTS_READ = "contacts:read"
    CONTACTS_WRITE = "contacts:write"
    CONTACTS_DELETE = "contacts:delete"
    EVENTS_WRITE = "events:write"
    MESSAGES = "messages"
    ADMINISTER = "administer"


_P = Permission

RIGHTS: dict[str, frozenset[Permission]] = {
    "full": frozenset(_P),
    "events": frozenset({_P.ANY, _P.EVENTS_WRITE}),
    "events-and-contacts": frozenset(
        {_P.ANY, _P.EVENTS_WRITE, _P.CONTACTS_READ, _P.CONTACTS_WRITE, _P.CONTACTS_DELETE}
    ),
    "events-and-contacts-add": frozenset({_P.ANY, _P.EVENTS_WRITE, _P.CONTACTS_WRITE}),
    "messages": frozenset({_P.ANY, _P.MESSAGES}),
}
"""The rights a key can have, and what each allows."""


def allows(rights: str, needed: Permission) -> bool:
    """Tell whether a key with these rights may do what needs a permission."""
    return needed in RIGHTS[rights]

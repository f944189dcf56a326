"""Addresses of the additional fields."""

from __future__ import annotations

from tokenbase.accounts.rights import Permission
from tokenbase.api import decoding
from tokenbase.api.operations import Answer, Call, Operation
from tokenbase.contacts import fields
from tokenbase.contract.fields import AddressBooks, Field, FieldDefinition


def everyone(call: Call) -> Answer:
    """Return the additional fields of all address books as one list."""
    with call.database.transaction() as conn:
        known = fields.load(conn, call.account_id)
    return Answer(value=[field.described() for field in known.values()], headers={"TotalCount": str(len(known))})


def books(call: Call) -> Answer:
    """Return the additional fields as they stand in their lists and their address book."""
    with call.database.transaction() as conn:
        known = fields.load(conn, call.account_id)
    return Answer(value=AddressBooks(address_book=fields.book(known.values())))


def create(call: Call) -> Answer:
    """Make an additional field and return it."""
    definition = decoding.decode(call.body, FieldDefinition)
    return Answer(value=fields.create(call.database, call.account_id, definition, call.clock()).described())


OPERATIONS = (
    Operation("GET", "/api/v1/addressbooks", Permission.CONTACTS_READ, books, gives=AddressBooks),
    Operation("GET", "/api/v1/additionalfields", Permission.CONTACTS_READ, everyone, gives=list[Field]),
    Operation(
        "POST",
        "/api/v1/additionalfields",
        Permission.ADMINISTER,
        create,
        takes=FieldDefinition,
        gives=Field,
        statuses=(409,),
    ),
)

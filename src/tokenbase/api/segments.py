"""Addresses of segments and of who is in them."""

from __future__ import annotations

from tokenbase.accounts.rights import Permission
from tokenbase.api import decoding, paging, parameters
from tokenbase.api.operations import Answer, Call, Operation, Parameter
from tokenbase.contract.cards import ContactCard
from tokenbase.contract.segments import ContactNames, Moved, Segment
from tokenbase.segments import members


def everyone(call: Call) -> Answer:
    """Return a page of the segments, of those with a text in their name if one is given."""
    name = parameters.text(call, "name")
    found, total = members.everyone(call.database, call.account_id, name, *paging.page(call.query))
    return Answer(value=found, headers={"TotalCount": str(total)})


def contacts(call: Call) -> Answer:
    """Return a page of the contacts in a segment."""
    found, total = members.contacts(call.database, call.account_id, _id(call), *paging.page(call.query))
    return Answer(value=found, headers={"TotalCount": str(total)})


def attach(call: Call) -> Answer:
    """Put up to 500 contacts into a static segment."""
    names = decoding.decode(call.body, ContactNames)
    return Answer(value=members.attach(call.database, call.account_id, _id(call), names))


def detach(call: Call) -> Answer:
    """Take up to 500 contacts out of a static segment, or all of them where none is named."""
    names = decoding.decode(call.body, ContactNames) if call.body.strip() else ContactNames()
    return Answer(value=members.detach(call.database, call.account_id, _id(call), names))


def _id(call: Call) -> int:
    return parameters.number(call, "id", "segment")


_P = Permission

OPERATIONS = (
    Operation(
        "GET",
        "/api/v1/groups",
        _P.CONTACTS_READ,
        everyone,
        gives=list[Segment],
        parameters=(Parameter("name", "A text in the name, compared without case.", "Customers"), *paging.PARAMETERS),
    ),
    Operation(
        "GET",
        "/api/v1/group/{id}/contacts",
        _P.CONTACTS_READ,
        contacts,
        gives=list[ContactCard],
        parameters=paging.PARAMETERS,
    ),
    Operation(
        "POST",
        "/api/v1/group/{id}/contacts/attach",
        _P.CONTACTS_WRITE,
        attach,
        takes=ContactNames,
        gives=Moved,
        statuses=(409,),
    ),
    Operation(
        "POST",
        "/api/v1/group/{id}/contacts/detach",
        _P.CONTACTS_WRITE,
        detach,
        takes=ContactNames,
        gives=Moved,
        statuses=(409,),
    ),
)

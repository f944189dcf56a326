"""Addresses of segments and of who is in them."""

from __future__ import annotations

from tokenbase.accounts.rights import Permission
from tokenbase.api import decoding, paging, parameters
from tokenbase.api.operations import Answer, Call, Operation, Parameter, Slots
from tokenbase.contract import answers
from tokenbase.contract.cards import ContactCard
from tokenbase.contract.segments import (
    Conditions,
    ContactNames,
    Counted,
    Moved,
    Segment,
    SegmentCard,
    SegmentDefinition,
)
from tokenbase.segments import dynamic, members


def everyone(call: Call) -> Answer:
    """Return a page of the segments, of those with a text in their name if one is given."""
    name = parameters.text(call, "name")
    found, total = members.everyone(call.database, call.account_id, name, *paging.page(call.query))
    return Answer(value=found, headers={"TotalCount": str(total)})


def create(call: Call) -> Answer:
    """Make a segment: a dynamic one where there are conditions, else a list."""
    sent = decoding.decode(call.body, SegmentDefinition)
    return Answer(value=dynamic.create(call.database, call.account_id, sent, call.clock()))


def count(call: Call) -> Answer:
    """Count who meets conditions, before a segment is made of them."""
    sent = decoding.decode(call.body, Conditions)
    return Answer(value=Counted(dynamic.count(call.database, call.account_id, sent.conditions, call.clock())))


def read(call: Call) -> Answer:
    """Return a segment with its conditions."""
    return Answer(value=dynamic.read(call.database, call.account_id, _id(call)))


def change(call: Call) -> Answer:
    """Change the name of a segment, or the conditions of a dynamic one; what is not sent stays."""
    sent = decoding.decode(call.body, SegmentDefinition)
    return Answer(value=dynamic.change(call.database, call.account_id, _id(call), sent))


def remove(call: Call) -> Answer:
    """Remove a segment; its contacts stay."""
    dynamic.remove(call.database, call.account_id, _id(call))
    return Answer(value=answers.Nothing())


def contacts(call: Call) -> Answer:
    """Return a page of the contacts in a segment."""
    found, total = members.contacts(call.database, call.account_id, _id(call), *paging.page(call.query), call.clock())
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
        "POST",
        "/api/v1/groups",
        _P.CONTACTS_WRITE,
        create,
        takes=SegmentDefinition,
        required=("name",),
        gives=SegmentCard,
        statuses=(409,),
    ),
    Operation(
        "POST",
        "/api/v1/groups/count",
        _P.CONTACTS_READ,
        count,
        slots=Slots.SEARCH,
        takes=Conditions,
        required=("conditions",),
        gives=Counted,
    ),
    Operation("GET", "/api/v1/group/{id}", _P.CONTACTS_READ, read, gives=SegmentCard),
    Operation(
        "PUT",
        "/api/v1/group/{id}",
        _P.CONTACTS_WRITE,
        change,
        takes=SegmentDefinition,
        gives=Segment,
        statuses=(409,),
    ),
    Operation("DELETE", "/api/v1/group/{id}", _P.CONTACTS_DELETE, remove, gives=answers.Nothing),
    Operation(
        "GET",
        "/api/v1/group/{id}/contacts",
        _P.CONTACTS_READ,
        contacts,
        slots=Slots.SEARCH,
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

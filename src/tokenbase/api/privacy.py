"""Addresses of everything held about one contact, and of the record that it is held no more."""

from __future__ import annotations

from tokenbase.accounts.rights import Permission
from tokenbase.api import paging, parameters
from tokenbase.api.operations import Answer, Call, Operation, Parameter
from tokenbase.automation import exports
from tokenbase.contacts import erasures, naming
from tokenbase.contract import problems
from tokenbase.contract.exports import ContactExport, Erasure


def export(call: Call) -> Answer:
    """Return everything that is held about a contact."""
    found = exports.of_contact(call.database, call.account_id, parameters.contact_id(call), call.clock())
    return Answer(value=found)


def export_external(call: Call) -> Answer:
    """Return everything that is held about the contact with an external id."""
    external_id = parameters.text(call, "externalCustomerId")
    if external_id is None:
        raise problems.bad_value("externalCustomerId", "required: or name the contact by its id in the address")
    return Answer(value=exports.of_external_id(call.database, call.account_id, external_id, call.clock()))


def erased(call: Call) -> Answer:
    """Return the contacts that were erased for good, and when."""
    text = parameters.text(call, "contactId")
    if text is not None and not naming.number(text):
        raise problems.bad_value("contactId", f'"{text[: parameters.DIGITS]}" is not the id of a contact')
    contact_id = None if text is None else naming.number(text)
    external_id = parameters.text(call, "externalCustomerId")
    page = paging.page(call.query)
    found, total = erasures.listing(call.database, call.account_id, contact_id, external_id, *page)
    return Answer(value=found, headers={"TotalCount": str(total)})


_P = Permission
_EXTERNAL_ID = Parameter("externalCustomerId", "The contact's id in your system.", "u-1")

OPERATIONS = (
    # Before /api/v1/contact/{id}, which it fits as well.
    Operation(
        "GET",
        "/api/v1/contact/export",
        _P.CONTACTS_READ,
        export_external,
        gives=ContactExport,
        parameters=(_EXTERNAL_ID,),
        statuses=(404,),
    ),
    Operation("GET", "/api/v1/contact/{id}/export", _P.CONTACTS_READ, export, gives=ContactExport),
    Operation(
        "GET",
        "/api/v1/erasures",
        _P.CONTACTS_DELETE,
        erased,
        gives=list[Erasure],
        parameters=(Parameter("contactId", "The contact.", "123"), _EXTERNAL_ID, *paging.PARAMETERS),
    ),
)

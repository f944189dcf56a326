"""Addresses of single contacts, of the search for them, and of their tokens."""

from __future__ import annotations

import msgspec

from tokenbase.accounts.rights import Permission
from tokenbase.api import decoding, paging, parameters
from tokenbase.api.operations import Answer, Call, Operation, Parameter
from tokenbase.contacts import cards, removal, tokens
from tokenbase.contract import answers, problems
from tokenbase.contract.cards import ContactCard
from tokenbase.contract.contacts import Contact
from tokenbase.imports import single


def add(call: Call) -> Answer:
    """Add or update one contact."""
    return Answer(value=single.save(call.database, call.account_id, _raw(call), call.clock))


def update(call: Call) -> Answer:
    """Update one contact, never create one."""
    return Answer(
        value=single.update(call.database, call.account_id, parameters.contact_id(call), _raw(call), call.clock)
    )


def read(call: Call) -> Answer:
    """Return one contact by its id."""
    return Answer(value=cards.by_id(call.database, call.account_id, parameters.contact_id(call)))


def read_external(call: Call) -> Answer:
    """Return one contact by its external id."""
    return Answer(value=cards.by_external_id(call.database, call.account_id, _external_id(call)))


def remove(call: Call) -> Answer:
    """Delete one contact by its id, or erase it."""
    removal.by_id(
        call.database, call.account_id, parameters.contact_id(call), parameters.flag(call, "erase"), call.clock()
    )
    return Answer(value=answers.Nothing())


def remove_external(call: Call) -> Answer:
    """Delete one contact by its external id, or erase it."""
    removal.by_external_id(
        call.database, call.account_id, _external_id(call), parameters.flag(call, "erase"), call.clock()
    )
    return Answer(value=answers.Nothing())


def search(call: Call) -> Answer:
    """Return a page of the contacts that fit."""
    skipped, rows = paging.page(call.query)
    what = cards.Search(
        external_id=parameters.text(call, "externalCustomerId"),
        email=parameters.text(call, "email"),
        sms=parameters.text(call, "sms"),
        first_name=parameters.text(call, "firstname"),
        last_name=parameters.text(call, "lastname"),
    )
    if what.external_id and msgspec.structs.replace(what, external_id=None) != cards.Search():
        message = "externalCustomerId is searched for alone: leave the other parameters out"
        raise problems.BadValue(message, [problems.Problem(path="externalCustomerId", message=message)])
    found, total = cards.search(call.database, call.account_id, what, skipped, rows)
    return Answer(value=found, headers={"TotalCount": str(total)})


def token_contact(call: Call) -> Answer:
    """Return whose a token is."""
    contact_id = tokens.contact_id(call.database, call.account_id, call.path["appUuid"], call.path["token"])
    return Answer(value=answers.TokenContact(contact_id))


def token_active(call: Call) -> Answer:
    """Tell whether a token may be sent to."""
    active = tokens.active(call.database, call.account_id, call.path["appUuid"], call.path["token"])
    return Answer(value=answers.TokenActivity(active))


def activate_token(call: Call) -> Answer:
    """Switch a token on or off."""
    sent = decoding.decode(call.body, answers.TokenActivity)
    tokens.set_active(
        call.database, call.account_id, call.path["appUuid"], call.path["token"], sent.active, call.clock()
    )
    return Answer(value=sent)


def _raw(call: Call) -> msgspec.Raw:
    # Also checks that the body is JSON in UTF-8 as a whole.
    return decoding.decode(call.body, msgspec.Raw)


def _external_id(call: Call) -> str:
    external_id = parameters.text(call, "externalCustomerId")
    if not external_id:
        message = "name the contact by its id in the address, or by the parameter externalCustomerId"
        raise problems.BadValue(message, [problems.Problem(path="externalCustomerId", message=message)])
    return external_id


_TOKEN = "/api/v1/contact/token"  # noqa: S105 - an address
_EXTERNAL_ID = Parameter("externalCustomerId", "The contact's id in your system.", "u-1")
_ERASE = Parameter("erase", "Whether everything personal is removed for good.", "false", bool)
_SEARCHED = (
    Parameter("email", "An e-mail address, compared without case.", "ann@example.com"),
    Parameter("sms", "A telephone number.", "447700900123"),
    Parameter("firstname", "A first name, compared without case.", "Ann"),
    Parameter("lastname", "A last name, compared without case.", "Smith"),
    Parameter("externalCustomerId", "The contact's id in your system; searched for alone.", "u-1"),
)
_P = Permission

OPERATIONS = (
    Operation(
        "POST", "/api/v1/contact", _P.CONTACTS_WRITE, add, takes=Contact, required=("channels",), gives=answers.Saved
    ),
    Operation(
        "GET",
        "/api/v1/contact",
        _P.CONTACTS_READ,
        read_external,
        gives=ContactCard,
        parameters=(_EXTERNAL_ID,),
        statuses=(404,),
    ),
    Operation(
        "DELETE",
        "/api/v1/contact",
        _P.CONTACTS_DELETE,
        remove_external,
        gives=answers.Nothing,
        parameters=(_EXTERNAL_ID, _ERASE),
        statuses=(404,),
    ),
    Operation(
        "GET",
        f"{_TOKEN}/activated/{{appUuid}}/{{token}}",
        _P.CONTACTS_READ,
        token_active,
        gives=answers.TokenActivity,
    ),
    Operation(
        "PUT",
        f"{_TOKEN}/activated/{{appUuid}}/{{token}}",
        _P.CONTACTS_WRITE,
        activate_token,
        takes=answers.TokenActivity,
        gives=answers.TokenActivity,
    ),
    Operation(
        "GET",
        f"{_TOKEN}/{{appUuid}}/{{token}}/contactId",
        _P.CONTACTS_READ,
        token_contact,
        gives=answers.TokenContact,
    ),
    Operation("GET", "/api/v1/contact/{id}", _P.CONTACTS_READ, read, gives=ContactCard),
    Operation(
        "PUT", "/api/v1/contact/{id}", _P.CONTACTS_WRITE, update, takes=Contact, gives=answers.Saved, statuses=(409,)
    ),
    Operation(
        "DELETE",
        "/api/v1/contact/{id}",
        _P.CONTACTS_DELETE,
        remove,
        gives=answers.Nothing,
        parameters=(_ERASE,),
    ),
    Operation(
        "GET",
        "/api/v1/contacts",
        _P.CONTACTS_READ,
        search,
        gives=list[ContactCard],
        parameters=(*_SEARCHED, *paging.PARAMETERS),
    ),
)

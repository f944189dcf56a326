"""Addresses of single contacts, of the search for them, and of their tokens."""

from __future__ import annotations

import msgspec

from tokenbase.accounts.rights import Permission
from tokenbase.api import decoding, paging
from tokenbase.api.operations import Answer, Call, Operation
from tokenbase.contacts import cards, removal, texts, tokens
from tokenbase.contract import problems
from tokenbase.imports import single


class _Activity(msgspec.Struct):
    active: bool


def add(call: Call) -> Answer:
    """Add or update one contact."""
    return Answer(value=single.save(call.database, call.account_id, _raw(call), call.clock))


def update(call: Call) -> Answer:
    """Update one contact, never create one."""
    return Answer(value=single.update(call.database, call.account_id, _contact_id(call), _raw(call), call.clock))


def read(call: Call) -> Answer:
    """Return one contact by its id."""
    return Answer(value=cards.by_id(call.database, call.account_id, _contact_id(call)))


def read_external(call: Call) -> Answer:
    """Return one contact by its external id."""
    return Answer(value=cards.by_external_id(call.database, call.account_id, _external_id(call)))


def remove(call: Call) -> Answer:
    """Delete one contact by its id, or erase it."""
    removal.by_id(call.database, call.account_id, _contact_id(call), _erase(call), call.clock())
    return Answer(value={})


def remove_external(call: Call) -> Answer:
    """Delete one contact by its external id, or erase it."""
    removal.by_external_id(call.database, call.account_id, _external_id(call), _erase(call), call.clock())
    return Answer(value={})


def search(call: Call) -> Answer:
    """Return a page of the contacts that fit."""
    skipped, rows = paging.page(call.query)
    what = cards.Search(
        external_id=_text(call, "externalCustomerId"),
        email=_text(call, "email"),
        sms=_text(call, "sms"),
        first_name=_text(call, "firstname"),
        last_name=_text(call, "lastname"),
    )
    if what.external_id and msgspec.structs.replace(what, external_id=None) != cards.Search():
        message = "externalCustomerId is searched for alone: leave the other parameters out"
        raise problems.BadValue(message, [problems.Problem(path="externalCustomerId", message=message)])
    found, total = cards.search(call.database, call.account_id, what, skipped, rows)
    return Answer(value=found, headers={"TotalCount": str(total)})


def token_contact(call: Call) -> Answer:
    """Return whose a token is."""
    contact_id = tokens.contact_id(call.database, call.account_id, call.path["appUuid"], call.path["token"])
    return Answer(value={"contactId": contact_id})


def token_active(call: Call) -> Answer:
    """Tell whether a token may be sent to."""
    active = tokens.active(call.database, call.account_id, call.path["appUuid"], call.path["token"])
    return Answer(value={"active": active})


def activate_token(call: Call) -> Answer:
    """Switch a token on or off."""
    active = decoding.decode(call.body, _Activity).active
    tokens.set_active(call.database, call.account_id, call.path["appUuid"], call.path["token"], active, call.clock())
    return Answer(value={"active": active})


def _raw(call: Call) -> msgspec.Raw:
    # Also checks that the body is JSON in UTF-8 as a whole.
    return decoding.decode(call.body, msgspec.Raw)


def _contact_id(call: Call) -> int:
    text = call.path["id"]
    if not (text.isascii() and text.isdigit()) or int(text) >= 2**63:
        raise problems.NotFound(f'there is no contact "{text[:50]}" in this account: an id is a number')
    return int(text)


def _external_id(call: Call) -> str:
    external_id = _text(call, "externalCustomerId")
    if not external_id:
        message = "name the contact by its id in the address, or by the parameter externalCustomerId"
        raise problems.BadValue(message, [problems.Problem(path="externalCustomerId", message=message)])
    return external_id


def _erase(call: Call) -> bool:
    text = call.query.get("erase", "").lower()
    if text not in ("", "true", "false"):
        message = f'"{text[:50]}" is neither true nor false'
        raise problems.BadValue(f"erase: {message}", [problems.Problem(path="erase", message=message)])
    return text == "true"


def _text(call: Call, name: str) -> str | None:
    text = call.query.get(name, "").strip()
    if texts.CONTROLS.search(text):
        message = "it has a control character"
        raise problems.BadValue(f"{name}: {message}", [problems.Problem(path=name, message=message)])
    return text or None


_TOKEN = "/api/v1/contact/token"  # noqa: S105 - an address

OPERATIONS = (
    Operation("POST", "/api/v1/contact", Permission.CONTACTS_WRITE, add),
    Operation("GET", "/api/v1/contact", Permission.CONTACTS_READ, read_external),
    Operation("DELETE", "/api/v1/contact", Permission.CONTACTS_DELETE, remove_external),
    Operation("GET", f"{_TOKEN}/activated/{{appUuid}}/{{token}}", Permission.CONTACTS_READ, token_active),
    Operation("PUT", f"{_TOKEN}/activated/{{appUuid}}/{{token}}", Permission.CONTACTS_WRITE, activate_token),
    Operation("GET", f"{_TOKEN}/{{appUuid}}/{{token}}/contactId", Permission.CONTACTS_READ, token_contact),
    Operation("GET", "/api/v1/contact/{id}", Permission.CONTACTS_READ, read),
    Operation("PUT", "/api/v1/contact/{id}", Permission.CONTACTS_WRITE, update),
    Operation("DELETE", "/api/v1/contact/{id}", Permission.CONTACTS_DELETE, remove),
    Operation("GET", "/api/v1/contacts", Permission.CONTACTS_READ, search),
)

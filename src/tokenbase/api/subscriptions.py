"""Addresses of what contacts want to receive: their e-mail addresses, those that want nothing, subscriptions."""

from __future__ import annotations

from tokenbase.accounts.rights import Permission
from tokenbase.api import decoding, parameters
from tokenbase.api.operations import Answer, Call, Operation, Parameter
from tokenbase.contacts import naming, subscriptions, unsubscribed
from tokenbase.contract import answers, limits
from tokenbase.contract import subscriptions as shapes
from tokenbase.optin import subscribing


def emails(call: Call) -> Answer:
    """Return the e-mail addresses of up to 500 contacts."""
    ids = parameters.ids(call, "ids", limits.PAGE_ROWS)
    found = naming.emails(call.database, call.account_id, ids)
    results = [shapes.ContactEmail(contact_id=one, email=found[one]) for one in ids if one in found]
    return Answer(value=shapes.ContactEmails(results=results))


def unsubscribe(call: Call) -> Answer:
    """Note that the owners of addresses want no e-mail."""
    warnings = unsubscribed.add(call.database, call.account_id, _addresses(call), call.clock())
    return Answer(value=shapes.Warned(warnings))


def resubscribe(call: Call) -> Answer:
    """Note that the owners of addresses want e-mail again."""
    return Answer(value=shapes.Warned(unsubscribed.delete(call.database, call.account_id, _addresses(call))))


def read(call: Call) -> Answer:
    """Return what a contact is subscribed to."""
    found = subscriptions.read(call.database, call.account_id, parameters.contact_id(call))
    return Answer(value=shapes.Subscriptions(found))


def replace(call: Call) -> Answer:
    """Say what a contact is subscribed to, all of it."""
    bare = call.body.lstrip().startswith(b"[")
    sent = (
        decoding.decode(call.body, list[str])
        if bare
        else decoding.decode(call.body, shapes.Subscriptions).subscriptions
    )
    names = [sent] if isinstance(sent, str) else sent
    found = subscriptions.replace(call.database, call.account_id, parameters.contact_id(call), names)
    return Answer(value=shapes.Subscriptions(found))


def subscribe(call: Call) -> Answer:
    """Add or update somebody who subscribes, and ask them by mail to confirm their address."""
    sent = decoding.decode(call.body, shapes.SubscribeRequest)
    return Answer(value=subscribing.subscribe(call.database, call.account_id, sent, call.clock))


def _addresses(call: Call) -> list[str]:
    sent = decoding.decode(call.body, shapes.Emails).emails
    return [sent] if isinstance(sent, str) else sent


_IDS = Parameter("ids", "Ids of up to 500 contacts, separated by commas.", "123,124")
_P = Permission

OPERATIONS = (
    Operation(
        "POST",
        "/api/v1/contact/subscribe",
        _P.CONTACTS_WRITE,
        subscribe,
        takes=shapes.SubscribeRequest,
        required=("contact",),
        gives=answers.Saved,
    ),
    Operation(
        "GET", "/api/v1/contacts/email", _P.CONTACTS_READ, emails, gives=shapes.ContactEmails, parameters=(_IDS,)
    ),
    Operation(
        "POST",
        "/api/v1/emails/unsubscribed/add",
        _P.CONTACTS_WRITE,
        unsubscribe,
        takes=shapes.Emails,
        gives=shapes.Warned,
    ),
    Operation(
        "POST",
        "/api/v1/emails/unsubscribed/delete",
        _P.CONTACTS_WRITE,
        resubscribe,
        takes=shapes.Emails,
        gives=shapes.Warned,
    ),
    Operation("GET", "/api/v1/contact/{id}/subscriptions", _P.CONTACTS_READ, read, gives=shapes.Subscriptions),
    Operation(
        "PUT",
        "/api/v1/contact/{id}/subscriptions",
        _P.CONTACTS_WRITE,
        replace,
        takes=shapes.Subscriptions,
        gives=shapes.Subscriptions,
    ),
)

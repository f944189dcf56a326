"""What is asked of a server, apart from how it is sent: one function a request, for both clients."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, TypedDict, TypeVar
from urllib.parse import quote

import msgspec

from tokenbase.client import faults
from tokenbase.client.answers import FieldName, Imported, Moved, Status
from tokenbase.contract import problems
from tokenbase.contract.answers import Nothing, Saved, TokenActivity
from tokenbase.contract.apps import Muted
from tokenbase.contract.cards import ContactCard
from tokenbase.contract.contacts import Contact
from tokenbase.contract.exports import ContactExport, Erasure
from tokenbase.contract.imports import LinkAnswer
from tokenbase.contract.segments import Counted, Segment, SegmentCard
from tokenbase.contract.subscriptions import Warned

Answer = TypeVar("Answer")
Sendable = Contact | Mapping[str, Any]
"""A contact, as a struct or as what its JSON would be."""
Conditions = Mapping[str, Any]
"""Conditions of a dynamic segment, as what their JSON would be."""


@dataclasses.dataclass(frozen=True)
class Ask(Generic[Answer]):
    """One request. `repeatable` ones may be sent again when nobody knows whether they arrived."""

    method: str
    path: str
    kind: type[Answer]
    body: bytes | None = None
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    params: Mapping[str, str] = dataclasses.field(default_factory=dict)
    repeatable: bool = True


class LinkOptions(TypedDict, total=False):
    """What an import by link may say beside the link and what identifies its contacts."""

    fieldId: int
    groupNames: list[str]
    groupNamesExclude: list[str]
    restoreDeleted: bool
    eventKeyForNewContacts: str


class Options(LinkOptions, total=False):
    """What a bulk request may say beside its contacts and what identifies them."""

    contactFields: list[str]
    customFieldsIDs: list[int]


class Sought(TypedDict, total=False):
    """What a search may look for; all of it must fit."""

    email: str
    sms: str
    firstname: str
    lastname: str
    externalCustomerId: str


def bulk(body: bytes, idempotency_key: str) -> Ask[Imported]:
    """A bulk request whose JSON is ready."""
    return Ask("POST", "/api/v1/contacts", Imported, body, {"Idempotency-Key": idempotency_key})


def trial(body: bytes) -> Ask[Imported]:
    """A bulk request of which only the outcome is told."""
    return Ask("POST", "/api/v1/contacts", Imported, body, params={"dryRun": "true"})


def contacts(
    people: Iterable[Sendable], dedupe_on: str, options: Options, idempotency_key: str | None
) -> Ask[Imported]:
    """A bulk request; without a key of the caller's it gets one of its own, so that it may be sent again."""
    body = msgspec.json.encode({"contacts": list(people), "dedupeOn": dedupe_on, **options})
    return bulk(body, idempotency_key or str(uuid.uuid4()))


def import_status(session_id: str, first: int) -> Ask[Status]:
    """How far an import is; `first` is the index of the first row that is told of."""
    params = {"from": str(first)} if first else {}
    return Ask("GET", f"/api/v1/importstatus/{quote(session_id, safe='')}", Status, params=params)


def link(address: str, dedupe_on: str, options: LinkOptions) -> Ask[LinkAnswer]:
    """A CSV that the server is to fetch; sent twice it would be fetched twice."""
    body = msgspec.json.encode({"link": address, "dedupeOn": dedupe_on, **options})
    return Ask("POST", "/api/v1/contacts/upload", LinkAnswer, body, repeatable=False)


def save(contact: Sendable) -> Ask[Saved]:
    """One contact, added or updated: the same again changes nothing."""
    return Ask("POST", "/api/v1/contact", Saved, msgspec.json.encode(contact))


def update(contact_id: int, contact: Sendable) -> Ask[Saved]:
    """One contact, updated by its id."""
    return Ask("PUT", f"/api/v1/contact/{contact_id}", Saved, msgspec.json.encode(contact))


def card(external_id: str) -> Ask[ContactCard]:
    """One contact by its external id."""
    return Ask("GET", "/api/v1/contact", ContactCard, params={"externalCustomerId": external_id})


def card_by_id(contact_id: int) -> Ask[ContactCard]:
    """One contact by its id."""
    return Ask("GET", f"/api/v1/contact/{contact_id}", ContactCard)


def delete(external_id: str, erase: bool) -> Ask[Nothing]:
    """One contact to be deleted, by its external id."""
    params = {"externalCustomerId": external_id, "erase": "true" if erase else "false"}
    return Ask("DELETE", "/api/v1/contact", Nothing, params=params, repeatable=False)


def export(external_id: str) -> Ask[ContactExport]:
    """Everything that is held about one contact."""
    return Ask("GET", "/api/v1/contact/export", ContactExport, params={"externalCustomerId": external_id})


def export_by_id(contact_id: int) -> Ask[ContactExport]:
    """Everything that is held about one contact, by its id."""
    return Ask("GET", f"/api/v1/contact/{contact_id}/export", ContactExport)


def erasures(external_id: str | None, contact_id: int | None, first: int, rows: int) -> Ask[list[Erasure]]:
    """A page of the record of who was erased."""
    params = {} if external_id is None else {"externalCustomerId": external_id}
    if contact_id is not None:
        params["contactId"] = str(contact_id)
    return Ask("GET", "/api/v1/erasures", list[Erasure], params={**params, **page(first, rows)})


def subscribe(contact: Sendable, groups: Sequence[str], form_type: str | None) -> Ask[Saved]:
    """Somebody who subscribes; sent twice, they would be asked to confirm twice."""
    body = msgspec.json.encode({"contact": contact, "groups": groups, "formType": form_type})
    return Ask("POST", "/api/v1/contact/subscribe", Saved, body, repeatable=False)


def unsubscribed(emails: Iterable[str], word: str) -> Ask[Warned]:
    """Addresses of which it is noted (`add`) that nothing is to be sent to them, or no longer noted (`delete`)."""
    body = msgspec.json.encode({"emails": _texts(emails)})
    return Ask("POST", f"/api/v1/emails/unsubscribed/{word}", Warned, body)


def mute(app: str, tokens: Iterable[str], word: str) -> Ask[Muted]:
    """Tokens of an app to `mute` or to `unmute`."""
    body = msgspec.json.encode({"tokens": _texts(tokens)})
    return Ask("POST", f"/api/v1/apps/{quote(app, safe='')}/token/{word}", Muted, body)


def search(sought: Sought, first: int, rows: int) -> Ask[list[ContactCard]]:
    """A page of the contacts that fit."""
    params = {name: str(value) for name, value in sought.items()}
    return Ask("GET", "/api/v1/contacts", list[ContactCard], params={**params, **page(first, rows)})


def segments(name: str | None, first: int, rows: int) -> Ask[list[Segment]]:
    """A page of the segments."""
    params = {} if name is None else {"name": name}
    return Ask("GET", "/api/v1/groups", list[Segment], params={**params, **page(first, rows)})


def segment(segment_id: int) -> Ask[SegmentCard]:
    """One segment with its conditions."""
    return Ask("GET", f"/api/v1/group/{segment_id}", SegmentCard)


def create_segment(name: str, conditions: Conditions | None) -> Ask[SegmentCard]:
    """A segment to be made."""
    body = msgspec.json.encode({"name": name, "conditions": conditions})
    return Ask("POST", "/api/v1/groups", SegmentCard, body, repeatable=False)


def change_segment(segment_id: int, name: str | None, conditions: Conditions | None) -> Ask[Segment]:
    """A segment to be changed; None stays as it is."""
    body = msgspec.json.encode({"name": name, "conditions": conditions})
    return Ask("PUT", f"/api/v1/group/{segment_id}", Segment, body)


def delete_segment(segment_id: int) -> Ask[Nothing]:
    """A segment to be removed."""
    return Ask("DELETE", f"/api/v1/group/{segment_id}", Nothing, repeatable=False)


def count(conditions: Conditions) -> Ask[Counted]:
    """How many contacts meet conditions."""
    return Ask("POST", "/api/v1/groups/count", Counted, msgspec.json.encode({"conditions": conditions}))


def segment_contacts(segment_id: int, first: int, rows: int) -> Ask[list[ContactCard]]:
    """A page of the contacts in a segment."""
    return Ask("GET", f"/api/v1/group/{segment_id}/contacts", list[ContactCard], params=page(first, rows))


def move(segment_id: int, external_ids: Iterable[str], contact_ids: Iterable[int], word: str) -> Ask[Moved]:
    """Contacts to `attach` to a static segment or to `detach` from it.

    Raises BadRequest where nobody is named: to the server that would be everybody.
    """
    names = {"externalCustomerIds": _texts(external_ids), "contactIds": list(contact_ids)}
    if not any(names.values()):
        message = "nobody is named"
        raise faults.BadRequest(message, 400, [problems.Problem(path="externalCustomerIds", message=message)])
    return Ask("POST", f"/api/v1/group/{segment_id}/contacts/{word}", Moved, msgspec.json.encode(names))


def empty_segment(segment_id: int) -> Ask[Moved]:
    """All contacts of a static segment to be taken out; sent twice, it would take out those that came meanwhile."""
    return Ask("POST", f"/api/v1/group/{segment_id}/contacts/detach", Moved, repeatable=False)


def token_owner(app: str, token: str) -> Ask[dict[str, int]]:
    """Whose a token of an app is."""
    return Ask("GET", f"/api/v1/contact/token/{quote(app, safe='')}/{quote(token, safe='')}/contactId", dict[str, int])


def token_active(app: str, token: str, active: bool | None = None) -> Ask[TokenActivity]:
    """Whether a token of an app may be sent to; with `active` it is switched."""
    path = f"/api/v1/contact/token/activated/{quote(app, safe='')}/{quote(token, safe='')}"
    body = None if active is None else msgspec.json.encode(TokenActivity(active))
    return Ask("GET" if active is None else "PUT", path, TokenActivity, body)


def fields() -> Ask[list[FieldName]]:
    """The additional fields."""
    return Ask("GET", "/api/v1/additionalfields", list[FieldName])


def create_field(name: str) -> Ask[FieldName]:
    """An additional field for texts to be made."""
    body = msgspec.json.encode({"name": name, "type": "text"})
    return Ask("POST", "/api/v1/additionalfields", FieldName, body, repeatable=False)


def page(first: int, rows: int) -> dict[str, str]:
    """The parameters for the rows from `first` on, the first being 1."""
    return {"startindex": str(first), "maxrows": str(rows)}


def _texts(sent: Iterable[str]) -> list[str]:
    # A lone text is a list of its letters to Python.
    return [sent] if isinstance(sent, str) else list(sent)

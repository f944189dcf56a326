"""What a bulk request asks for, apart from its contacts: checked as a whole, before any contact is looked at."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from tokenbase.contacts import fields, rules
from tokenbase.contract import contacts, imports, limits, problems

_EVENT_KEY = re.compile(r"[A-Za-z0-9_.-]+")


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A request that can be worked on: its contacts, its rules, its segments, its event."""

    contacts: Sequence[msgspec.Raw]
    how: rules.Rules
    groups: tuple[str, ...]
    excluded: tuple[str, ...]
    makes_events: bool
    """Whether each new contact is an event, of the type `event_key` or else `contactCreated`."""
    event_key: str | None
    warnings: list[problems.Problem]


def read(request: imports.ImportRequest, known: Mapping[int, fields.Field]) -> Envelope:
    """Return the envelope of a request. Raises BadValue with every fault in it, TooManyContacts for too many."""
    faults: list[problems.Problem] = []
    warnings: list[problems.Problem] = []
    sent = request.contacts
    if sent is None or not sent:
        faults.append(problems.Problem(path="contacts", message="required: a list of 1 to 3,000 contacts"))
    elif len(sent) > limits.CONTACTS_PER_REQUEST:
        message = f"one request carries at most {limits.CONTACTS_PER_REQUEST:,} contacts, this one has {len(sent):,}"
        raise problems.TooManyContacts(message, [problems.Problem(path="contacts", message=message)])
    field_id = None
    if request.dedupe_on not in imports.DEDUPE_KEYS:
        shown = f'"{request.dedupe_on[:50]}" is not known' if request.dedupe_on else "required"
        message = f"{shown}: it names what identifies a contact, one of {', '.join(imports.DEDUPE_KEYS)}"
        faults.append(problems.Problem(path="dedupeOn", message=message))
    elif request.dedupe_on == "fieldId":
        field_id = _number(request.field_id)
        if field_id not in known:
            shown = "required" if request.field_id is None else f"there is no additional field {request.field_id}"
            message = f"{shown}: with dedupeOn fieldId it is the id of the additional field that identifies"
            faults.append(problems.Problem(path="fieldId", message=message))
    event_key = (request.event_key_for_new_contacts or "").strip() or None
    if event_key is not None and (len(event_key) > limits.EVENT_KEY_CHARACTERS or not _EVENT_KEY.fullmatch(event_key)):
        message = f'"{event_key[:50]}" is no event key: it has Latin letters and digits, and no spaces'
        faults.append(problems.Problem(path="eventKeyForNewContacts", message=message))
    groups = names(request.group_names, "groupNames", faults)
    excluded = names(request.group_names_exclude, "groupNamesExclude", faults)
    if faults:
        first = faults[0]
        raise problems.BadValue(f"{first.path}: {first.message}", faults)
    assert sent is not None
    assert request.dedupe_on is not None
    how = rules.Rules(
        kinds=rules.DEDUPE_KINDS[request.dedupe_on],
        field_id=field_id,
        listed=_listed(request.contact_fields, warnings),
        field_ids=_field_ids(request.custom_fields_ids, known, warnings),
        restore_deleted=bool(request.restore_deleted),
    )
    return Envelope(
        contacts=sent,
        how=how,
        groups=groups,
        excluded=excluded,
        makes_events=True,
        event_key=event_key,
        warnings=warnings,
    )


def _listed(names: list[str] | str | None, warnings: list[problems.Problem]) -> frozenset[str] | None:
    if names is None:
        return None
    listed = set()
    for number, name in enumerate([names] if isinstance(names, str) else names):
        name = "mobilepush" if name == "push" else name
        if name in rules.CONTACT_FIELDS:
            listed.add(name)
        else:
            message = f'"{name[:50]}" is not a standard field; there are {", ".join(imports.CONTACT_FIELDS)}'
            warnings.append(problems.Problem(path=f"contactFields[{number}]", message=message))
    return frozenset(listed)


def _field_ids(
    ids: list[contacts.Id] | contacts.Id | None,
    known: Mapping[int, fields.Field],
    warnings: list[problems.Problem],
) -> frozenset[int]:
    found = set()
    for number, given in enumerate([] if ids is None else ids if isinstance(ids, list) else [ids]):
        field_id = _number(given)
        if field_id in known:
            found.add(field_id)
        else:
            message = f"there is no additional field {given} in this account"
            warnings.append(problems.Problem(path=f"customFieldsIDs[{number}]", message=message))
    return frozenset(found)


def names(given: list[str] | str | None, path: str, faults: list[problems.Problem]) -> tuple[str, ...]:
    """Return the names of segments that a request gives; `faults` grows by those that are none."""
    found = [] if given is None else [given] if isinstance(given, str) else given
    for number, name in enumerate(found):
        if len(name) > limits.GROUP_NAME_CHARACTERS or "\0" in name:
            message = f"the name of a segment has at most {limits.GROUP_NAME_CHARACTERS} characters, none of them NUL"
            faults.append(problems.Problem(path=f"{path}[{number}]", message=message))
    return tuple(name.strip() for name in found if name.strip())


def _number(given: contacts.Id | None) -> int:
    text = str(given).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0

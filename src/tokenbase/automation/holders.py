"""Whom an event is about: the contact that its parameters name (contract 8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tokenbase.accounts import apps
from tokenbase.contacts import emails, identity, loading, naming, phones
from tokenbase.contract import tokens
from tokenbase.store import queries

sql = queries.load("tokenbase.automation")

_NAMES = {
    "externalcustomerid": "external",
    "contactid": "id",
    "email": "email",
    "emailaddress": "email",
    "phone": "sms",
    "sms": "sms",
    "token": "token",
    "pushtoken": "token",
}
"""The parameters that name somebody, in any case."""
_ORDER = ("external", "id", "email", "sms", "token")
"""What is asked first finds first."""

NOBODY = 0
"""Stands for the contact of an event that is about nobody known: it is kept all the same."""


class _Living(msgspec.Struct):
    """A contact that is there: how long ago it changed, as a text that sorts, and whether it has an external id."""

    updated_at: str
    external: bool


def find(conn: loading.Connection, account_id: int, events: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return the contact that the parameters of each event name, NOBODY where there is none."""
    said = [_said(params) for params in events]
    app_ids: list[str | None] = [None]
    if any("token" in names for names in said):
        app_ids += apps.ids(conn, account_id)
    keys = [{kind: _keys(kind, names[kind], app_ids) for kind in names} for names in said]
    asked = sorted({key for found in keys for wanted in found.values() for key in wanted})
    held = loading.match(conn, account_id, asked)
    ids = [_candidates(names, found, held) for names, found in zip(said, keys, strict=True)]
    unique = list({contact_id for candidates in ids for _, found in candidates for contact_id in found})
    rows = conn.execute(sql.living, {"account_id": account_id, "ids": unique}) if unique else ()
    living = {contact_id: _Living(updated_at, external) for contact_id, updated_at, external in rows}
    return [_chosen(candidates, living) for candidates in ids]


def _said(params: Mapping[str, Any]) -> dict[str, str]:
    """Return what the parameters say of somebody, by its kind."""
    said: dict[str, str] = {}
    for name, value in params.items():
        kind = _NAMES.get(name.lower())
        if kind is not None and isinstance(value, str | int) and (text := str(value).strip()):
            said.setdefault(kind, text)
    return said


def _keys(kind: str, text: str, app_ids: Sequence[str | None]) -> list[str]:
    try:
        if kind == "external":
            return [identity.external(text)]
        if kind == "email":
            return [identity.email(emails.clean(text))]
        if kind == "sms":
            return [identity.key("sms", phones.clean(text))]
        if kind == "token":
            return [identity.token(app_id, tokens.folded(text)) for app_id in app_ids]
    except ValueError:
        pass
    return []


def _candidates(
    names: Mapping[str, str], keys: Mapping[str, list[str]], held: Mapping[str, list[int]]
) -> list[tuple[bool, list[int]]]:
    """Return whom each of the names may mean, in their order, and whether an external id would contradict it."""
    found = []
    for kind in _ORDER:
        if kind in names:
            ids = [naming.number(names[kind])] if kind == "id" else []
            ids += [contact_id for key in keys[kind] for contact_id in held.get(key, ())]
            found.append((kind not in ("external", "id") and "external" in names, ids))
    return found


def _chosen(candidates: Sequence[tuple[bool, list[int]]], living: Mapping[int, _Living]) -> int:
    for nameless, ids in candidates:
        # A contact with a different external id is somebody else (contract 3, rule 3).
        there = [one for one in ids if one in living and not (nameless and living[one].external)]
        if there:
            return max(there, key=lambda one: (living[one].updated_at, one))
    return NOBODY

"""Tokens of one app without profiles: a bulk import of contacts that are nothing but a token (contract 7)."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from tokenbase.contacts import devices
from tokenbase.contract import apps, imports, limits, problems
from tokenbase.imports import batch, idempotency, ways
from tokenbase.store import database

_VALUE = re.compile(r"^contacts(\[\d+\])\.channels\[0\]\.value")
_CHANNEL = re.compile(r"^contacts(\[\d+\])\.channels\[0\]")
_CONTACT = re.compile(r"^contacts(?=\[|$)")


class _Failed(msgspec.Struct, rename="camel"):
    index: int
    error_code: int
    error_message: str
    path: str


def accept(
    database: database.Database,
    account_id: int,
    app: str,
    tokens: Sequence[msgspec.Raw],
    repeat: idempotency.Repeat | None,
    dry_run: bool,
    clock: ways.Clock,
) -> apps.AppTokensAnswer:
    """Import tokens of an app; each becomes a contact, or joins the one that it names or that has it already.

    Raises NotFound where the app's UUID is none, BadValue for none or too many tokens.
    """
    app_id = devices.app_id(app)
    if app_id is None:
        raise problems.NotFound(f'"{app[:50]}" is not the UUID of an app')
    if not 0 < len(tokens) <= limits.CONTACTS_PER_REQUEST:
        message = f"one request carries 1 to {limits.CONTACTS_PER_REQUEST:,} tokens, this one has {len(tokens):,}"
        raise problems.bad_value("tokens", message)
    request = imports.ImportRequest(contacts=[_contact(raw, app_id) for raw in tokens], dedupe_on="mobilepush")
    body = batch.accept(database, account_id, request, repeat, dry_run, clock)
    answer = msgspec.json.decode(body, type=imports.ImportAnswer)
    counts = {name: getattr(answer, name) for name in (*imports.RESULTS, "total", "unchanged", "dry_run", "mapping")}
    return apps.AppTokensAnswer(
        async_session_id=answer.async_session_id,
        failed_tokens=[_failure(raw) for raw in answer.failed_contacts],
        warnings=[msgspec.structs.replace(warning, path=_path(warning.path)) for warning in answer.warnings],
        **counts,
    )


def _contact(raw: msgspec.Raw, app_id: str) -> msgspec.Raw:
    """Return the contact that a token stands for; what is no token is left to be refused by the import."""
    try:
        sent = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return raw
    if isinstance(sent, str):
        sent = {"token": sent}
    if not isinstance(sent, dict):
        return raw
    device = sent.get("device")
    channel = {
        "type": "mobilepush",
        "value": sent.get("token"),
        "device": {**(device if isinstance(device, dict) else {}), "appId": app_id},
    }
    contact = {"externalCustomerId": sent.get("externalCustomerId"), "channels": [channel]}
    return msgspec.Raw(msgspec.json.encode(contact))


def _failure(raw: msgspec.Raw) -> problems.Problem:
    failed = msgspec.json.decode(raw, type=_Failed)
    message = failed.error_message.removeprefix(f"{failed.path}: ")
    return problems.Problem(
        path=_path(failed.path),
        message=message.replace("a contact is an object", "a token is an object"),
        index=failed.index,
        code=failed.error_code,
    )


def _path(path: str) -> str:
    """Return the place in the request about tokens of a place in the one about contacts."""
    path = _VALUE.sub(r"tokens\1.token", path)
    return _CONTACT.sub("tokens", _CHANNEL.sub(r"tokens\1", path))

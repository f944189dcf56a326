"""Addresses of the bulk import and of its sessions."""

from __future__ import annotations

from typing import Annotated

import msgspec

from tokenbase.accounts.rights import Permission
from tokenbase.api import decoding, parameters
from tokenbase.api.operations import Answer, Call, Operation, Parameter, Slots
from tokenbase.contract import problems
from tokenbase.contract.imports import ImportAnswer, ImportRequest, ImportStatus, LinkAnswer, LinkRequest
from tokenbase.imports import batch, idempotency, sessions, uploads


class _LoneContact(ImportRequest):
    """A bulk request with one contact where the list of them belongs (contract 1)."""

    contacts: msgspec.Raw = msgspec.Raw(b"")  # type: ignore[assignment]


def add(call: Call) -> Answer:
    """Add and update up to 3,000 contacts."""
    try:
        request = decoding.decode(call.body, ImportRequest)
    except problems.BadValue:
        lone = decoding.decode(call.body, _LoneContact)
        if not bytes(lone.contacts).startswith(b"{"):
            raise
        values = {name: getattr(lone, name) for name in ImportRequest.__struct_fields__}
        request = ImportRequest(**{**values, "contacts": [lone.contacts]})
    answer = batch.accept(
        call.database, call.account_id, request, repeat(call), is_dry_run(call), call.clock, call.leftovers
    )
    return Answer(body=answer)


def repeat(call: Call) -> idempotency.Repeat | None:
    """Return what tells a request that is sent again from another one, None where it carries no key.

    A dry run takes no kept answer and leaves none: nothing happened that could happen twice.
    """
    key = call.headers.get("idempotency-key")
    if key is None or is_dry_run(call):
        return None
    # Tokens of two apps may be named by one body.
    return idempotency.of(key, call.path.get("appUuid", "").lower().encode() + call.body)


def is_dry_run(call: Call) -> bool:
    """Tell whether nothing is to be stored."""
    # What is not understood must not store what was only to be tried.
    return call.query.get("dryRun") == "1" or parameters.flag(call, "dryRun")


def status(call: Call) -> Answer:
    """Return what became of an import."""
    text = call.query.get("from", "").strip() or "0"
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise problems.bad_value("from", f'"{text[: parameters.DIGITS]}" is not the index of a row: the first is 0')
    return Answer(value=sessions.status(call.database, call.account_id, call.path["sessionId"], int(text)))


def upload(call: Call) -> Answer:
    """Fetch a CSV from a link and import it, in the background."""
    request = decoding.decode(call.body, LinkRequest)
    session_id = uploads.accept(call.database, call.account_id, request, call.means.secret, call.clock())
    return Answer(value=LinkAnswer(session_id))


DRY_RUN = Parameter("dryRun", "Whether all is worked out and told, and nothing is stored.", "false", bool)
IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    "The same key and body get the first answer again for a day.",
    "0b6f3c1e-upload-1",
    Annotated[str, msgspec.Meta(min_length=1, max_length=255)],
    "header",
)
FROM = Parameter(
    "from",
    "The index from which on the mapping is told; that of an import by link has at most 3,000 rows in one answer.",
    "0",
    Annotated[int, msgspec.Meta(ge=0, le=999_999_999)],
)

OPERATIONS = (
    Operation(
        "POST",
        "/api/v1/contacts",
        Permission.CONTACTS_WRITE,
        add,
        slots=Slots.IMPORT,
        takes=ImportRequest,
        required=("contacts", "dedupeOn"),
        gives=ImportAnswer,
        parameters=(DRY_RUN, IDEMPOTENCY_KEY),
        statuses=(409,),
    ),
    Operation(
        "POST",
        "/api/v1/contacts/upload",
        Permission.CONTACTS_WRITE,
        upload,
        takes=LinkRequest,
        required=("link", "dedupeOn"),
        gives=LinkAnswer,
    ),
    # Whoever may add contacts may know what became of them.
    Operation(
        "GET",
        "/api/v1/importstatus/{sessionId}",
        Permission.CONTACTS_WRITE,
        status,
        gives=ImportStatus,
        parameters=(FROM,),
    ),
)

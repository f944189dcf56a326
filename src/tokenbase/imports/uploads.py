"""A CSV by link: what is asked for is checked at once, and left to a job (contract 5)."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable

import httpx2
import msgspec

from tokenbase.accounts import sealing
from tokenbase.contacts import fields
from tokenbase.contract import imports, limits, problems
from tokenbase.imports import envelope
from tokenbase.jobs import queue
from tokenbase.store import database, queries

sql = queries.load("tokenbase.imports")

KIND = "import-link"
"""The kind of job: its id is the session's, its payload an ImportRequest without contacts, its secret the link."""

_HOST = re.compile(r"[A-Za-z0-9._:-]+")
_PROBE = msgspec.Raw(b"{}")


def accept(
    database: database.Database,
    account_id: int,
    request: imports.LinkRequest,
    secret: Callable[[], str],
    now: dt.datetime,
) -> str:
    """Queue the import of a link and return its session's id. Nothing of the link is stored in the clear.

    Raises BadValue for what cannot be worked on, Overloaded where too many links of the account wait.
    """
    link = address(request.link)
    options = imports.ImportRequest(
        dedupe_on=request.dedupe_on,
        field_id=request.field_id,
        group_names=request.group_names,
        group_names_exclude=request.group_names_exclude,
        restore_deleted=request.restore_deleted,
        event_key_for_new_contacts=request.event_key_for_new_contacts,
    )
    sealed = sealing.seal(secret(), str(link).encode())
    session_id = str(uuid.uuid4())
    with database.transaction() as conn:
        # As if it came with one contact: the options are a bulk request's, and are checked as its are.
        envelope.read(msgspec.structs.replace(options, contacts=[_PROBE]), fields.load(conn, account_id))
        payload = msgspec.json.encode(options).decode()
        queue.add(conn, account_id, session_id, KIND, payload, sealed, now)
        conn.execute(sql.open_session, {"account_id": account_id, "id": session_id, "now": now})
    return session_id


def address(link: str | None) -> httpx2.URL:
    """Return a link as the address that it is. Raises BadValue, which shows nothing of it."""
    link = (link or "").strip()
    if not link:
        raise _fault("required: the http or https address of a CSV")
    if len(link) > limits.LINK_CHARACTERS:
        raise _fault(f"it has {len(link):,} characters; there may be {limits.LINK_CHARACTERS:,}")
    try:
        url = httpx2.URL(link)
        host = url.raw_host.decode("ascii")
    except (httpx2.InvalidURL, ValueError):
        raise _fault("it is not an address such as https://example.com/contacts.csv") from None
    if url.scheme not in ("http", "https") or not _HOST.fullmatch(host) or not 0 < (url.port or 1) < 65_536:
        raise _fault("it is not an http or https address such as https://example.com/contacts.csv")
    return url


def _fault(message: str) -> problems.BadValue:
    return problems.bad_value("link", message)

"""A bulk request from its envelope to its answer, in one transaction.

The answer is returned after the commit, so whoever gets it knows that everything in it is on disk.
"""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from tokenbase.contacts import loading
from tokenbase.contract import imports, problems
from tokenbase.imports import arrivals, idempotency, sessions, ways
from tokenbase.store import database


def accept(
    database: database.Database,
    account_id: int,
    request: imports.ImportRequest,
    repeat: idempotency.Repeat | None,
    dry_run: bool,
    clock: ways.Clock,
    leftovers: list[object] | None = None,
) -> bytes:
    """Import a batch and return the JSON of its `ImportAnswer`; with `dry_run` store nothing.

    What the contacts were made into on the way is added to `leftovers`: to free it takes some milliseconds.
    Raises BadValue and TooManyContacts for an envelope that cannot be worked on, IdempotencyConflict for a key that
    was used with another body; then nothing was stored.
    """
    started_at = clock()
    batch = ways.prepare(database, account_id, request, dry_run, clock)
    answering = _Answering(batch, repeat, started_at)
    batch.store(answering)
    if leftovers is not None:
        leftovers.append(batch.arrived)
    return answering.answer


class _Answering:
    """What a bulk request has beside its contacts: a session, an answer, and the first one if it was sent before."""

    def __init__(self, batch: ways.Import, repeat: idempotency.Repeat | None, started_at: dt.datetime) -> None:
        self.answer = b""
        self._batch = batch
        self._repeat = repeat
        self._started_at = started_at
        self._session = _Session("", "", [])

    def record(self, conn: sessions.Executes, worked: arrivals.Worked) -> None:
        """Record the session, unless it is a dry run."""
        batch = self._batch
        contacts = batch.sent.contacts
        failed = [as_sent(contacts[fault.index or 0], fault) for fault in worked.faults if not skipped(fault)]
        session = self._session = _Session(str(uuid.uuid4()), sessions.letters(worked.fates), failed)
        if not batch.dry_run:
            times = (self._started_at, batch.clock())
            sessions.record(conn, batch.account_id, session.id, worked.fates, session.results, failed, times)

    def wanted(self, conn: loading.Connection) -> bool:
        """Tell whether the request was not sent before; if it was, `answer` is what it was answered then."""
        if self._repeat is None:
            return True
        first = idempotency.first_answer(conn, self._batch.account_id, self._repeat)
        self.answer = first or b""
        return first is None

    def end(self, conn: loading.Connection, worked: arrivals.Worked, now: dt.datetime) -> None:
        """Make the answer, and keep it for when the request is repeated."""
        batch = self._batch
        self.answer = msgspec.json.encode(_told(self._session, worked, batch.dry_run))
        if self._repeat is not None and not batch.dry_run:
            idempotency.keep(conn, batch.account_id, self._repeat, self.answer, now)


class _Session(msgspec.Struct, frozen=True):
    """A session as it is recorded: `results` are the letters of the fates, `failed` the contacts that are sent back."""

    id: str
    results: str
    failed: list[msgspec.Raw]


def skipped(fault: problems.Problem) -> bool:
    """Tell whether a contact was passed over, which is no failure."""
    return fault.code == problems.CONTACT_DELETED


def _told(session: _Session, worked: arrivals.Worked, dry_run: bool) -> imports.ImportAnswer:
    alone = worked.fates[0].contact_id if len(worked.fates) == 1 else None
    return imports.ImportAnswer(
        id=alone or 0,
        async_session_id=session.id,
        failed_contacts=session.failed,
        warnings=worked.warnings,
        skipped_contacts=[fault for fault in worked.faults if skipped(fault)],
        mapping=sessions.mapping(worked.fates) if dry_run else msgspec.UNSET,
        dry_run=True if dry_run else msgspec.UNSET,
        **sessions.counts(session.results),
    )


def as_sent(raw: msgspec.Raw, fault: problems.Problem) -> msgspec.Raw:
    """Return a failed contact as it was sent, with what is wrong with it behind its own keys."""
    told = msgspec.json.encode(
        {
            "index": fault.index,
            **({} if fault.line is None else {"line": fault.line}),
            "errorCode": fault.code,
            "errorMessage": f"{fault.path}: {fault.message}".removeprefix(": "),
            "path": fault.path,
        }
    )
    sent = bytes(raw).strip()
    if not sent.startswith(b"{"):
        return msgspec.Raw(b'{"contact":' + sent + b"," + told[1:])
    inside = sent[1:-1].strip()
    return msgspec.Raw(b"{" + inside + (b"," if inside else b"") + told[1:])

"""A bulk request from its envelope to its answer, in one transaction.

The answer is returned after the commit, so whoever gets it knows that everything in it is on disk.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable

import msgspec
import psycopg

from tokenbase.contacts import fields, loading, reading
from tokenbase.contract import imports, problems
from tokenbase.imports import arrivals, envelope, idempotency, sessions, unchanged
from tokenbase.store import database

Clock = Callable[[], dt.datetime]


def accept(
    database: database.Database,
    account_id: int,
    request: imports.ImportRequest,
    repeat: idempotency.Repeat | None,
    dry_run: bool,
    clock: Clock,
) -> bytes:
    """Import a batch and return the JSON of its `ImportAnswer`; with `dry_run` store nothing.

    Raises BadValue and TooManyContacts for an envelope that cannot be worked on, IdempotencyConflict for a key that
    was used with another body; then nothing was stored.
    """
    started_at = clock()
    with database.transaction() as conn:
        known = fields.load(conn, account_id)
        sent = envelope.read(request, known)
        # A dry run tells what is, so it looks at all there is.
        digests = [""] * len(sent.contacts) if dry_run else unchanged.digests(sent, known)
        likely = not dry_run and unchanged.likely(conn, account_id, sent, digests)
    arrived = arrivals.Arrivals(sent.contacts, reading.Reader(known), digests)
    if not likely:
        # Before the lock, so that others can work meanwhile.
        arrived.read_all()
    answer = b""
    with database.transaction() as conn:
        loading.queue(conn, account_id)
        loading.lock(conn, account_id)
        if repeat is not None and (first := idempotency.first_answer(conn, account_id, repeat)) is not None:
            return first
        now = clock()
        worked = arrivals.work(conn, database.blocks, account_id, arrived, sent, dry_run, now)
        session_id = str(uuid.uuid4())
        failed = [_as_sent(sent.contacts[fault.index or 0], fault) for fault in worked.faults if not _skipped(fault)]
        results = sessions.letters(worked.fates)
        answer = msgspec.json.encode(_answer(session_id, worked, results, failed, dry_run))
        if dry_run:
            raise psycopg.Rollback
        sessions.record(conn, account_id, session_id, worked.fates, results, failed, (started_at, clock()))
        if repeat is not None:
            idempotency.keep(conn, account_id, repeat, answer, now)
    return answer


def _skipped(fault: problems.Problem) -> bool:
    return fault.code == problems.CONTACT_DELETED


def _answer(
    session_id: str, worked: arrivals.Worked, results: str, failed: list[msgspec.Raw], dry_run: bool
) -> imports.ImportAnswer:
    alone = worked.fates[0].contact_id if len(worked.fates) == 1 else None
    return imports.ImportAnswer(
        id=alone or 0,
        async_session_id=session_id,
        failed_contacts=failed,
        warnings=worked.warnings,
        skipped_contacts=[fault for fault in worked.faults if _skipped(fault)],
        mapping=sessions.mapping(worked.fates) if dry_run else msgspec.UNSET,
        dry_run=True if dry_run else msgspec.UNSET,
        **sessions.counts(results),
    )


def _as_sent(raw: msgspec.Raw, fault: problems.Problem) -> msgspec.Raw:
    """Return a failed contact as it was sent, with what is wrong with it behind its own keys."""
    told = msgspec.json.encode(
        {
            "index": fault.index,
            "errorCode": fault.code,
            "errorMessage": f"{fault.path}: {fault.message}",
            "path": fault.path,
        }
    )
    sent = bytes(raw).strip()
    if not sent.startswith(b"{"):
        return msgspec.Raw(b'{"contact":' + sent + b"," + told[1:])
    inside = sent[1:-1].strip()
    return msgspec.Raw(b"{" + inside + (b"," if inside else b"") + told[1:])

"""A bulk request from its envelope to its answer: read, matched, stored and accounted for in one transaction.

The answer is returned after the commit, so whoever gets it knows that everything in it is on disk.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence

import msgspec
import psycopg

from tokenbase.accounts import apps
from tokenbase.contacts import fields, incoming, loading, matching, reading, storing
from tokenbase.contract import imports, problems
from tokenbase.imports import envelope, events, idempotency, sessions
from tokenbase.segments import lists
from tokenbase.store import blocks, database

Clock = Callable[[], dt.datetime]


class Worked(msgspec.Struct, frozen=True):
    """A batch that was worked through: each contact's fate, the problems of those skipped or failed, the warnings."""

    fates: list[sessions.Fate]
    faults: list[problems.Problem]
    warnings: list[problems.Problem]


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
    reader = reading.Reader(known)
    read = [reader.read(index, raw) for index, raw in enumerate(sent.contacts)]
    answer = b""
    with database.transaction() as conn:
        loading.lock(conn, account_id)
        if repeat is not None and (first := idempotency.first_answer(conn, account_id, repeat)) is not None:
            return first
        now = clock()
        worked = work(conn, database.blocks, account_id, reader, read, sent, dry_run, now)
        session_id = str(uuid.uuid4())
        failed = [_as_sent(sent.contacts[fault.index or 0], fault) for fault in worked.faults if not _skipped(fault)]
        answer = msgspec.json.encode(_answer(session_id, worked, failed, dry_run))
        if dry_run:
            raise psycopg.Rollback
        sessions.record(conn, account_id, session_id, worked.fates, failed, (started_at, clock()))
        if repeat is not None:
            idempotency.keep(conn, account_id, repeat, answer, now)
    return answer


def work(
    conn: loading.Connection,
    blocks: blocks.Blocks,
    account_id: int,
    reader: reading.Reader,
    read: Sequence[incoming.Incoming | problems.Problem],
    sent: envelope.Envelope,
    dry_run: bool,
    now: dt.datetime,
) -> Worked:
    """Match the contacts that were read and, unless it is a dry run, store them. The account must be locked."""
    if sent.how.field_id is not None:
        storing.index_field(conn, account_id, sent.how.field_id)
    good = [contact for contact in read if isinstance(contact, incoming.Incoming)]
    base = loading.load(conn, account_id, good, sent.how, fields.identifying(conn, account_id))
    outcomes = [contact if isinstance(contact, problems.Problem) else base.take(contact, sent.how) for contact in read]
    warnings = [*sent.warnings, *reader.finish()]
    if not dry_run:
        for person, contact_id in zip(base.created, blocks.take("contact", len(base.created)), strict=True):
            person.id = contact_id
        storing.store(conn, account_id, base, now)
        warnings += _fill_segments(conn, blocks, account_id, sent, outcomes, now)
        if sent.makes_events:
            events.record(conn, account_id, base, sent.event_key, blocks, now)
    warnings += _unregistered_apps(conn, account_id, reader.app_ids, now)
    faults = [outcome for outcome in outcomes if isinstance(outcome, problems.Problem)]
    return Worked([_fate(outcome) for outcome in outcomes], faults, warnings)


def _fill_segments(
    conn: loading.Connection,
    blocks: blocks.Blocks,
    account_id: int,
    sent: envelope.Envelope,
    outcomes: Sequence[matching.Taken | problems.Problem],
    now: dt.datetime,
) -> list[problems.Problem]:
    if not (sent.groups or sent.excluded):
        return []
    ids = list({taken.person.id for taken in outcomes if isinstance(taken, matching.Taken) and taken.person.id})
    dynamic = lists.put(conn, account_id, sent.groups, ids, lambda count: blocks.take("segment", count), now)
    lists.take_out(conn, account_id, sent.excluded, ids)
    return [
        problems.Problem(path="groupNames", message=f'"{name}" is a dynamic segment: its rule alone says who is in it')
        for name in dynamic
    ]


def _unregistered_apps(
    conn: loading.Connection, account_id: int, app_ids: Mapping[str, tuple[int, str]], now: dt.datetime
) -> list[problems.Problem]:
    if not app_ids:
        return []
    warnings = []
    for app_id in apps.note_unknown(conn, account_id, list(app_ids), now):
        index, path = app_ids[app_id]
        message = f"the app {app_id} is not registered in this account; its tokens are stored and wait for it"
        warnings.append(problems.Problem(path=path, message=message, index=index))
    return warnings


def _fate(outcome: matching.Taken | problems.Problem) -> sessions.Fate:
    if isinstance(outcome, problems.Problem):
        return sessions.Fate("skipped" if _skipped(outcome) else "failed")
    external_id = outcome.person.row.get("external_id")
    return sessions.Fate(
        outcome.result, outcome.person.id, external_id if isinstance(external_id, str) else None, outcome.changed
    )


def _skipped(fault: problems.Problem) -> bool:
    return fault.code == problems.CONTACT_DELETED


def _answer(session_id: str, worked: Worked, failed: list[msgspec.Raw], dry_run: bool) -> imports.ImportAnswer:
    alone = worked.fates[0].contact_id if len(worked.fates) == 1 else None
    return imports.ImportAnswer(
        id=alone or 0,
        async_session_id=session_id,
        failed_contacts=failed,
        warnings=worked.warnings,
        skipped_contacts=[fault for fault in worked.faults if _skipped(fault)],
        mapping=sessions.mapping(worked.fates) if dry_run else msgspec.UNSET,
        dry_run=True if dry_run else msgspec.UNSET,
        **sessions.counts(worked.fates),
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

"""A bulk request from its envelope to its answer, in one transaction.

The answer is returned after the commit, so whoever gets it knows that everything in it is on disk.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import datetime as dt
import uuid
from collections.abc import Callable

import msgspec
import psycopg
from psycopg import errors

from tokenbase.contacts import fields, loading, reading
from tokenbase.contract import imports, problems
from tokenbase.imports import ahead, arrivals, envelope, events, idempotency, sessions, unchanged
from tokenbase.store import database

Clock = Callable[[], dt.datetime]


def accept(
    database: database.Database,
    account_id: int,
    request: imports.ImportRequest,
    repeat: idempotency.Repeat | None,
    dry_run: bool,
    clock: Clock,
    leftovers: list[object] | None = None,
) -> bytes:
    """Import a batch and return the JSON of its `ImportAnswer`; with `dry_run` store nothing.

    What the contacts were made into on the way is added to `leftovers`: to free it takes some milliseconds.
    Raises BadValue and TooManyContacts for an envelope that cannot be worked on, IdempotencyConflict for a key that
    was used with another body; then nothing was stored.
    """
    started_at = clock()
    sent, arrived, guess = prepare(database, account_id, request, dry_run)
    work = _Work(database, account_id, arrived, sent, repeat, clock, started_at)
    answer = None
    if guess.new and guess.event_type is not None and ahead.possible(sent):
        # Two requests with the same new contacts may each wait for keys that the other has written.
        with contextlib.suppress(ahead.NotNew, problems.GaveWay):
            answer = work.new(guess.event_type)
    if answer is None:
        arrived.leftovers.clear()
        with concurrent.futures.ThreadPoolExecutor(1) as aside:
            if not guess.same:
                arrived.read_aside(aside)
                if guess.event_type is not None and not dry_run and _settled(sent):
                    with contextlib.suppress(arrivals.NotAsRead, problems.GaveWay):
                        answer = work.known()
            if answer is None:
                arrived.leftovers.clear()
                answer = work.any(dry_run)
    if leftovers is not None:
        leftovers.append(arrived)
    return answer


FEW = 100
"""For so many contacts the account is locked a moment only, whoever they are."""


def _settled(sent: envelope.Envelope) -> bool:
    """Tell whether whoever the contacts are can be found before the account is locked, and looked after at the end."""
    # Of other kinds a new holder could come meanwhile, whom nothing that was read would show.
    certain = {"mobilepush", "webpush", "id"}.issuperset(sent.how.kinds)
    return len(sent.contacts) > FEW and certain and not sent.how.restore_deleted


class Guess(msgspec.Struct, frozen=True):
    """What a look at a few of the contacts says: whether most are unchanged, whether all may be new."""

    same: bool
    new: bool
    event_type: int | None
    """The type of the events of new contacts, None where there has been none."""


def prepare(
    database: database.Database, account_id: int, request: imports.ImportRequest, dry_run: bool
) -> tuple[envelope.Envelope, arrivals.Arrivals, Guess]:
    """Return what a request asks for, its contacts, not read yet, and a guess at them.

    Raises BadValue and TooManyContacts for an envelope that cannot be worked on.
    """
    with database.transaction() as conn:
        known = fields.load(conn, account_id)
        sent = envelope.read(request, known)
        # A dry run tells what is, so it looks at all there is.
        digests = unchanged.NoDigests() if dry_run else unchanged.Digests(sent, known)
        same, new = (False, False) if dry_run else unchanged.sample(conn, account_id, sent, digests)
        guess = Guess(same, new, events.known_type(conn, account_id, sent.event_key))
    return sent, arrivals.Arrivals(sent.contacts, reading.Reader(known), digests), guess


class _Work(msgspec.Struct, frozen=True):
    """A request whose envelope is read."""

    database: database.Database
    account_id: int
    arrived: arrivals.Arrivals
    sent: envelope.Envelope
    repeat: idempotency.Repeat | None
    clock: Clock
    started_at: dt.datetime

    def new(self, event_type: int) -> bytes:
        """Import contacts that are all new. Raises NotNew, and nothing was stored, where they are not."""
        blocks, account_id = self.database.blocks, self.account_id
        with self.database.transaction() as conn:
            loading.write_ahead(conn, account_id)
            now = self.clock()
            rows = ahead.Ahead(conn, blocks, account_id, self.sent, event_type)
            with rows.writing(self.arrived, now) as writing:
                worked = arrivals.worked(rows.outcomes)
                session = self._session(writing, worked)
            if (first := self._begin(conn)) is not None:
                raise psycopg.Rollback
            rows.check()
            self.arrived.leftovers.append(rows)
            worked = arrivals.finish(conn, blocks, account_id, self.arrived, worked, self.sent, False, now)
            return self._answer(conn, session, worked, False, now)
        assert first is not None
        return first

    def known(self) -> bytes:
        """Import contacts, most of them known, with the account locked for the end alone.

        Raises NotAsRead, and nothing was stored, where somebody changed meanwhile what it relied on.
        """
        blocks, account_id = self.database.blocks, self.account_id
        with self.database.transaction() as conn:
            loading.write_ahead(conn, account_id)
            loading.queue(conn, account_id)
            now = self.clock()
            try:
                worked, relied = arrivals.store(
                    conn, blocks, account_id, self.arrived, self.sent, False, now, locked=False
                )
            except errors.UniqueViolation:
                raise arrivals.NotAsRead from None
            session = self._session(conn, worked)
            if (first := self._begin(conn)) is not None:
                raise psycopg.Rollback
            relied.check(conn, account_id)
            worked = arrivals.finish(conn, blocks, account_id, self.arrived, worked, self.sent, False, now)
            return self._answer(conn, session, worked, False, now)
        assert first is not None
        return first

    def any(self, dry_run: bool) -> bytes:
        """Import contacts whoever they are, with the account locked from the first look."""
        blocks, account_id = self.database.blocks, self.account_id
        answer = b""
        with self.database.transaction() as conn:
            if (first := self._begin(conn)) is not None:
                return first
            now = self.clock()
            worked = arrivals.work(conn, blocks, account_id, self.arrived, self.sent, dry_run, now)
            session = self._session(None if dry_run else conn, worked)
            answer = self._answer(conn, session, worked, dry_run, now)
            if dry_run:
                raise psycopg.Rollback
        return answer

    def _begin(self, conn: loading.Connection) -> bytes | None:
        """Lock the account, and return what the same request was answered before."""
        loading.queue(conn, self.account_id)
        loading.lock(conn, self.account_id)
        return None if self.repeat is None else idempotency.first_answer(conn, self.account_id, self.repeat)

    def _session(self, conn: sessions.Executes | None, worked: arrivals.Worked) -> _Session:
        """Record what became of the contacts, unless it is a dry run."""
        contacts = self.sent.contacts
        failed = [as_sent(contacts[fault.index or 0], fault) for fault in worked.faults if not skipped(fault)]
        session = _Session(str(uuid.uuid4()), sessions.letters(worked.fates), failed)
        if conn is not None:
            times = (self.started_at, self.clock())
            sessions.record(conn, self.account_id, session.id, worked.fates, session.results, failed, times)
        return session

    def _answer(
        self, conn: loading.Connection, session: _Session, worked: arrivals.Worked, dry_run: bool, now: dt.datetime
    ) -> bytes:
        """Return the answer, and keep it for when the request is repeated."""
        answer = msgspec.json.encode(_told(session, worked, dry_run))
        if self.repeat is not None and not dry_run:
            idempotency.keep(conn, self.account_id, self.repeat, answer, now)
        return answer


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

"""The ways of many contacts into the base: ahead of the account's lock where that is possible, else under it.

Whichever succeeds is one transaction, and so is what an import has to do beside it, which is handed in.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import datetime as dt
from collections.abc import Callable
from typing import Protocol

import msgspec
import psycopg
from psycopg import errors

from tokenbase.contacts import fields, loading, reading
from tokenbase.contract import imports, problems
from tokenbase.imports import ahead, arrivals, envelope, events, sessions, unchanged
from tokenbase.store import database

Clock = Callable[[], dt.datetime]

FEW = 100
"""For so many contacts the account is locked a moment only, whoever they are."""


class Rest(Protocol):
    """What an import has to do beside storing contacts. It may be undone, and asked for anew on another way."""

    def record(self, conn: sessions.Executes, worked: arrivals.Worked) -> None:
        """Keep what became of the contacts, whose warnings are still to come. The account may not be locked yet."""

    def wanted(self, conn: loading.Connection) -> bool:
        """Tell whether the import is wanted still, else it is undone. The account is locked."""

    def end(self, conn: loading.Connection, worked: arrivals.Worked, now: dt.datetime) -> None:
        """Do what is left to do before the commit. The account is locked."""


class Guess(msgspec.Struct, frozen=True):
    """What a look at a few of the contacts says: whether most are unchanged, whether all may be new."""

    same: bool
    new: bool
    event_type: int | None
    """The type of the events of new contacts, None where there has been none."""


class Import(msgspec.Struct, frozen=True):
    """Contacts that are to be imported at once, not read yet, what is asked for, and a guess at them."""

    database: database.Database
    account_id: int
    sent: envelope.Envelope
    arrived: arrivals.Arrivals
    guess: Guess
    dry_run: bool
    clock: Clock

    def store(self, rest: Rest) -> None:
        """Store the contacts, and do the rest; nothing of what a dry run did is left in the base."""
        if self._stored_as_new(rest):
            return
        self.arrived.leftovers.clear()
        with concurrent.futures.ThreadPoolExecutor(1) as aside:
            if not self.guess.same:
                self.arrived.read_aside(aside)
            if self._stored_as_known(rest):
                return
            self.arrived.leftovers.clear()
            self._store_any(rest)

    def _stored_as_new(self, rest: Rest) -> bool:
        """Store contacts that are all new, or tell that they are not."""
        if not self.guess.new or self.guess.event_type is None or not ahead.possible(self.sent):
            return False
        # Two requests with the same new contacts may each wait for keys that the other has written.
        with contextlib.suppress(ahead.NotNew, problems.GaveWay):
            self._store_new(self.guess.event_type, rest)
            return True
        return False

    def _stored_as_known(self, rest: Rest) -> bool:
        """Store contacts most of whom are known, or tell that it must be done with the account locked."""
        # Of other kinds a new holder could come meanwhile, whom nothing that was read would show.
        certain = {"mobilepush", "webpush", "id"}.issuperset(self.sent.how.kinds) and not self.sent.how.restore_deleted
        if not certain or len(self.sent.contacts) <= FEW or self.guess.event_type is None or self.dry_run:
            return False
        with contextlib.suppress(arrivals.NotAsRead, problems.GaveWay):
            self._store_known(rest)
            return True
        return False

    def _store_new(self, event_type: int, rest: Rest) -> None:
        """Store contacts that are all new. Raises NotNew, and nothing was stored, where they are not."""
        with self.database.transaction() as conn:
            loading.write_ahead(conn, self.account_id)
            now = self.clock()
            rows = ahead.Ahead(conn, self.database.blocks, self.account_id, self.sent, event_type)
            with rows.writing(self.arrived, now) as writing:
                worked = arrivals.worked(rows.outcomes)
                rest.record(writing, worked)
            self._lock(conn)
            if not rest.wanted(conn):
                raise psycopg.Rollback
            rows.check()
            self.arrived.leftovers.append(rows)
            self._end(conn, worked, rest, now)

    def _store_known(self, rest: Rest) -> None:
        """Store contacts, most of them known, with the account locked for the end alone.

        Raises NotAsRead, and nothing was stored, where somebody changed meanwhile what it relied on.
        """
        with self.database.transaction() as conn:
            loading.write_ahead(conn, self.account_id)
            loading.queue(conn, self.account_id)
            now = self.clock()
            try:
                worked, relied = self._store(conn, now, locked=False)
            except errors.UniqueViolation:
                raise arrivals.NotAsRead from None
            rest.record(conn, worked)
            self._lock(conn)
            if not rest.wanted(conn):
                raise psycopg.Rollback
            relied.check(conn, self.account_id)
            self._end(conn, worked, rest, now)

    def _store_any(self, rest: Rest) -> None:
        """Store contacts whoever they are, with the account locked from the first look."""
        with self.database.transaction() as conn:
            self._lock(conn)
            if not rest.wanted(conn):
                return
            now = self.clock()
            worked, _ = self._store(conn, now, locked=True)
            rest.record(conn, worked)
            self._end(conn, worked, rest, now)
            if self.dry_run:
                raise psycopg.Rollback

    def _lock(self, conn: loading.Connection) -> None:
        loading.queue(conn, self.account_id)
        loading.lock(conn, self.account_id)

    def _store(
        self, conn: loading.Connection, now: dt.datetime, locked: bool
    ) -> tuple[arrivals.Worked, arrivals.Relied]:
        blocks, account_id = self.database.blocks, self.account_id
        return arrivals.store(conn, blocks, account_id, self.arrived, self.sent, self.dry_run, now, locked)

    def _end(self, conn: loading.Connection, worked: arrivals.Worked, rest: Rest, now: dt.datetime) -> None:
        blocks, account_id = self.database.blocks, self.account_id
        worked = arrivals.finish(conn, blocks, account_id, self.arrived, worked, self.sent, self.dry_run, now)
        rest.end(conn, worked, now)


def prepare(
    database: database.Database, account_id: int, request: imports.ImportRequest, dry_run: bool, clock: Clock
) -> Import:
    """Return the import that a request asks for.

    Raises BadValue and TooManyContacts for an envelope that cannot be worked on.
    """
    with database.transaction() as conn:
        known = fields.load(conn, account_id)
        sent = envelope.read(request, known)
        # A dry run tells what is, so it looks at all there is.
        digests = unchanged.NoDigests() if dry_run else unchanged.Digests(sent, known)
        same, new = (False, False) if dry_run else unchanged.sample(conn, account_id, sent, digests)
        guess = Guess(same, new, events.known_type(conn, account_id, sent.event_key))
    arrived = arrivals.Arrivals(sent.contacts, reading.Reader(known), digests)
    return Import(database, account_id, sent, arrived, guess, dry_run, clock)

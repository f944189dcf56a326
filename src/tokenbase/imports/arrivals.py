"""The contacts of one request, read, matched and stored, whoever they are."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from tokenbase.accounts import apps
from tokenbase.contacts import fields, incoming, loading, matching, people, reading, storing
from tokenbase.contract import problems
from tokenbase.imports import envelope, events, sessions, unchanged
from tokenbase.segments import lists
from tokenbase.store import blocks, copying


class Worked(msgspec.Struct, frozen=True):
    """A batch that was worked through: each contact's fate, the problems of those skipped or failed, the warnings."""

    fates: list[sessions.Fate]
    faults: list[problems.Problem]
    warnings: list[problems.Problem]


PART = 1_000
"""The contacts that are matched while PostgreSQL stores what changed by those before them."""

Outcome = sessions.Fate | matching.Taken | problems.Problem
"""What became of one contact: one that is unchanged has its fate already."""


class Arrivals:
    """The contacts of a request. Those that are unchanged need not be read at all."""

    def __init__(self, raws: Sequence[msgspec.Raw], reader: reading.Reader, digests: unchanged.Digests) -> None:
        """Take the contacts as they were sent and their digests."""
        self.raws = raws
        self.reader = reader
        self.digests = digests
        self.leftovers: list[object] = []
        """What was made of them, held for as long as they are."""
        self._read: list[incoming.Incoming | problems.Problem | None] = [None] * len(raws)
        self._reading: concurrent.futures.Future[None] | None = None

    def read(self, place: int) -> incoming.Incoming | problems.Problem:
        """Return one contact, read, or what makes it unusable."""
        if self._reading is not None:
            self._reading.result()
            self._reading = None
        if (read := self._read[place]) is None:
            read = self._read[place] = self.reader.read(place, self.raws[place], self.digests[place])
        return read

    def read_aside(self, thread: concurrent.futures.Executor) -> None:
        """Read every contact in a thread, while the database is asked about them."""
        if None in self._read:
            self._reading = thread.submit(self.read_all)

    def are_read(self) -> bool:
        """Tell whether all contacts are read, or are being read."""
        return self._reading is not None or None not in self._read

    def read_all(self) -> None:
        """Read every contact."""
        for place, raw in enumerate(self.raws):
            if self._read[place] is None:
                self._read[place] = self.reader.read(place, raw, self.digests[place])

    def external_ids(self) -> list[str]:
        """Return the customer's id of each contact, "" for none."""
        if self._reading is not None or None in self._read:
            return unchanged.external_ids(self.raws)
        return [sent.external_id if isinstance(sent, incoming.Incoming) else "" for sent in self._read]

    def note_apps(self, places: Iterable[int], app_ids: Iterable[str]) -> None:
        """Read those of the contacts, not read yet, that are the first to name an app."""
        wanted = {app_id.replace("-", "").encode() for app_id in app_ids}
        for place in places:
            if not wanted:
                return
            plain = bytes(self.raws[place]).lower().replace(b"-", b"")
            if found := {app_id for app_id in wanted if app_id in plain}:
                self.read(place)
                wanted -= found


class NotAsRead(Exception):
    """Somebody changed what a request relied on, between its look and its commit."""


class Relied(msgspec.Struct, frozen=True):
    """What a request read of the base before the account was locked, and relied on."""

    fetched: Collection[people.Person]
    base: matching.Base
    same: Mapping[int, str]
    """The digests of contacts that were found unchanged by them alone."""
    missed: bool
    """Whether what it wrote met other rows than those it had read."""

    def check(self, conn: loading.Connection, account_id: int) -> None:
        """Look whether all of it is true still. The account must be locked. Raises NotAsRead."""
        # Rows that were written are locked since, and were as they had been read; so are keys that nobody had.
        if self.missed or fields.identifying(conn, account_id) != self.base.identifying:
            raise NotAsRead
        known = {*self.fetched, *self.base.by_id.values()}
        if not loading.unchanged(conn, account_id, known, self.base.tokens.values()):
            raise NotAsRead
        if loading.digests(conn, account_id, self.same) != self.same:
            raise NotAsRead


def store(
    conn: loading.Connection,
    blocks: blocks.Blocks,
    account_id: int,
    arrivals: Arrivals,
    sent: envelope.Envelope,
    dry_run: bool,
    now: dt.datetime,
    locked: bool,
) -> tuple[Worked, Relied]:
    """Match the contacts and store them; `finish` must follow.

    Where the account is not `locked`, what was relied on must be checked under its lock.
    """
    if sent.how.field_id is not None:
        storing.index_field(conn, account_id, sent.how.field_id)
    external_ids = arrivals.external_ids()
    known = loading.external_ids(conn, account_id, filter(None, external_ids))
    are_read = arrivals.are_read()
    if are_read:
        # Most of them have changed, or so it is thought: then all are fetched at once.
        fetched = dict(loading.by_ids(conn, account_id, set(known.values())))
        stored = {contact_id: person.stored_digest for contact_id, person in fetched.items() if not person.deleted}
    else:
        fetched = {}
        stored = loading.digests(conn, account_id, known.values())
    same = unchanged.find(known, stored, external_ids, arrivals.digests)
    base = _load(conn, account_id, arrivals, sent, known, same, fetched)
    by_digest = {} if are_read else {contact_id: stored[contact_id] for contact_id in same.values()}
    if locked:
        # Nobody changes what was read.
        for person in (*fetched.values(), *base.by_id.values()):
            person.version = ""
        for token in base.tokens.values():
            token.version = ""
    elif not loading.together(base, known, fetched.keys() if are_read else by_digest.keys() | base.by_id.keys()):
        raise NotAsRead
    if same:
        arrivals.note_apps(sorted(same), apps.unregistered(conn, account_id))
    outcomes: list[Outcome] = []
    with copying.writing(conn, 0 if dry_run else len(external_ids) - len(same)) as writing:
        for start in range(0, len(external_ids), PART):
            met: list[people.Person] = []
            keys: list[str] = []
            for place, external_id in enumerate(external_ids[start : start + PART], start):
                if (contact_id := same.get(place)) is not None:
                    outcomes.append(sessions.Fate("updated", contact_id, external_id))
                    continue
                read = arrivals.read(place)
                outcome = read if isinstance(read, problems.Problem) else base.take(read, sent.how)
                if isinstance(read, incoming.Incoming) and isinstance(outcome, matching.Taken):
                    met.append(outcome.person)
                    keys += read.tokens
                outcomes.append(outcome)
            if not dry_run:
                # What is known to have changed is written while the next ones are matched.
                storing.store_changes(writing, account_id, met, [base.tokens[key] for key in keys], now)
        arrivals.leftovers += base, outcomes
        if not dry_run:
            _store(writing, conn, blocks, account_id, sent, base, now)
    return worked(outcomes), Relied(fetched.values(), base, by_digest, writing.missed)


def _store(
    writing: copying.Writing,
    conn: loading.Connection,
    blocks: blocks.Blocks,
    account_id: int,
    sent: envelope.Envelope,
    base: matching.Base,
    now: dt.datetime,
) -> None:
    for person, contact_id in zip(base.created, blocks.take("contact", len(base.created)), strict=True):
        person.id = contact_id
    storing.store(writing, account_id, base, now)
    if sent.makes_events and base.created:
        event_type = writing.ask(lambda: events.type_id(conn, account_id, sent.event_key, blocks, now))
        events.record(writing, account_id, base.created, base.tokens.values(), event_type, blocks, now)


def finish(
    conn: loading.Connection,
    blocks: blocks.Blocks,
    account_id: int,
    arrivals: Arrivals,
    worked: Worked,
    sent: envelope.Envelope,
    dry_run: bool,
    now: dt.datetime,
) -> Worked:
    """Put stored contacts into segments, note their apps, and return the same with the warnings."""
    warnings = [*sent.warnings, *arrivals.reader.finish()]
    if not dry_run:
        warnings += _fill_segments(conn, blocks, account_id, sent, worked.fates, now)
    warnings += _unregistered_apps(conn, account_id, arrivals.reader.app_ids, now)
    return Worked(worked.fates, worked.faults, warnings)


def _load(
    conn: loading.Connection,
    account_id: int,
    arrivals: Arrivals,
    sent: envelope.Envelope,
    known: Mapping[str, int],
    same: dict[int, int],
    fetched: Mapping[int, people.Person],
) -> matching.Base:
    """Fetch what all but the unchanged contacts can touch, and take from `same` those that others of them touch."""
    identifying = fields.identifying(conn, account_id)
    for attempt in range(3):
        others = [arrivals.read(place) for place in range(len(arrivals.raws)) if place not in same]
        good = [read for read in others if isinstance(read, incoming.Incoming)]
        base = loading.load(conn, account_id, good, sent.how, identifying, known, fetched)
        touched = [place for place, contact_id in same.items() if contact_id in base.by_id]
        if not touched:
            break
        for place in touched if attempt == 0 else list(same):
            del same[place]
    return base


def _fill_segments(
    conn: loading.Connection,
    blocks: blocks.Blocks,
    account_id: int,
    sent: envelope.Envelope,
    fates: Sequence[sessions.Fate],
    now: dt.datetime,
) -> list[problems.Problem]:
    if not (sent.groups or sent.excluded):
        return []
    ids = list(dict.fromkeys(fate.contact_id for fate in fates if fate.contact_id))
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


def worked(outcomes: Sequence[Outcome]) -> Worked:
    """Return the fates and the faults among outcomes, without warnings yet."""
    faults = [outcome for outcome in outcomes if isinstance(outcome, problems.Problem)]
    return Worked([_fate(outcome) for outcome in outcomes], faults, [])


def _fate(outcome: Outcome) -> sessions.Fate:
    if isinstance(outcome, matching.Taken):
        person = outcome.person
        return sessions.Fate(outcome.result, person.id, person.row.get("external_id") or None, outcome.changed)
    if isinstance(outcome, problems.Problem):
        return sessions.Fate("skipped" if outcome.code == problems.CONTACT_DELETED else "failed")
    return outcome

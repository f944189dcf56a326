"""Requests of nothing but new contacts: all of them is written before the account's lock, which is for the end alone.

Nobody sees a contact before the transaction ends, so others need not wait while it is written, nor be looked at for it:
the keys, which only one contact may hold, refuse whoever is known after all. Then all is undone, and the request goes
the ordinary way (arrivals.py).
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator, Sequence

import msgspec
from psycopg import errors

from tokenbase.contacts import fields, identity, incoming, loading, matching, people, reading, rules, storing
from tokenbase.contract import problems
from tokenbase.imports import arrivals, envelope, events, unchanged
from tokenbase.store import blocks, copying

PART = 1_000
"""The contacts that are read while PostgreSQL writes those before them."""

LOOKED = 4
"""One of so many contacts of the first part is looked for."""


class NotNew(Exception):
    """Somebody in the request is known, or named in two parts of it."""


class Ahead:
    """The contacts of a request on their way into the base, ahead of the account's lock."""

    def __init__(
        self, conn: loading.Connection, blocks: blocks.Blocks, account_id: int, sent: envelope.Envelope, type_id: int
    ) -> None:
        """Take the transaction that all of it happens in, and the type of the events. Raises NotNew."""
        self._conn = conn
        self._blocks = blocks
        self._account_id = account_id
        self._how = sent.how
        self._event_type = type_id
        self._base = matching.Base(fields.identifying(conn, account_id))
        if self._how.field_id is not None and self._how.field_id not in self._base.identifying:
            raise NotNew
        self._tokens: set[str] = set()
        """The keys of the tokens that are written."""
        self._shared: list[str] = []
        """The keys that the request matches by and that several contacts may hold."""
        self.outcomes: list[arrivals.Outcome] = []

    @contextlib.contextmanager
    def writing(self, arrived: arrivals.Arrivals, now: dt.datetime) -> Iterator[copying.Writing]:
        """Read the contacts and write them; `outcomes` says what became of them, more may be written behind them.

        Raises NotNew.
        """
        try:
            with copying.writing(self._conn, len(arrived.raws)) as writing:
                for places in parts(arrived.raws):
                    part = [arrived.read(place) for place in places]
                    if places[0] == 0:
                        self._look(part)
                    self._write_part(writing, part, now)
                yield writing
        except (errors.UniqueViolation, errors.DeadlockDetected):
            raise NotNew from None

    def check(self) -> None:
        """Look whether all are new whose keys several may hold. The account must be locked. Raises NotNew."""
        if fields.identifying(self._conn, self._account_id) != self._base.identifying:
            raise NotNew
        own = {person.id for person in self._base.created}
        held = loading.match(self._conn, self._account_id, self._shared)
        if any(not own.issuperset(holders) for holders in held.values()):
            raise NotNew

    def _look(self, part: Sequence[incoming.Incoming | problems.Problem]) -> None:
        """Ask who of the first part is known, of a few of them, before work is done that may be for nothing."""
        keys = []
        for sent in part[::LOOKED]:
            if isinstance(sent, incoming.Incoming):
                keys += [*sent.tokens, *_shared_keys(sent, self._how)]
                if sent.external_id:
                    keys.append(identity.external(sent.external_id))
        if loading.match(self._conn, self._account_id, keys):
            raise NotNew

    def _write_part(
        self, writing: copying.Writing, part: Sequence[incoming.Incoming | problems.Problem], now: dt.datetime
    ) -> None:
        base = self._base
        first = len(base.created)
        tokens: dict[str, people.Token] = {}
        for read in part:
            if isinstance(read, problems.Problem):
                self.outcomes.append(read)
                continue
            if not self._tokens.isdisjoint(read.tokens):
                raise NotNew
            for key in read.tokens:
                if key not in tokens:
                    tokens[key] = base.tokens[key] = people.Token(key)
            taken = base.take(read, self._how)
            if isinstance(taken, matching.Taken) and taken.person.id is not None:
                raise NotNew
            self.outcomes.append(taken)
            if self._how.kinds:
                self._shared += _shared_keys(read, self._how)
        created = base.created[first:]
        for person, contact_id in zip(created, self._blocks.take("contact", len(created)), strict=True):
            person.id = contact_id
        owned = [token for token in tokens.values() if token.owner is not None]
        with writing.series(*storing.STORE_NEW, events.sql.copy_events):
            storing.store_new(writing, self._account_id, created, owned, base.identifying, now)
            events.record(writing, self._account_id, created, owned, self._event_type, self._blocks, now)
        self._tokens.update(tokens)


def possible(sent: envelope.Envelope) -> bool:
    """Tell whether a request is large enough to gain by it, and names nobody by a number of ours."""
    return len(sent.contacts) > PART and "id" not in sent.how.kinds


def parts(contacts: Sequence[msgspec.Raw]) -> Iterator[range]:
    """Give the places of each part; the first one is small, since PostgreSQL has nothing to do until it is read.

    Contacts in a row that name the same person, as a base with a row a device has them, are of one part.
    """
    start, size = 0, max(1, PART // 4)
    while start < len(contacts):
        end = min(len(contacts), start + size)
        while end < len(contacts) and _alike(contacts[end - 1 : end + 1]):
            end += 1
        yield range(start, end)
        start, size = end, PART


def _alike(two: Sequence[msgspec.Raw]) -> bool:
    """Tell whether two contacts have the same external id."""
    one, other = unchanged.external_ids(two)
    return one == other != ""


def _shared_keys(sent: incoming.Incoming, how: rules.Rules) -> list[str]:
    """Return the keys that a contact is matched by and that others may hold as well."""
    return [
        key
        for kind in how.kinds
        if kind not in ("mobilepush", "webpush")
        for key in reading.keys(sent, kind, how.field_id)
    ]

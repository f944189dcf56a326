"""Imports that are larger than a request: a session that grows by portions of rows, each imported as a request is.

What a portion did, the counts of the session and how far the job has come are committed together.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence

import msgspec

from tokenbase.contacts import loading
from tokenbase.contract import imports, limits, problems
from tokenbase.imports import arrivals, batch, sessions, ways
from tokenbase.store import database, queries

sql = queries.load("tokenbase.imports")

_CONTACT = re.compile(r"^contacts\[\d+\]\.?")


class Row(msgspec.Struct, frozen=True):
    """A row of a file: the line it begins on, and the contact it is, or its text and what is wrong with it."""

    line: int
    contact: msgspec.Raw | None
    text: str = ""
    fault: str = ""


class Portion(msgspec.Struct, frozen=True):
    """Rows that are imported at once, 3,000 at most. `first` is the index of the first one in the file, from 0.

    `notes` are what is to be told of the file as a whole.
    """

    first: int
    rows: Sequence[Row]
    notes: Sequence[str] = ()


def begin(conn: sessions.Connection, account_id: int, session_id: str) -> None:
    """Tell that a session is being worked on."""
    conn.execute(sql.begin_session, {"account_id": account_id, "id": session_id})


def end(conn: sessions.Connection, account_id: int, session_id: str, error: str | None, now: dt.datetime) -> None:
    """End a session, with the reason where it ends with an error. What was imported stays."""
    status = "FINISHED" if error is None else "ERROR"
    given = {"account_id": account_id, "id": session_id, "status": status, "error": error, "now": now}
    conn.execute(sql.end_session, given)


def store(
    database: database.Database,
    account_id: int,
    session_id: str,
    portion: Portion,
    options: imports.ImportRequest,
    told: int,
    keep: Callable[[sessions.Connection, int], None],
    clock: ways.Clock,
) -> int:
    """Import a portion by the options of a request without contacts; return how many details are told by then.

    `told` is how many were before. `keep` notes, in the same transaction, what was done, and may still undo it by an
    exception. Raises BadValue where the options have become wrong, such as a field that is no more.
    """
    noting = _Noting(account_id, session_id, portion, told, keep)
    if noting.places:
        contacts = [portion.rows[place].contact or msgspec.Raw() for place in noting.places]
        request = msgspec.structs.replace(options, contacts=contacts)
        importing = ways.prepare(database, account_id, request, False, clock)
        if not (importing.guess.same or importing.guess.new):
            # Here a thread gains nothing, and whoever waits for the account should not wait for it.
            importing.arrived.read_all()
        importing.store(noting)
    else:
        with database.transaction() as conn:
            loading.queue(conn, account_id)
            loading.lock(conn, account_id)
            noting.end(conn, arrivals.Worked([], [], []), clock())
    return noting.told


class _Noting:
    """What a portion has beside its contacts: a piece of a session, and how far the job has come."""

    def __init__(
        self,
        account_id: int,
        session_id: str,
        portion: Portion,
        told: int,
        keep: Callable[[sessions.Connection, int], None],
    ) -> None:
        self.places = [place for place, row in enumerate(portion.rows) if row.contact is not None]
        """The rows that are contacts."""
        self.told = told
        """How many details are told."""
        self._account_id = account_id
        self._session_id = session_id
        self._portion = portion
        self._before = told
        self._keep = keep

    def record(self, conn: sessions.Executes, worked: arrivals.Worked) -> None:
        """Leave it to the end: a portion is kept together with its warnings."""

    def wanted(self, conn: loading.Connection) -> bool:
        """Tell that it is: whoever has lost the job is told so by `keep`."""
        return True

    def end(self, conn: loading.Connection, worked: arrivals.Worked, now: dt.datetime) -> None:
        """Keep what became of the rows, and how far the job has come."""
        portion = self._portion
        fates = [sessions.Fate("failed")] * len(portion.rows)
        for place, fate in zip(self.places, worked.fates, strict=True):
            fates[place] = fate
        notes = [problems.Problem(path="", message=note) for note in portion.notes]
        details = sessions.Details([_broken(portion, place) for place in _broken_places(portion)], [], notes)
        _tell(details, portion, self.places, worked)
        text, self.told = _shortened(details, self._before)
        self._keep(conn, self.told)
        _grow(conn, self._account_id, self._session_id, portion.first, fates, text, now)


def _broken_places(portion: Portion) -> list[int]:
    return [place for place, row in enumerate(portion.rows) if row.contact is None]


def _grow(
    conn: sessions.Connection,
    account_id: int,
    session_id: str,
    first: int,
    fates: Sequence[sessions.Fate],
    details: str,
    now: dt.datetime,
) -> None:
    results = sessions.letters(fates)
    session = {"account_id": account_id, "id": session_id}
    conn.execute(sql.grow_session, {**session, **sessions.counts(results)})
    ids = ",".join([str(fate.contact_id or 0) for fate in fates])
    given = {"first_row": first, "now": now, "contact_ids": f"{{{ids}}}", "results": results, "details": details}
    conn.execute(sql.add_portion, {**session, **given})


def _broken(portion: Portion, place: int) -> msgspec.Raw:
    row = portion.rows[place]
    shown = msgspec.json.encode({"row": row.text})
    fault = problems.Problem(
        path="", message=row.fault, index=portion.first + place, code=problems.ROW_UNREADABLE, line=row.line
    )
    return batch.as_sent(msgspec.Raw(shown), fault)


def _tell(details: sessions.Details, portion: Portion, places: Sequence[int], worked: arrivals.Worked) -> None:
    """Add what is to be told of the contacts, by their lines in the file rather than their places in a request."""
    for fault in worked.faults:
        placed = _placed(portion, places, fault)
        if batch.skipped(fault):
            details.skipped.append(placed)
        else:
            contact = portion.rows[places[fault.index or 0]].contact
            assert contact is not None
            details.failed.append(batch.as_sent(contact, placed))
    # What is odd about the options was told with the first portion.
    heard = [one for one in worked.warnings if one.index is not None or portion.first == 0]
    details.warnings += [_placed(portion, places, one) for one in heard]


def _placed(portion: Portion, places: Sequence[int], problem: problems.Problem) -> problems.Problem:
    if problem.index is None:
        return problem
    place = places[problem.index]
    return msgspec.structs.replace(
        problem, path=_CONTACT.sub("", problem.path), index=portion.first + place, line=portion.rows[place].line
    )


def _shortened(details: sessions.Details, told: int) -> tuple[str, int]:
    """Return the details that there is room for, as they are kept, and how many are told by then."""
    room = max(0, limits.DETAILS_PER_SESSION - told)
    failed = details.failed[:room]
    skipped = details.skipped[: room - len(failed)]
    warnings = details.warnings[: room - len(failed) - len(skipped)]
    count = len(failed) + len(skipped) + len(warnings)
    kept = sessions.Details(failed, skipped, warnings)
    return msgspec.json.encode(kept).decode() if count else "", told + count

"""Import sessions: what became of every contact of a request, kept for at least 30 days."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec
import psycopg

from tokenbase.contract import imports, limits, problems
from tokenbase.jobs import queue
from tokenbase.store import database, queries

sql = queries.load("tokenbase.imports")

Connection = psycopg.Connection[tuple[Any, ...]]


class Executes(Protocol):
    """A connection, or what writes to one (store/copying.py)."""

    def execute(self, statement: bytes, parameters: dict[str, Any], /) -> object:
        """Run a statement."""


class Fate(msgspec.Struct, frozen=True):
    """What became of one contact: `result` is one of `contract.imports.RESULTS`."""

    result: str
    contact_id: int | None = None
    external_id: str | None = None
    changed: bool = False


# One letter a contact keeps the mapping of 3,000 in 3 kB; "n" is an update that found everything as it was.
_LETTERS = {"created": "c", "updated": "u", "unchanged": "n", "restored": "r", "skipped": "s", "failed": "f"}
_WORDS = {letter: word for word, letter in _LETTERS.items()}


def letters(fates: Sequence[Fate]) -> str:
    """Return the letters that stand for fates in the table."""
    return "".join(["n" if fate.result == "updated" and not fate.changed else _LETTERS[fate.result] for fate in fates])


def counts(letters: str) -> dict[str, int]:
    """Return how many contacts met each fate. `updated` includes `unchanged`; the other five add up to `total`."""
    found = {word: letters.count(mark) for mark, word in _WORDS.items()}
    found["updated"] += found["unchanged"]
    found["total"] = len(letters)
    return found


def record(
    conn: Executes,
    account_id: int,
    session_id: str,
    fates: Sequence[Fate],
    letters: str,
    failed: Sequence[msgspec.Raw],
    times: tuple[dt.datetime, dt.datetime],
) -> None:
    """Store a finished session: `letters` as above, `times` its start and its end."""
    ids = ",".join([str(fate.contact_id or 0) for fate in fates])
    conn.execute(
        sql.create_session,
        {
            "account_id": account_id,
            "id": session_id,
            "started_at": times[0],
            "finished_at": times[1],
            # As text: the driver is slow with long lists.
            "contact_ids": f"{{{ids}}}",
            "results": letters,
            "failed_contacts": msgspec.json.encode(failed).decode(),
            **counts(letters),
        },
    )


class Details(msgspec.Struct):
    """What is told of single rows of a file, each with its index and its line."""

    failed: list[msgspec.Raw] = []
    skipped: list[problems.Problem] = []
    warnings: list[problems.Problem] = []


def status(database: database.Database, account_id: int, session_id: str, first: int = 0) -> imports.ImportStatus:
    """Return what is known of a session; of the rows of a file those from `first` on, 3,000 at most.

    Raises NotFound for a session that this account does not have.
    """
    unknown = problems.NotFound(
        f'there is no import session "{session_id[:50]}" in this account; it is kept for 30 days'
    )
    try:
        session = uuid.UUID(session_id)
    except ValueError:
        raise unknown from None
    of = {"account_id": account_id, "id": session}
    more: dict[str, Any] = {}
    with database.transaction() as conn:
        row = conn.execute(sql.session, of).fetchone()
        if row is None:
            raise unknown
        by_link, error, state, started_at, finished_at, *numbers, contact_ids, results, failed_contacts = row
        if by_link:
            contact_ids, results = _portions(conn, of, first)
            told = _details(conn, of)
            more = {"failed_contacts": told.failed, "skipped_contacts": told.skipped, "warnings": told.warnings}
            error = error or (None if finished_at else queue.last_error(conn, account_id, session))
        else:
            contact_ids, results = contact_ids[first:], results[first:]
            more = {"failed_contacts": msgspec.json.decode(failed_contacts, type=list[msgspec.Raw])}
        ids = {contact_id for contact_id in contact_ids if contact_id}
        external_ids = dict(conn.execute(sql.external_ids, {"account_id": account_id, "ids": list(ids)}).fetchall())
    fates = [
        Fate(
            result="updated" if mark == "n" else _WORDS[mark],
            contact_id=contact_id or None,
            external_id=external_ids.get(contact_id),
            changed=mark in "cur",
        )
        for contact_id, mark in zip(contact_ids, results, strict=True)
    ]
    names = ("total", "created", "updated", "unchanged", "restored", "skipped", "failed")
    return imports.ImportStatus(
        id=str(session),
        status=state,
        mapping=mapping(fates, first),
        started_at=started_at,
        finished_at=finished_at,
        error=error or msgspec.UNSET,
        **more,
        **dict(zip(names, numbers, strict=True)),
    )


def _portions(conn: Connection, of: dict[str, object], first: int) -> tuple[list[int], str]:
    """Return the contacts' ids and the letters of the rows from `first` on, as many as one answer has."""
    ids: list[int] = []
    results = ""
    most = limits.CONTACTS_PER_REQUEST
    for first_row, portion_ids, portion_results in conn.execute(
        sql.portions, {**of, "first": first, "until": first + most}
    ):
        passed = max(0, first - first_row)
        ids += portion_ids[passed:]
        results += portion_results[passed:]
    return ids[:most], results[:most]


def _details(conn: Connection, of: dict[str, object]) -> Details:
    found = Details([], [], [])
    for (text,) in conn.execute(sql.details, of):
        portion = msgspec.json.decode(text, type=Details)
        found.failed += portion.failed
        found.skipped += portion.skipped
        found.warnings += portion.warnings
    return found


def mapping(fates: Sequence[Fate], first: int = 0) -> list[imports.MappedContact]:
    """Return the mapping as it is told, by the index of each contact in its request or file."""
    return [
        imports.MappedContact(
            index=index,
            contact_id=fate.contact_id,
            external_customer_id=fate.external_id,
            result=fate.result,
            changed=fate.changed,
        )
        for index, fate in enumerate(fates, first)
    ]

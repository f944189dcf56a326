"""One contact at a time: `POST /contact` and `PUT /contact/{id}`, as a batch of one without a session or an event."""

from __future__ import annotations

import datetime as dt

import msgspec

from tokenbase.contacts import fields, incoming, loading, reading, rules
from tokenbase.contract import answers, problems
from tokenbase.imports import arrivals, envelope, unchanged, ways
from tokenbase.store import blocks, database

ADD = rules.Rules(kinds=("email", "sms", "mobilepush"), field_ids=None, restore_deleted=True)
"""How `POST /contact` finds whom to update (contract 5)."""


def save(database: database.Database, account_id: int, raw: msgspec.Raw, clock: ways.Clock) -> answers.Saved:
    """Add a contact, or update the one with its external id, else its e-mail, phone or token (contract 5).

    Raises BadValue when it cannot be stored.
    """
    return _save(database, account_id, raw, ADD, clock)


def update(
    database: database.Database, account_id: int, contact_id: int, raw: msgspec.Raw, clock: ways.Clock
) -> answers.Saved:
    """Update one contact. Raises NotFound, and Conflict for an external id that another contact has."""
    return _save(database, account_id, raw, rules.Rules(field_ids=None, target=contact_id), clock)


def _save(
    database: database.Database, account_id: int, raw: msgspec.Raw, how: rules.Rules, clock: ways.Clock
) -> answers.Saved:
    with database.transaction() as conn:
        arrived = read(conn, account_id, raw, channels_required=how.target is None)
        loading.lock(conn, account_id)
        if how.target is not None:
            _check_target(conn, account_id, how.target, _good(arrived))
        worked = store(conn, database.blocks, account_id, arrived, how, clock())
    contact_id = worked.fates[0].contact_id
    assert contact_id is not None
    return answers.Saved(contact_id, worked.warnings)


def read(
    conn: loading.Connection, account_id: int, raw: msgspec.Raw, channels_required: bool = True
) -> arrivals.Arrivals:
    """Read the one contact of a request. Raises BadValue where it cannot be stored."""
    known = fields.load(conn, account_id)
    reader = reading.Reader(known, lone=True, channels_required=channels_required)
    arrived = arrivals.Arrivals([raw], reader, unchanged.NoDigests())
    _good(arrived)
    return arrived


def store(
    conn: loading.Connection,
    blocks: blocks.Blocks,
    account_id: int,
    arrived: arrivals.Arrivals,
    how: rules.Rules,
    now: dt.datetime,
    groups: tuple[str, ...] = (),
) -> arrivals.Worked:
    """Store one contact that was read, and put it into these segments and its own. The account must be locked.

    Raises BadValue where it cannot be stored.
    """
    sent = envelope.Envelope(
        contacts=arrived.raws,
        how=how,
        groups=(*_good(arrived).groups, *groups),
        excluded=(),
        makes_events=False,
        event_key=None,
        warnings=[],
    )
    worked, _ = arrivals.store(conn, blocks, account_id, arrived, sent, False, now, locked=True)
    worked = arrivals.finish(conn, blocks, account_id, arrived, worked, sent, False, now)
    if worked.faults:
        fault = worked.faults[0]
        raise problems.BadValue(f"{fault.path}: {fault.message}".removeprefix(": "), worked.faults)
    return worked


def _good(arrived: arrivals.Arrivals) -> incoming.Incoming:
    read = arrived.read(0)
    if isinstance(read, problems.Problem):
        raise problems.BadValue(f"{read.path}: {read.message}".removeprefix(": "), [read])
    return read


def _check_target(conn: loading.Connection, account_id: int, target: int, read: incoming.Incoming) -> None:
    person = loading.person(conn, account_id, target)
    if person is None or person.deleted:
        raise problems.NotFound(f"there is no contact {target} in this account")
    if read.external_id:
        holder = loading.of_external_id(conn, account_id, read.external_id)
        if holder is not None and holder != target:
            message = f'the external id "{read.external_id}" belongs to contact {holder}'
            raise problems.Conflict(message, [problems.Problem(path="externalCustomerId", message=message)])

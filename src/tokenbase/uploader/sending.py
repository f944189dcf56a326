"""One batch to the server, however often it takes: the answer is what became of each of its rows."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable
from typing import TypeVar

import msgspec

from tokenbase.client import client, faults
from tokenbase.contract import problems
from tokenbase.uploader import pace
from tokenbase.uploader.batches import Batch, Item

_Answer = TypeVar("_Answer")

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0
"""Seconds: the first pause before a batch is tried again, and the longest, after it was doubled again and again."""
TURN_SECONDS = 300.0
"""How long a request may wait for its turn, where the server names the times, before that counts as failing."""
LONGEST_WAIT = 600.0
"""Seconds for which a server is asked whether it has finished an import."""


class Told(msgspec.Struct):
    """Something the server said of a row, or of the whole request where there is no item."""

    result: str
    item: Item | None
    path: str
    message: str
    code: object = None


class Sent(msgspec.Struct):
    """What became of a batch."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    restored: int = 0
    told: list[Told] = []
    """Failures, skips and warnings."""
    uncounted: int = 0
    """How many of `updated` may as well have been created: the server does not say."""
    unsent: int = 0
    fault: problems.TokenbaseError | None = None
    """Why the rows of `unsent` could not be sent."""

    def add(self, other: Sent) -> Sent:
        """Return both as one."""
        return Sent(
            self.created + other.created,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.restored + other.restored,
            self.told + other.told,
            self.uncounted + other.uncounted,
            self.unsent + other.unsent,
            self.fault or other.fault,
        )


class Sender:
    """Sends batches over one client. Safe to use from several threads; `stop` ends every pause at once."""

    def __init__(
        self,
        to: client.Client,
        options: dict[str, object],
        retries: int,
        stop: threading.Event,
        pace: pace.Pace | None = None,
    ) -> None:
        """Take the options that every request carries, how often a batch is tried again, and what learns from it."""
        self._pace = pace
        self._client = to
        self._options = options
        self._retries = retries
        self._stop = stop
        self.retried = 0

    def send(self, batch: Batch, body: bytes, key: str) -> Sent:
        """Send a batch: what the server refuses at once, what it cannot answer after the last attempt, is `unsent`.

        The idempotency key is the same each time: a server that stored the batch but could not say so says it then.
        """
        try:
            answer = self.tried(lambda: self._client.add_contacts(body, key))
        except faults.Refused as fault:
            if fault.status != 413:
                return Sent(unsent=len(batch.items), fault=fault)
            if len(batch.items) == 1:
                return Sent(told=[Told("failed", batch.items[0], "", fault.message, fault.code)])
            sent = Sent()
            for half in batch.halves():
                if sent.fault is not None:
                    sent = sent.add(Sent(unsent=len(half.items)))
                    continue
                named = str(uuid.uuid5(uuid.UUID(key), f"{len(half.items)}:{half.items[0].row.line}"))
                sent = sent.add(self.send(half, half.body(self._options), named))
            return sent
        except (faults.TryAgain, faults.NotAuthorised) as fault:
            return Sent(unsent=len(batch.items), fault=fault)
        return self._read(batch, answer)

    def tried(self, ask: Callable[[], _Answer]) -> _Answer:
        """Return what is asked for, however often that takes up to the last attempt. Raises what `client` raises.

        Being told to come back later by a server that has too much to do is no failed attempt for a while.
        """
        pause, attempt, patience = FIRST_PAUSE, 0, TURN_SECONDS
        while True:
            began = time.monotonic()
            try:
                answer = ask()
            except faults.TryAgain as fault:
                if self._pace is not None:
                    self._pace.refused()
                later = isinstance(fault, faults.TooManyRequests) and fault.seconds is not None and patience > 0
                if self._stop.is_set() or (attempt == self._retries and not (later and self._retries)):
                    raise
                self.retried += 1
                # A little chance keeps many uploaders from coming back all at once.
                seconds = fault.seconds if fault.seconds is not None else pause * random.uniform(0.5, 1.0)  # noqa: S311
                seconds = min(max(seconds, 0.05), 300.0)
                self._stop.wait(seconds)
                if later:
                    patience -= seconds
                else:
                    attempt += 1
                    pause = min(pause * 2, LONGEST_PAUSE)
                continue
            if self._pace is not None:
                self._pace.answered(time.monotonic() - began)
            return answer

    def _read(self, batch: Batch, answer: client.Imported) -> Sent:
        told = [
            *(_failed(batch, failed) for failed in answer.failed_contacts or []),
            *(_noticed(batch, notice, "skipped") for notice in answer.skipped_contacts or []),
            *(_noticed(batch, notice, "warning") for notice in answer.warnings or []),
        ]
        counts: client.Imported | client.Status | None = answer if answer.created is not None else None
        if counts is None and answer.async_session_id is not None:
            counts = self._finished(answer.async_session_id)
            if counts is not None and counts.status == "ERROR":
                reason = f"the server's import {answer.async_session_id} ended with an error: upload it again"
                return Sent(told=[Told("failed", item, "", reason) for item in batch.items])
            if counts is not None:
                told += [] if told else [_failed(batch, failed) for failed in counts.failed_contacts or []]
                told += [_passed_over(batch, one) for one in counts.mapping or [] if one.result == "skipped"]
                if counts.created is None and counts.mapping:
                    counts.created = sum(one.result == "created" for one in counts.mapping)
        sent = Sent(told=told)
        rest = len(batch.items) - sum(one.result in ("failed", "skipped") for one in told)
        if counts is None or counts.created is None:
            # All that is known is that these are in: whether they are new, nobody says.
            sent.updated = sent.uncounted = rest
            return sent
        sent.created, sent.unchanged, sent.restored = counts.created, counts.unchanged or 0, counts.restored or 0
        # The server's own figures, so that the summary shows it when they do not add up.
        known = rest - sent.created if counts.updated is None else counts.updated + sent.restored
        sent.updated = known - sent.unchanged
        return sent

    def _finished(self, session_id: str) -> client.Status | None:
        """Wait for a server that works after its answer; None where it does not tell how far it is."""
        pause, deadline = 0.1, time.monotonic() + LONGEST_WAIT
        while True:
            try:
                status = self.tried(lambda: self._client.import_status(session_id))
            except (faults.Refused, faults.NotAuthorised, faults.TryAgain):
                return None
            if status.status not in ("NEW", "IMPORTING"):
                return status
            if time.monotonic() > deadline or self._stop.is_set():
                return None
            self._stop.wait(pause)
            pause = min(pause * 1.5, 5.0)


def _failed(batch: Batch, failed: client.Failed) -> Told:
    found = _item(batch, failed.index)
    if found is None and failed.external_customer_id is not None:
        wanted = str(failed.external_customer_id)
        found = next((item for item in batch.items if item.external_id == wanted), None)
    message = failed.error_message or "the server could not add it, and does not say why"
    return Told("failed", found, failed.path or "", message, failed.error_code)


def _noticed(batch: Batch, notice: client.Notice, result: str) -> Told:
    return Told(result, _item(batch, notice.index), notice.path or "", notice.message or "", notice.error_code)


def _passed_over(batch: Batch, mapped: client.Mapped) -> Told:
    return Told("skipped", _item(batch, mapped.index), "", "the server skipped it, as it does with deleted contacts")


def _item(batch: Batch, index: int | None) -> Item | None:
    return batch.items[index] if index is not None and 0 <= index < len(batch.items) else None

"""One batch to the server, however often it takes: the answer is what became of each of its rows."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable

import msgspec

from tokenbase.client import client, faults
from tokenbase.uploader.batches import Batch, Item

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0
"""Seconds: the first pause before a batch is tried again, and the longest, after it was doubled again and again."""
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

    def add(self, other: Sent) -> Sent:
        """Return both as one."""
        return Sent(
            self.created + other.created,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.restored + other.restored,
            self.told + other.told,
        )


class Sender:
    """Sends batches over one client. Safe to use from several threads; `stop` ends every pause at once."""

    def __init__(self, to: client.Client, options: dict[str, object], retries: int, stop: threading.Event) -> None:
        """Take the options that every request carries, and how often a batch is tried again."""
        self._client = to
        self._options = options
        self._retries = retries
        self._stop = stop
        self.retried = 0

    def send(self, batch: Batch) -> Sent:
        """Send a batch. Raises NotAuthorised and Refused at once, TryAgain after the last attempt."""
        body = batch.body(self._options)
        try:
            # The same key each time: a server that stored the batch but could not say so says it now.
            key = str(uuid.uuid4())
            answer = self._tried(lambda: self._client.add_contacts(body, key))
        except faults.Refused as fault:
            if fault.status == 413 and len(batch.items) > 1:
                first, second = batch.halves()
                return self.send(first).add(self.send(second))
            raise
        return self._read(batch, answer)

    def _tried(self, ask: Callable[[], client.Imported]) -> client.Imported:
        pause = FIRST_PAUSE
        for attempt in range(self._retries + 1):
            try:
                return ask()
            except faults.TryAgain as fault:
                if attempt == self._retries or self._stop.is_set():
                    raise
                self.retried += 1
                # A little chance keeps many uploaders from coming back all at once.
                seconds = fault.seconds if fault.seconds is not None else pause * random.uniform(0.5, 1.0)  # noqa: S311
                self._stop.wait(min(max(seconds, 0.05), 300.0))
                pause = min(pause * 2, LONGEST_PAUSE)
        raise AssertionError("the last attempt returns or raises")

    def _read(self, batch: Batch, answer: client.Imported) -> Sent:
        if answer.created is None and answer.async_session_id is not None:
            answer = self._finished(answer)
        sent = Sent(
            created=answer.created or 0,
            unchanged=answer.unchanged,
            restored=answer.restored,
            told=[
                *(_failed(batch, failed) for failed in answer.failed_contacts),
                *(_noticed(batch, notice, "skipped") for notice in answer.skipped_contacts),
                *(_noticed(batch, notice, "warning") for notice in answer.warnings),
            ],
        )
        lost = sum(told.result in ("failed", "skipped") for told in sent.told)
        # What the server neither failed nor skipped, made nor left as it was, it changed.
        sent.updated = len(batch.items) - lost - sent.created - sent.unchanged
        return sent

    def _finished(self, answer: client.Imported) -> client.Imported:
        """Wait for a server that works after its answer, and return the answer with the counts."""
        assert answer.async_session_id is not None
        pause, deadline = 0.1, time.monotonic() + LONGEST_WAIT
        while True:
            try:
                status = self._client.import_status(answer.async_session_id)
            except faults.Refused:
                return answer
            if status.status not in ("NEW", "IMPORTING") or time.monotonic() > deadline or self._stop.is_set():
                break
            self._stop.wait(pause)
            pause = min(pause * 1.5, 5.0)
        if status.created is None:
            status.created = sum(mapped.result == "created" for mapped in status.mapping)
        return msgspec.structs.replace(
            answer,
            created=status.created,
            unchanged=status.unchanged,
            restored=status.restored,
            failed_contacts=answer.failed_contacts or status.failed_contacts,
        )


def _failed(batch: Batch, failed: client.Failed) -> Told:
    found = _item(batch, failed.index)
    if found is None and failed.external_customer_id is not None:
        wanted = str(failed.external_customer_id)
        found = next((item for item in batch.items if item.external_id == wanted), None)
    message = failed.error_message or "the server could not add it, and does not say why"
    return Told("failed", found, failed.path or "", message, failed.error_code)


def _noticed(batch: Batch, notice: client.Notice, result: str) -> Told:
    return Told(result, _item(batch, notice.index), notice.path, notice.message, notice.error_code)


def _item(batch: Batch, index: int | None) -> Item | None:
    return batch.items[index] if index is not None and 0 <= index < len(batch.items) else None

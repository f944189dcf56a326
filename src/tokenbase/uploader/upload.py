"""An upload from its source to its summary: reads ahead of the server by a few batches and never further."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path

import msgspec

from tokenbase.client import client
from tokenbase.contract import problems
from tokenbase.uploader import (
    batches,
    journal,
    ledger,
    making,
    mapping,
    pace,
    progress,
    report,
    sending,
    source,
    summary,
)
from tokenbase.uploader.faults import BadMapping, BadReport, BadSource
from tokenbase.uploader.orders import Order, check_written
from tokenbase.uploader.rows import Row
from tokenbase.uploader.sources import sql


class _Under(msgspec.Struct):
    """A batch under way."""

    batch: batches.Batch
    number: int
    digest: str


class Upload:
    """One upload. `run` does it; `stop`, from a signal handler or another thread, ends it after what is under way."""

    def __init__(self, order: Order, shows: progress.Progress) -> None:
        """Open the source. Raises BadSource, BadMapping and BadCall before anything is sent."""
        order.check()
        asked = sql.Wanted(order.query, order.table)
        with contextlib.ExitStack() as opened:
            self.source = source.Source(order.source, order.format, order.plan, asked=asked, apps=order.apps)
            opened.callback(self.source.feed.close)
            feed = self.source.feed
            stem = order.stem(feed.stem)
            ending = {"csv": "csv", "tsv": "tsv", "xlsx": "csv"}.get(feed.format, "jsonl")
            rejects = order.rejects or Path(f"{stem}.rejects.{ending}")
            told = order.report or Path(f"{stem}.report.jsonl")
            journalled = order.journal or Path(f"{stem}.journal")
            check_written({"--report": told, "--rejects": rejects, "--journal": journalled}, order.names)
            self.journal = journal.Journal(journalled, order.to, order.names, order.batch, order.resume)
            opened.callback(self.journal.close, finished=not self.journal.found)
            self._report = report.Report(told, rejects, feed.head)
            opened.pop_all()
        self._paths = (told, rejects)
        self._order = order
        self._shows = shows
        self._stop = threading.Event()
        self._pace = pace.Pace(order.parallel, order.rate)
        self._messages = summary.Messages()
        self._done = summary.Summary()
        self._under_way: dict[futures.Future[sending.Sent], _Under] = {}
        self._owners = ledger.Ledger()

    def stop(self) -> None:
        """Read no further; what is under way is still answered for."""
        self._stop.set()

    def run(self) -> summary.Summary:
        """Upload and return what came of it; `fault` and the summary tell what ended it early."""
        began = time.monotonic()
        order, done = self._order, self._done
        options = self.source.options()
        dedupe_on = options.pop("dedupeOn", None)
        with (
            client.Client(order.to, order.key, connections=order.parallel, retries=0) as to,
            futures.ThreadPoolExecutor(order.parallel) as workers,
        ):
            sender = sending.Sender(to, options, order.retries, self._stop, self._pace)
            try:
                self._find_fields(sender, to)
                to_send = batches.group(self._items(None if dedupe_on is None else str(dedupe_on)), order.batch)
                for number, batch in enumerate(to_send):
                    self._send(workers, sender, _Under(batch, number, ""), batch.body(options))
                self._settle_until(lambda: not self._under_way)
                self._complete = not self._stop.is_set()
            except problems.TokenbaseError as fault:
                self._end(fault)
            finally:
                self._stop.set()
                self._settle_until(lambda: not self._under_way)
                done.retried = sender.retried
                self._report.close()
                self._shows.close()
                self._owners.close()
                self.source.feed.close()
                self._check_report()
                self.journal.close(finished=not self.resumable)
        done.seconds = time.monotonic() - began
        done.common = self._messages.common()
        done.contested = self._owners.contested
        told, rejects = self._paths
        done.report = str(told) if "report" in self._report.written else None
        done.rejects = str(rejects) if "rejects" in self._report.written else None
        return done

    fault: Exception | None = None
    """What ended the upload early."""
    _complete = False

    @property
    def resumable(self) -> bool:
        """Whether the upload ended early and has left a journal to go on with."""
        return not self._complete or self.fault is not None

    def _send(self, workers: futures.Executor, sender: sending.Sender, under: _Under, body: bytes) -> None:
        """Start a batch when it may, unless it was answered before the upload was resumed."""
        batch, rows = under.batch, len(under.batch.items)
        if not self._stop.is_set():
            under.digest = self.journal.digest(body)
            if (sent := self.journal.answer(under.number, under.digest, batch)) is not None:
                self._done.resumed += rows
                self._account(sent)
                return
            self._settle_until(lambda: self._free(batch.names))
            self._stop.wait(self._pace.delay(rows))
        if self._stop.is_set():
            self._done.unsent += rows
            return
        key = self.journal.key(under.number, under.digest)
        self._under_way[workers.submit(sender.send, batch, body, key)] = under
        self._done.requests += 1

    def _find_fields(self, sender: sending.Sender, to: client.Client) -> None:
        """Learn the numbers of the additional fields, where the mapping goes by their names."""
        if self.source.plan is None or not mapping.names_fields(self.source.plan):
            return
        found = sender.tried(to.fields)
        known = {name.casefold(): field.id for field in found for name in (field.key, field.name) if name}
        create = (lambda name: sender.tried(lambda: to.create_field(name)).id) if self._order.create_fields else None
        self.source.field = making.Fields(known, create)

    def _items(self, dedupe_on: str | None) -> Iterator[batches.Item]:
        """Yield what to send; account for what cannot be sent on the way.

        A source that breaks off in the middle ends the upload after what was read of it.
        """
        order = self._order
        try:
            for found in self.source.items(dedupe_on, self._owners):
                if self._stop.is_set():
                    return
                if not order.takes(found if isinstance(found, batches.Item) else found[0].line):
                    continue
                if order.limit is not None and self._done.read == order.limit:
                    return
                self._done.read += 1
                if isinstance(found, batches.Item):
                    for note in found.notes:
                        self._tell("warning", found.row, found.external_id, "", note, None)
                    yield found
                else:
                    row, reason = found
                    passed = isinstance(reason, making.Passed)
                    self._done.skipped += passed
                    self._done.failed += not passed
                    self._tell("skipped" if passed else "failed", row, None, "", str(reason), None)
        except (BadSource, BadMapping) as fault:
            self._end(fault)

    def _free(self, names: frozenset[str]) -> bool:
        """Tell whether a batch may start: there is a slot, and nobody in it is being sent by another."""
        return len(self._under_way) < self._pace.slots and all(
            names.isdisjoint(under.batch.names) for under in self._under_way.values()
        )

    def _settle_until(self, enough: Callable[[], bool]) -> None:
        while not enough():
            answered, _ = futures.wait(self._under_way, return_when=futures.FIRST_COMPLETED)
            for future in answered:
                under, sent = self._under_way.pop(future), future.result()
                if sent.fault is None and not sent.unsent:
                    try:
                        self.journal.write(under.number, under.digest, under.batch, sent)
                    except OSError as fault:
                        self._end(BadReport(f"{self.journal.path} cannot be written: {fault.strerror}"))
                self._account(sent)

    def _account(self, sent: sending.Sent) -> None:
        done = self._done
        if sent.fault is not None:
            done.unsent += sent.unsent
            self._end(sent.fault)
        done.created += sent.created
        done.updated += sent.updated
        done.unchanged += sent.unchanged
        done.restored += sent.restored
        done.uncounted += sent.uncounted
        for told in sent.told:
            if told.result == "failed":
                done.failed += 1
            elif told.result == "skipped":
                done.skipped += 1
            row = told.item.row if told.item is not None else None
            external_id = told.item.external_id if told.item is not None else None
            self._tell(told.result, row, external_id, told.path, told.message, told.code)
        accounted = done.created + done.updated + done.unchanged + done.skipped + done.failed
        self._shows.show(accounted, self.source.feed.done(), self.source.feed.size)

    def _end(self, fault: problems.TokenbaseError) -> None:
        """Read no further; the first fault is the one that is told."""
        if self._done.stopped_by is None:
            self._done.stopped_by, self.fault = fault.message, fault
        if not isinstance(fault, (BadSource, BadMapping)):
            self._stop.set()

    def _tell(
        self, result: str, row: Row | None, external_id: str | None, path: str, message: str, code: object
    ) -> None:
        if result == "warning":
            self._done.warnings += 1
        self._messages.add(message.removeprefix(f"{path}: "))
        self._report.tell(result, row, external_id, path, message, code)
        self._check_report()

    def _check_report(self) -> None:
        """End an upload whose report cannot be written: what was wrong with its rows could not be told."""
        if self._report.fault is not None:
            self._end(self._report.fault)


def upload(order: Order, shows: progress.Progress | None = None) -> summary.Summary:
    """Upload a source and return its summary: the whole of `tokenbase upload` as a function."""
    return Upload(order, shows or progress.Quiet()).run()

"""An upload from its source to its summary: reads ahead of the server by a few batches and never further."""

from __future__ import annotations

import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
from pathlib import Path

import msgspec

from tokenbase.client import client
from tokenbase.contract import limits
from tokenbase.uploader import batches, making, mapping, progress, report, sending, source, summary
from tokenbase.uploader.faults import BadCall, BadMapping, BadSource
from tokenbase.uploader.rows import Row
from tokenbase.uploader.sources import sql


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to upload, where to, and how."""

    source: str | Sequence[str]
    to: str
    key: str
    format: str | None = None
    plan: mapping.Plan | None = None
    query: str | None = None
    table: str | None = None
    """What to read of a source that is a database."""
    batch: int = limits.CONTACTS_PER_REQUEST
    parallel: int = 4
    retries: int = 10
    apps: dict[str, str] = {}
    """The UUIDs of apps by the names that the source has for them, "*" for any."""
    create_fields: bool = False
    """Whether to make the additional fields that the server lacks."""
    report: Path | None = None
    rejects: Path | None = None


class Upload:
    """One upload. `run` does it; `stop`, from a signal handler or another thread, ends it after what is under way."""

    def __init__(self, order: Order, shows: progress.Progress) -> None:
        """Open the source. Raises BadSource, BadMapping and BadCall before anything is sent."""
        if not 1 <= order.batch <= limits.CONTACTS_PER_REQUEST:
            raise BadCall(f"a batch has 1 to {limits.CONTACTS_PER_REQUEST:,} contacts")
        _check_address(order.to)
        if order.retries < 0:
            raise BadCall("a request is tried again 0 times or more")
        if not 1 <= order.parallel <= 64:
            raise BadCall("1 to 64 batches can be under way at once")
        asked = sql.Wanted(order.query, order.table)
        self.source = source.Source(order.source, order.format, order.plan, asked=asked, apps=order.apps)
        ending = {"csv": "csv", "tsv": "tsv", "xlsx": "csv"}.get(self.source.feed.format, "jsonl")
        stem = self.source.feed.stem
        rejects = order.rejects or Path(f"{stem}.rejects.{ending}")
        told = order.report or Path(f"{stem}.report.jsonl")
        try:
            _check_written(told, rejects, [order.source] if isinstance(order.source, str) else order.source)
            self._report = report.Report(told, rejects, self.source.feed.head)
        except BadCall:
            self.source.feed.close()
            raise
        self._paths = (told, rejects)
        self._order = order
        self._shows = shows
        self._stop = threading.Event()
        self._messages = summary.Messages()
        self._done = summary.Summary()
        self._under_way: dict[futures.Future[sending.Sent], batches.Batch] = {}

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
            client.Client(order.to, order.key, connections=order.parallel) as to,
            futures.ThreadPoolExecutor(order.parallel) as workers,
        ):
            self._find_fields(to)
            sender = sending.Sender(to, options, order.retries, self._stop)
            try:
                to_send = batches.group(self._items(None if dedupe_on is None else str(dedupe_on)), order.batch)
                for batch in to_send:
                    if self._stop.is_set():
                        done.unsent += len(batch.items)
                        continue
                    self._settle_until(lambda names=batch.names: self._free(names))  # type: ignore[misc]
                    if self._stop.is_set():
                        done.unsent += len(batch.items)
                        continue
                    self._under_way[workers.submit(sender.send, batch)] = batch
                    done.requests += 1
                self._settle_until(lambda: not self._under_way)
            finally:
                self._stop.set()
                self._settle_until(lambda: not self._under_way)
                done.retried = sender.retried
                self._report.close()
                self._shows.close()
                self.source.feed.close()
        self._check_report()
        done.seconds = time.monotonic() - began
        done.common = self._messages.common()
        told, rejects = self._paths
        done.report = str(told) if "report" in self._report.written else None
        done.rejects = str(rejects) if "rejects" in self._report.written else None
        return done

    def _find_fields(self, to: client.Client) -> None:
        """Learn the numbers of the additional fields, where the mapping goes by their names."""
        if self.source.plan is None or not mapping.names_fields(self.source.plan):
            return
        found = to.fields()
        known = {name.casefold(): field.id for field in found for name in (field.key, field.name) if name}
        create = (lambda name: to.create_field(name).id) if self._order.create_fields else None
        self.source.field = making.Fields(known, create)

    def _items(self, dedupe_on: str | None) -> Iterator[batches.Item]:
        """Yield what to send; account for what cannot be sent on the way.

        A source that breaks off in the middle ends the upload after what was read of it.
        """
        try:
            for found in self.source.items(dedupe_on):
                if self._stop.is_set():
                    return
                self._done.read += 1
                if isinstance(found, batches.Item):
                    yield found
                else:
                    row, reason = found
                    passed = isinstance(reason, making.Passed)
                    self._done.skipped += passed
                    self._done.failed += not passed
                    self._tell("skipped" if passed else "failed", row, None, "", str(reason), None)
        except (BadSource, BadMapping) as fault:
            self.fault = fault
            self._done.stopped_by = fault.message

    def _free(self, names: frozenset[str]) -> bool:
        """Tell whether a batch may start: there is a slot, and nobody in it is being sent by another."""
        return len(self._under_way) < self._order.parallel and all(
            names.isdisjoint(batch.names) for batch in self._under_way.values()
        )

    def _settle_until(self, enough: Callable[[], bool]) -> None:
        while not enough():
            answered, _ = futures.wait(self._under_way, return_when=futures.FIRST_COMPLETED)
            for future in answered:
                del self._under_way[future]
                self._settle(future)

    def _settle(self, future: futures.Future[sending.Sent]) -> None:
        done = self._done
        sent = future.result()
        if sent.fault is not None:
            done.unsent += sent.unsent
            if done.stopped_by is None:
                done.stopped_by = sent.fault.message
                self.fault = sent.fault
            self._stop.set()
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

    fault: Exception | None = None
    """What ended the upload early."""

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
        if self._report.fault is not None and self.fault is None:
            self.fault, self._done.stopped_by = self._report.fault, self._report.fault.message
            self._stop.set()


def _check_address(url: str) -> None:
    try:
        parts = urllib.parse.urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise BadCall(f'"{url}" is not the address of a server: write it as https://push.example.com')
    if parts.username or parts.password:
        # It would be shown with every error.
        raise BadCall("the address of the server has a user or password in it: leave them out, the key is all it needs")


def _check_written(told: Path, rejects: Path, names: Sequence[str]) -> None:
    """Refuse, before anything is sent, files that would destroy the source or each other."""
    for file, flag in ((told, "--report"), (rejects, "--rejects")):
        if file.exists() and any(Path(name).exists() and file.samefile(name) for name in names):
            raise BadCall(f"{file}: rows and reports cannot be written over their source: name another file by {flag}")
    if told.resolve() == rejects.resolve():
        raise BadCall(f"the report and the rejected rows cannot both be written to {told}: name two files")


def upload(order: Order, shows: progress.Progress | None = None) -> summary.Summary:
    """Upload a source and return its summary: the whole of `tokenbase upload` as a function."""
    return Upload(order, shows or progress.Quiet()).run()

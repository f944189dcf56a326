"""Whether a base has arrived: the server is asked about every row by dry runs, and for its contacts where they differ.

A dry run tells of each contact whether uploading it again would make or change anything. Earlier rows of a person, and
tokens that went to somebody seen later, may differ from what is there: they are looked at again at the end, when it is
known what the whole source says. Nothing is stored.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from tokenbase.client import client, faults
from tokenbase.contract import problems, tokens
from tokenbase.uploader import batches, ledger, making, mapping, orders, pace, progress, report, sending, source
from tokenbase.uploader.batches import Item
from tokenbase.uploader.faults import BadCall
from tokenbase.uploader.rows import Row
from tokenbase.uploader.sources import sql

HELD = 100_000
"""Rows that are looked at again; of a base that differs in more, the rest is only counted."""


class Verified(msgspec.Struct, kw_only=True, rename="camel"):
    """What the server has of a source. `arrived` is what is there as the source says."""

    read: int = 0
    arrived: int = 0
    missing: int = 0
    """Rows whose contact, or one of whose tokens, is not there."""
    elsewhere: int = 0
    """Rows one of whose tokens belongs to somebody else."""
    differs: int = 0
    """Rows of which something else is not as the source says."""
    refused: int = 0
    """Rows that the server would not take."""
    deleted: int = 0
    passed: int = 0
    """Rows that are not meant to be sent."""
    unreadable: int = 0
    unasked: int = 0
    stopped_by: str | None = None
    report: str | None = None

    @property
    def whole(self) -> bool:
        """Tell whether everything that the source has for the server is there."""
        return self.stopped_by is None and self.read == self.arrived + self.passed

    def text(self) -> str:
        """Return the numbers as lines for people."""
        names = ("read", "arrived", "missing", "elsewhere", "differs", "refused", "deleted", "passed", "unreadable")
        lines = [f"{name:<11}{getattr(self, name):>12,}" for name in names]
        if self.unasked:
            lines.append(f"unasked    {self.unasked:>12,}")
        if self.report:
            lines.append(f"what differs in which line: {self.report}")
        lines.append(f"stopped: {self.stopped_by}" if self.stopped_by else "")
        lines.append("everything arrived" if self.whole else "not everything is as the source says")
        return "\n".join(line for line in lines if line)


class Verification:
    """One look at a server for the rows of a source."""

    def __init__(self, order: orders.Order, shows: progress.Progress) -> None:
        """Open the source. Raises BadSource, BadMapping and BadCall."""
        order.check()
        asked = sql.Wanted(order.query, order.table)
        self.source = source.Source(order.source, order.format, order.plan, asked=asked, apps=order.apps)
        self._order, self._shows = order, shows
        self._path = order.report or Path(f"{self.source.feed.stem}.verify.jsonl")
        try:
            orders.check_written({"--report": self._path}, order.names)
            self._report = report.Report(self._path, Path("/dev/null"), "")
        except BadCall:
            self.source.feed.close()
            raise
        self._owners = ledger.Ledger()
        self._again: list[Item] = []
        self._last: dict[str, int] = {}
        self._done = Verified()
        self.fault: problems.TokenbaseError | None = None

    def run(self) -> Verified:
        """Ask about every row and return what came of it."""
        done, order = self._done, self._order
        with contextlib.ExitStack() as closing:
            for close in (self.source.feed.close, self._owners.close, self._report.close, self._shows.close):
                closing.callback(close)
            self._client = closing.enter_context(client.Client(order.to, order.key, connections=1, retries=0))
            self._sender = sending.Sender(self._client, {}, order.retries, threading.Event(), pace.Pace(1, order.rate))
            try:
                self._begin()
                for batch in batches.group(self._items(), order.batch):
                    self._first(batch)
                for batch in batches.group(self._second(), order.batch):
                    self._finally(batch)
            except problems.TokenbaseError as fault:
                self.fault, done.stopped_by = fault, fault.message
        if self._report.fault is not None and self.fault is None:
            self.fault, done.stopped_by = self._report.fault, self._report.fault.message
        known = done.arrived + done.missing + done.elsewhere + done.differs + done.refused + done.deleted
        done.unasked = done.read - known - done.passed - done.unreadable
        done.report = str(self._path) if "report" in self._report.written else None
        return done

    def _begin(self) -> None:
        version = self._sender.tried(self._client.version)
        if version.get("name") != "Tokenbase":
            raise BadCall("that is no Tokenbase server: what it has can only be asked for by its own means")
        self._options = self.source.options()
        self._dedupe_on = self._options.pop("dedupeOn", None)
        for name in ("groupNames", "groupNamesExclude", "eventKeyForNewContacts"):
            self._options.pop(name, None)
        if self.source.plan is not None and mapping.names_fields(self.source.plan):
            found = self._sender.tried(self._client.fields)
            known = {name.casefold(): field.id for field in found for name in (field.key, field.name) if name}
            self.source.field = making.Fields(known)

    def _items(self) -> Iterator[Item]:
        done = self._done
        dedupe_on = None if self._dedupe_on is None else str(self._dedupe_on)
        for found in self.source.items(dedupe_on, self._owners):
            if self._order.limit is not None and done.read == self._order.limit:
                return
            if not self._order.takes(found if isinstance(found, Item) else found[0].line):
                continue
            done.read += 1
            if isinstance(found, Item):
                yield found
            elif isinstance(found[1], making.Passed):
                done.passed += 1
            else:
                done.unreadable += 1
                self._tell("unreadable", found[0], None, str(found[1]))

    def _asked(self, batch: batches.Batch) -> list[str]:
        """Return what uploading each item again would do: unchanged, changed, created, failed or skipped."""
        answer = self._sender.tried(lambda: self._client.try_contacts(batch.body(self._options)))
        if answer.mapping is None:
            raise faults.Refused("the server does not know dry runs", 200)
        fates = ["failed"] * len(batch.items)
        for one in answer.mapping:
            if one.index is not None:
                fates[one.index] = "unchanged" if one.result == "updated" and one.changed is False else one.result
        self._refusals = {one.index: one.error_message for one in answer.failed_contacts or []}
        return fates

    def _first(self, batch: batches.Batch) -> None:
        done = self._done
        for place, (item, fate) in enumerate(zip(batch.items, self._asked(batch), strict=True)):
            person = item.names[0]
            if person in self._last:
                self._last[person] = item.row.line
            if fate == "unchanged":
                done.arrived += 1
            elif fate == "failed":
                done.refused += 1
                self._tell("refused", item.row, item.external_id, self._refusals.get(place) or "")
            elif fate == "skipped":
                done.deleted += 1
                self._tell("deleted", item.row, item.external_id, "the contact is deleted on the server")
            elif fate == "created":
                done.missing += 1
                self._tell("missing", item.row, item.external_id, "no such contact is there")
            elif len(self._again) < HELD:
                self._last[person] = item.row.line
                self._again.append(item)
            else:
                done.differs += 1
                self._tell("differs", item.row, item.external_id, "it is not as the source says")
        self._shows.show(done.read, self.source.feed.done(), self.source.feed.size)

    def _second(self) -> Iterator[Item]:
        """Yield what the source as a whole says of the rows that differ."""
        for item in self._again:
            contact = msgspec.json.decode(item.contact)
            kept = [
                channel
                for channel in contact.get("channels") or []
                if channel.get("type") != "mobilepush" or self._owners.owner(channel) in (None, item.external_id)
            ]
            if self._last[item.names[0]] != item.row.line:
                # A later row of the person has the last word on everything but this row's tokens.
                kept = [_bare(channel) for channel in kept if channel.get("type") == "mobilepush"]
                contact = {"externalCustomerId": item.external_id} if item.external_id else {}
            made = batches.item(item.row, {**contact, "channels": kept}, None, item.kind)
            if isinstance(made, Item):
                yield made
            else:
                self._done.arrived += 1

    def _finally(self, batch: batches.Batch) -> None:
        done = self._done
        for item, fate in zip(batch.items, self._asked(batch), strict=True):
            if fate == "unchanged":
                done.arrived += 1
                continue
            result, message = self._compared(item)
            if result == "missing":
                done.missing += 1
            elif result == "elsewhere":
                done.elsewhere += 1
            else:
                done.differs += 1
            self._tell(result, item.row, item.external_id, message)

    def _compared(self, item: Item) -> tuple[str, str]:
        """Return what is wrong with a contact that differs."""
        sent = msgspec.json.decode(item.contact)
        held: dict[str, Any] = {}
        if item.external_id is not None:
            with contextlib.suppress(faults.Refused):
                held = self._sender.tried(lambda: self._client.contact(str(item.external_id)))
        there = {(one["type"], tokens.folded(str(one["value"]))) for one in held.get("channels") or []}
        for channel in sent["channels"]:
            value = str(channel["value"]).strip()
            if channel["type"] == "mobilepush" and ("mobilepush", tokens.folded(value)) not in there:
                owner = self._owner((channel.get("device") or {}).get("appId"), value)
                if owner is not None and owner != held.get("id"):
                    return "elsewhere", f"the token {value[:40]} belongs to contact {owner}"
                return "missing", f"the token {value[:40]} is not there"
        return "differs", "the token and the person are there; something else is not as the source says"

    def _owner(self, app: str | None, value: str) -> int | None:
        if app is None:
            return None
        try:
            return self._sender.tried(lambda: self._client.token_owner(app, value))
        except faults.Refused:
            return None

    def _tell(self, result: str, row: Row, external_id: str | None, message: str) -> None:
        self._report.tell(result, row, external_id, "", message, None)


def _bare(channel: dict[str, Any]) -> dict[str, Any]:
    app = (channel.get("device") or {}).get("appId")
    return {"type": channel["type"], "value": channel["value"], "device": {"appId": app} if app else {}}

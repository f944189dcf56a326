"""A list of dead tokens, switched off one by one: what another system's feedback says must not be sent to any more."""

from __future__ import annotations

import collections
import contextlib
import threading
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import msgspec

from tokenbase.client import client, faults
from tokenbase.contract import problems
from tokenbase.uploader import orders, pace, report, sending, source
from tokenbase.uploader.batches import Item
from tokenbase.uploader.rows import Row
from tokenbase.uploader.sources import sql


class Deactivated(msgspec.Struct, kw_only=True, rename="camel"):
    """What came of a list: each of its `tokens` is in one of the numbers behind it."""

    read: int = 0
    tokens: int = 0
    deactivated: int = 0
    unknown: int = 0
    """Tokens that no contact of the account has in that app."""
    without_app: int = 0
    """Tokens whose app nobody named."""
    failed: int = 0
    without_token: int = 0
    """Rows without a token."""
    stopped_by: str | None = None
    report: str | None = None

    def text(self) -> str:
        """Return the numbers as lines for people."""
        lines = [
            f"rows            {self.read:>12,}",
            f"tokens          {self.tokens:>12,}",
            f"switched off    {self.deactivated:>12,}",
            f"unknown         {self.unknown:>12,}",
            f"without an app  {self.without_app:>12,}",
            f"failed          {self.failed:>12,}",
        ]
        if self.without_app:
            lines.append("name the app of the tokens by --app UUID")
        if self.report:
            lines.append(f"what was wrong with which line: {self.report}")
        if self.stopped_by:
            lines.append(f"stopped: {self.stopped_by}")
        return "\n".join(lines)


def deactivate(order: orders.Order) -> tuple[Deactivated, problems.TokenbaseError | None]:
    """Switch off the tokens of a source; return what came of it, and what ended it early."""
    order.check()
    asked = sql.Wanted(order.query, order.table)
    opened = source.Source(order.source, order.format, order.plan, asked=asked, apps=order.apps)
    done = Deactivated()
    with contextlib.ExitStack() as closing:
        closing.callback(opened.feed.close)
        path = order.report or Path(f"{opened.feed.stem}.deactivated.jsonl")
        orders.check_written({"--report": path}, order.names)
        told = report.Report(path, Path("/dev/null"), "")
        closing.callback(told.close)
        to = closing.enter_context(client.Client(order.to, order.key, connections=order.parallel, retries=0))
        workers = closing.enter_context(futures.ThreadPoolExecutor(order.parallel))
        sender = sending.Sender(to, {}, order.retries, threading.Event(), pace.Pace(order.parallel, None))
        fault = _run(opened, done, told, to, sender, workers, order.parallel * 4)
    if told.fault is not None:
        fault = fault or told.fault
    done.stopped_by = fault.message if fault is not None else None
    done.report = str(path) if "report" in told.written else None
    return done, fault


def _run(
    opened: source.Source,
    done: Deactivated,
    told: report.Report,
    to: client.Client,
    sender: sending.Sender,
    workers: futures.Executor,
    ahead: int,
) -> problems.TokenbaseError | None:
    waiting: collections.deque[tuple[Row, futures.Future[None]]] = collections.deque()
    try:
        for row, app, token in _tokens(opened, done, told):
            done.tokens += 1
            if app is None:
                done.without_app += 1
                told.tell("failed", row, None, "", "nobody says which app the token belongs to: --app UUID", None)
                continue
            while len(waiting) >= ahead:
                _settle(*waiting.popleft(), done, told)
            off = workers.submit(sender.tried, lambda app=app, token=token: to.set_token_active(app, token, False))
            waiting.append((row, off))
        while waiting:
            _settle(*waiting.popleft(), done, told)
    except problems.TokenbaseError as fault:
        for _, off in waiting:
            off.cancel()
        done.failed = done.tokens - done.deactivated - done.unknown - done.without_app
        return fault
    return None


def _settle(row: Row, off: futures.Future[None], done: Deactivated, told: report.Report) -> None:
    try:
        off.result()
        done.deactivated += 1
    except faults.Refused as fault:
        if fault.status != 404:
            raise
        done.unknown += 1
        told.tell("unknown", row, None, "", "no contact has that token of that app", fault.status)


def _tokens(opened: source.Source, done: Deactivated, told: report.Report) -> Iterator[tuple[Row, str | None, str]]:
    for found in opened.items("mobilepush"):
        done.read += 1
        if not isinstance(found, Item):
            done.without_token += 1
            told.tell("failed", found[0], None, "", str(found[1]), None)
            continue
        channels: Any = msgspec.json.decode(found.contact).get("channels")
        pushed = [one for one in channels if one.get("type") == "mobilepush"] if isinstance(channels, list) else []
        done.without_token += not pushed
        for channel in pushed:
            app = (channel.get("device") or {}).get("appId")
            yield found.row, app, str(channel["value"]).strip()

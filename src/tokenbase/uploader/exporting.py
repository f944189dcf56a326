"""The base of a server as a file that can be uploaded again: JSON Lines, CSV or Parquet. A base can always leave.

Contacts are asked for page by page. What the server alone knows (ids, segments, times of change) is left behind.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, cast

import msgspec

from tokenbase.client import client
from tokenbase.contract import problems
from tokenbase.contract.cards import DeviceCard
from tokenbase.uploader import progress, sending, targets
from tokenbase.uploader.faults import BadCall, BadReport
from tokenbase.uploader.sources import extras

FORMATS = ("jsonl", "csv", "parquet")
_PERSON = ("externalCustomerId", "firstName", "lastName", "languageCode", "timeZone", "contactKey")
_DEVICE = tuple(
    field.encode_name for field in msgspec.structs.fields(DeviceCard) if field.name not in ("language", "kind")
)
_ADDRESS = tuple(target.removeprefix("address.") for target in targets.ADDRESS)


class Exported(msgspec.Struct, kw_only=True, rename="camel"):
    """What was written."""

    contacts: int = 0
    tokens: int = 0
    rows: int = 0
    stopped_by: str | None = None

    def text(self) -> str:
        """Return the numbers as lines for people."""
        lines = [f"contacts  {self.contacts:>12,}", f"tokens    {self.tokens:>12,}", f"rows      {self.rows:>12,}"]
        return "\n".join([*lines, f"stopped: {self.stopped_by}"] if self.stopped_by else lines)


def export(
    to: client.Client, file: Path, form: str, retries: int, shows: progress.Progress, segment_id: int | None = None
) -> tuple[Exported, problems.TokenbaseError | None]:
    """Write the whole base, or one segment, to a file; return what was written, and what ended it early."""
    done = Exported()
    sender = sending.Sender(to, {}, retries, threading.Event())
    unfinished = file.with_name(f"{file.name}.unfinished")
    fault: problems.TokenbaseError | None = None
    try:
        with contextlib.ExitStack() as closing:
            closing.callback(shows.close)
            fields = [field.id for field in sender.tried(to.fields)]
            write = _writer(closing, unfinished, form, fields, file.name.endswith(".gz"))
            for page, total in _pages(sender, to, segment_id):
                for card in page:
                    contact = _contact(card)
                    done.contacts += 1
                    done.tokens += sum(one["type"] == "mobilepush" for one in contact["channels"])
                    done.rows += write(contact)
                shows.show(done.contacts, done.contacts, total)
        # Only a whole export has its name.
        unfinished.replace(file)
    except problems.TokenbaseError as stopped:
        fault, done.stopped_by = stopped, stopped.message
    except OSError as stopped:
        fault = BadReport(f"{unfinished} cannot be written: {stopped.strerror}")
        done.stopped_by = fault.message
    if fault is not None:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
    return done, fault


def _pages(
    sender: sending.Sender, to: client.Client, segment_id: int | None
) -> Iterator[tuple[list[dict[str, Any]], int]]:
    first = 1
    while True:
        page, total = sender.tried(lambda first=first: to.contacts(first, segment_id=segment_id))  # type: ignore[misc]
        if not page:
            return
        yield page, total
        first += len(page)


def _contact(card: dict[str, Any]) -> dict[str, Any]:
    """Return a contact as it could be sent."""
    made = {name: card[name] for name in (*_PERSON, "address") if card.get(name)}
    made["channels"] = []
    for channel in card.get("channels") or []:
        kept = {name: channel[name] for name in ("type", "value", "webPushSubscription") if channel.get(name)}
        if channel.get("device"):
            kept["device"] = {name: channel["device"][name] for name in _DEVICE if name in channel["device"]}
        made["channels"].append(kept)
    if card.get("fields"):
        made["fields"] = card["fields"]
    return made


def _writer(
    closing: contextlib.ExitStack, file: Path, form: str, fields: list[int], packed: bool
) -> Callable[[dict[str, Any]], int]:
    """Return what writes a contact and says in how many rows."""
    if form == "parquet":
        return _parquet(closing, file, fields)
    opened = gzip.open(file, "wb") if packed else file.open("wb")  # noqa: SIM115 - closed by `closing`
    sink = cast(IO[bytes], closing.enter_context(opened))
    if form == "jsonl":

        def line(contact: dict[str, Any]) -> int:
            sink.write(msgspec.json.encode(contact) + b"\n")
            return 1

        return line
    columns = _columns(fields)
    table = csv.DictWriter(_Text(sink), columns, restval="", lineterminator="\n")
    table.writeheader()

    def lines(contact: dict[str, Any]) -> int:
        rows = list(_rows(contact))
        table.writerows(rows)
        return len(rows)

    return lines


class _Text:
    """Takes the text of rows for a file of bytes."""

    def __init__(self, sink: IO[bytes]) -> None:
        self._sink = sink

    def write(self, text: str) -> int:
        return self._sink.write(text.encode("utf-8"))


def _parquet(closing: contextlib.ExitStack, file: Path, fields: list[int]) -> Callable[[dict[str, Any]], int]:
    arrow = extras.needed("pyarrow", "files", "Parquet was asked for")
    parquet = extras.needed("pyarrow.parquet", "files", "Parquet was asked for")
    schema = arrow.schema([(name, arrow.string()) for name in _columns(fields)])
    writer = closing.enter_context(parquet.ParquetWriter(file, schema))
    held: list[dict[str, str]] = []

    def flush() -> None:
        if held:
            writer.write_table(arrow.Table.from_pylist(held, schema=schema))
            held.clear()

    closing.callback(flush)

    def rows(contact: dict[str, Any]) -> int:
        made = list(_rows(contact))
        held.extend(made)
        if len(held) >= 10_000:
            flush()
        return len(made)

    return rows


def _columns(fields: list[int]) -> list[str]:
    return [
        *_PERSON,
        *(f"address.{name}" for name in _ADDRESS),
        *("email", "sms", "telegram", "mobilepush"),
        *(f"device.{name}" for name in _DEVICE),
        *(f"fields.{number}" for number in fields),
    ]


def _rows(contact: dict[str, Any]) -> Iterator[dict[str, str]]:
    """Yield a contact as the rows of a table: one for each token, at least one."""
    person = {name: str(contact[name]) for name in _PERSON if name in contact}
    person |= {f"address.{name}": str(value) for name, value in (contact.get("address") or {}).items()}
    person |= {f"fields.{one['id']}": str(one["value"]) for one in contact.get("fields") or []}
    channels = contact["channels"]
    person |= {one["type"]: one["value"] for one in channels if one["type"] in ("email", "sms", "telegram")}
    tokens = [one for one in channels if one["type"] == "mobilepush"]
    for token in tokens:
        device = {f"device.{name}": _said(value) for name, value in (token.get("device") or {}).items()}
        yield {**person, "mobilepush": token["value"], **device}
    if not tokens:
        yield person


def _said(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def form_of(file: Path) -> str:
    """Return the format that a file's name says. Raises BadCall where it says none."""
    for ending in reversed(file.suffixes):
        if ending.removeprefix(".") in FORMATS:
            return ending.removeprefix(".")
        if ending == ".ndjson":
            return "jsonl"
    raise BadCall(f"{file} does not say its format: call it .jsonl, .csv (also .gz) or .parquet, or give --format")

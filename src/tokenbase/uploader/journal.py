"""What an upload has done so far, in a file that survives its death: which batches were answered, and with what.

The source is read again from its beginning on resuming, and its batches come out the same: those that the journal has
are answered from it, so that counts, report and rejected rows are those of one upload. A batch that was under way is
sent again under the same idempotency key, which makes the server say what it said or would have said.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import uuid
from pathlib import Path
from typing import Any

import msgspec

from tokenbase.uploader import sending
from tokenbase.uploader.batches import Batch
from tokenbase.uploader.faults import BadCall


class _Head(msgspec.Struct):
    """The first line."""

    id: str
    to: str
    source: list[str]
    batch: int


class _Line(msgspec.Struct):
    """An answered batch; `told` has the places of items in it."""

    number: int
    digest: str
    counts: tuple[int, int, int, int, int]
    told: list[tuple[str, int | None, str, str, Any]] = []


class Journal:
    """An open journal, which no other process can open at the same time."""

    def __init__(self, path: Path, to: str, names: list[str], batch: int, resume: bool) -> None:
        """Open it anew, or with `resume` where it ended. Raises BadCall where that cannot be."""
        self.path = path
        self.found = path.exists()
        if resume and not self.found:
            raise BadCall(
                f"{path} is not there: nothing can be resumed; leave --resume out to begin, or name --journal"
            )
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as fault:
            raise BadCall(f"{path} cannot be written: {fault.strerror}; name another file by --journal") from None
        self._answered: dict[tuple[int, str], tuple[int, int]] = {}
        try:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise BadCall(f"{path} is in use by another upload: name another file by --journal") from None
            wanted = _Head(str(uuid.uuid4()), to, names, batch)
            self._head = self._read(wanted) if resume else wanted
            if not resume:
                os.ftruncate(self._file, 0)
                self._append(self._head)
        except BaseException:
            os.close(self._file)
            raise

    def digest(self, body: bytes) -> str:
        """Return what a request's body is known by."""
        return hashlib.blake2b(body, digest_size=16).hexdigest()

    def key(self, number: int, digest: str) -> str:
        """Return the idempotency key of a batch: the same whenever it is sent."""
        return str(uuid.uuid5(uuid.UUID(self._head.id), f"{number}:{digest}"))

    def answer(self, number: int, digest: str, batch: Batch) -> sending.Sent | None:
        """Return what was answered to a batch before, None where nothing was."""
        place = self._answered.get((number, digest))
        if place is None:
            return None
        line = msgspec.json.decode(os.pread(self._file, place[1], place[0]), type=_Line)
        told = [
            sending.Told(result, None if item is None else batch.items[item], path, message, code)
            for result, item, path, message, code in line.told
        ]
        return sending.Sent(*line.counts[:4], told, line.counts[4])

    def write(self, number: int, digest: str, batch: Batch, sent: sending.Sent) -> None:
        """Take note of an answer. Raises OSError."""
        places = {id(item): place for place, item in enumerate(batch.items)} if sent.told else {}
        told = [
            (one.result, places.get(id(one.item)) if one.item is not None else None, one.path, one.message, one.code)
            for one in sent.told
        ]
        counts = (sent.created, sent.updated, sent.unchanged, sent.restored, sent.uncounted)
        self._append(_Line(number, digest, counts, told))

    def close(self, finished: bool) -> None:
        """Close it; one of an upload that is finished is removed."""
        with contextlib.suppress(OSError):
            if finished:
                self.path.unlink(missing_ok=True)
            os.close(self._file)

    def _append(self, line: msgspec.Struct) -> None:
        # In one piece: a process that is killed leaves whole lines, and at most a torn last one.
        data = msgspec.json.encode(line) + b"\n"
        while data:
            data = data[os.write(self._file, data) :]

    def _read(self, wanted: _Head) -> _Head:
        head: _Head | None = None
        place = 0
        with os.fdopen(os.dup(self._file), "rb") as lines:
            for text in lines:
                if not text.endswith(b"\n"):
                    break
                try:
                    if head is None:
                        head = msgspec.json.decode(text, type=_Head)
                    else:
                        line = msgspec.json.decode(text, type=_Line)
                        self._answered[line.number, line.digest] = (place, len(text))
                except msgspec.MsgspecError:
                    raise BadCall(f"{self.path} is no journal of an upload: name another by --journal") from None
                place += len(text)
        if head is None:
            raise BadCall(f"{self.path} has nothing in it yet: leave --resume out to begin")
        for what, was, is_now in (("server", head.to, wanted.to), ("batch", head.batch, wanted.batch)):
            if was != is_now:
                raise BadCall(f"{self.path} is of an upload with another {what} ({was}): resume it with the same")
        os.ftruncate(self._file, place)
        os.lseek(self._file, place, os.SEEK_SET)
        return head

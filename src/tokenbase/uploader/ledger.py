"""Who was seen last with a token: old bases have one under several people, and the last of them has the device.

Kept on disk, so that memory stays flat however many tokens there are. The statements are SQLite's, for a file that
nobody else sees.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from tokenbase.contract import tokens
from tokenbase.uploader.rows import Row

ROWS = 500
_MARKS = ",".join("?" * ROWS)
_CREATE = "CREATE TABLE owner (token BLOB PRIMARY KEY, person TEXT, seen REAL) WITHOUT ROWID"
_FIND = f"SELECT token, person, seen FROM owner WHERE token IN ({_MARKS})"  # noqa: S608 - marks alone
_KEEP = "INSERT OR REPLACE INTO owner VALUES (?, ?, ?)"


class Claim(msgspec.Struct):
    """A contact with its row; `notes` tell what became of tokens that another has too."""

    row: Row
    contact: dict[str, Any]
    raw: bytes | None
    notes: list[str] = []


class Ledger:
    """The owners of tokens so far. `contested` counts tokens that came with another person than before."""

    def __init__(self) -> None:
        """Make an empty one."""
        self._directory = tempfile.TemporaryDirectory(prefix="tokenbase-")
        self._conn = sqlite3.connect(
            Path(self._directory.name) / "owners", isolation_level=None, check_same_thread=False
        )
        for setting in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -65536"):
            self._conn.execute(f"PRAGMA {setting}")
        self._conn.execute(_CREATE)
        self.contested = 0

    def settled(self, claims: Iterable[Claim | tuple[Row, str]]) -> Iterator[Claim | tuple[Row, str]]:
        """Yield the same, in order, without the tokens that another person was seen with later."""
        waiting: list[Claim | tuple[Row, str]] = []
        for claim in claims:
            waiting.append(claim)
            if len(waiting) == ROWS:
                yield from self._settle(waiting)
                waiting = []
        yield from self._settle(waiting)

    def owner(self, channel: dict[str, Any]) -> str | None:
        """Return who was seen last with a token, None where nobody of a name was."""
        found = self._conn.execute(_FIND, [_digest(channel), *[None] * (ROWS - 1)]).fetchone()
        return None if found is None else str(found[1])

    def close(self) -> None:
        """Remove it."""
        self._conn.close()
        self._directory.cleanup()

    def _settle(self, waiting: list[Claim | tuple[Row, str]]) -> list[Claim | tuple[Row, str]]:
        wanted: list[tuple[Claim, str, dict[str, Any], bytes]] = []
        for claim in waiting:
            if isinstance(claim, Claim) and (person := claim.contact.get("externalCustomerId")) not in (None, ""):
                wanted += [(claim, str(person), channel, _digest(channel)) for channel in _tokens(claim.contact)]
        known: dict[bytes, tuple[str, float | None]] = {}
        digests = [digest for *_, digest in wanted]
        for first in range(0, len(digests), ROWS):
            part = digests[first : first + ROWS]
            found = self._conn.execute(_FIND, [*part, *[None] * (ROWS - len(part))])
            known.update((token, (person, seen)) for token, person, seen in found)
        changed: dict[bytes, tuple[str, float | None]] = {}
        for claim, person, channel, digest in wanted:
            seen = _seen(channel)
            before = known.get(digest)
            if before is not None and before[0] != person:
                self.contested += 1
                if before[1] is not None and seen is not None and seen < before[1]:
                    self._give_up(claim, channel, before[0])
                    continue
                when = "who was seen with it before" if None not in (before[1], seen) else "in a row before"
                claim.notes.append(f'the token {_short(channel)} was also that of "{before[0]}", {when}: it moves here')
            elif before is not None and seen is None:
                continue
            known[digest] = changed[digest] = (person, seen)
        if changed:
            self._conn.execute("BEGIN")
            self._conn.executemany(_KEEP, [(digest, *owner) for digest, owner in changed.items()])
            self._conn.execute("COMMIT")
        return waiting

    def _give_up(self, claim: Claim, channel: dict[str, Any], owner: str) -> None:
        claim.contact = {**claim.contact, "channels": [one for one in claim.contact["channels"] if one is not channel]}
        claim.raw = None
        claim.notes.append(f'the token {_short(channel)} stays with "{owner}", who was seen with it later')


def _tokens(contact: dict[str, Any]) -> Iterator[dict[str, Any]]:
    channels = contact.get("channels")
    for channel in channels if isinstance(channels, list) else ():
        if isinstance(channel, dict) and channel.get("type") == "mobilepush" and isinstance(channel.get("value"), str):
            yield channel


def _digest(channel: dict[str, Any]) -> bytes:
    device = channel.get("device")
    app = device.get("appId") if isinstance(device, dict) else None
    text = f"{app or ''} {tokens.folded(channel['value'].strip())}"
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).digest()


def _seen(channel: dict[str, Any]) -> float | None:
    device = channel.get("device")
    if isinstance(device, dict) and (text := device.get("lastActiveAt") or device.get("registeredAt")):
        try:
            moment = dt.datetime.fromisoformat(str(text))
        except ValueError:
            return None
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)).timestamp()
    return None


def _short(channel: dict[str, Any]) -> str:
    value = str(channel["value"])
    return value if len(value) <= 30 else f"{value[:24]}…"

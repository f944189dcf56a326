"""Who was seen last with a token: old bases have one under several people, and the last of them has the device.

Kept on disk, so that memory stays flat however many tokens there are. The statements are SQLite's, for a file that
nobody else sees.
"""

from __future__ import annotations

import datetime as dt
import itertools
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from tokenbase.contract import tokens
from tokenbase.uploader.faults import BadSource
from tokenbase.uploader.rows import Row

ROWS = 2_000
_MARKS = ",".join("?" * ROWS)
# Keyed by Python's own hash, which is quick and good for as long as the process; `other` tells two tokens of one apart.
_CREATE = "CREATE TABLE owner (token INTEGER PRIMARY KEY, other INTEGER, person TEXT, seen TEXT)"
_FIND = f"SELECT token, other, person, seen FROM owner WHERE token IN ({_MARKS})"  # noqa: S608 - marks alone
_KEEP = "INSERT OR REPLACE INTO owner VALUES (?, ?, ?, ?)"

_Owner = tuple[int, str, str]
"""The other hash, the person, and when the person was last seen with the token, as it was said."""


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
        """Yield the same, in order, without the tokens that another person was seen with later.

        Raises BadSource where there is no room to keep whose they are.
        """
        claims = iter(claims)
        while waiting := list(itertools.islice(claims, ROWS)):
            try:
                settled = self._settle(waiting)
            except sqlite3.Error as fault:
                place = self._directory.name
                raise BadSource(f"whose tokens are cannot be kept in {place}: {fault}; set TMPDIR to another") from None
            yield from settled

    def owner(self, channel: dict[str, Any]) -> str | None:
        """Return who was seen last with a token, None where nobody of a name was."""
        key, other = _keys(channel)
        found = self._conn.execute(_FIND, [key, *[None] * (ROWS - 1)]).fetchone()
        return str(found[2]) if found is not None and found[1] == other else None

    def close(self) -> None:
        """Remove it."""
        self._conn.close()
        self._directory.cleanup()

    def _settle(self, waiting: list[Claim | tuple[Row, str]]) -> list[Claim | tuple[Row, str]]:
        wanted = []
        for claim in waiting:
            if isinstance(claim, Claim) and (person := claim.contact.get("externalCustomerId")) not in (None, ""):
                channels = claim.contact.get("channels")
                for channel in channels if isinstance(channels, list) else ():
                    if isinstance(channel, dict) and channel.get("type") == "mobilepush":
                        key, other = _keys(channel)
                        wanted.append((key, other, str(person), channel, claim))
        known: dict[int, _Owner] = {}
        for first in range(0, len(wanted), ROWS):
            part = [one[0] for one in wanted[first : first + ROWS]]
            found = self._conn.execute(_FIND, [*part, *[None] * (ROWS - len(part))])
            known.update((token, (other, person, seen)) for token, other, person, seen in found)
        changed: dict[int, _Owner] = {}
        for key, other, person, channel, claim in wanted:
            device = channel.get("device")
            seen = str(device.get("lastActiveAt") or device.get("registeredAt") or "") if device else ""
            before = known.get(key)
            if before is not None and not self._takes(before, other, person, seen, channel, claim):
                continue
            known[key] = changed[key] = (other, person, seen)
        if changed:
            self._conn.execute("BEGIN")
            self._conn.executemany(_KEEP, ((key, *owner) for key, owner in changed.items()))
            self._conn.execute("COMMIT")
        return waiting

    def _takes(self, before: _Owner, other: int, person: str, seen: str, channel: dict[str, Any], claim: Claim) -> bool:
        """Tell whether a person becomes the owner of a token that had one; give the token up where not."""
        if before[0] != other:
            return False
        was, now = _moment(before[2]), _moment(seen)
        if before[1] == person:
            return now is not None and (was is None or now > was)
        self.contested += 1
        if was is not None and now is not None and now < was:
            self._give_up(claim, channel, before[1])
            return False
        when = "in a row before" if was is None or now is None else "who was seen with it before"
        claim.notes.append(f'the token {_short(channel)} was also that of "{before[1]}", {when}: it moves here')
        return True

    def _give_up(self, claim: Claim, channel: dict[str, Any], owner: str) -> None:
        claim.contact = {**claim.contact, "channels": [one for one in claim.contact["channels"] if one is not channel]}
        claim.raw = None
        claim.notes.append(f'the token {_short(channel)} stays with "{owner}", who was seen with it later')


def _keys(channel: dict[str, Any]) -> tuple[int, int]:
    device = channel.get("device")
    app = device.get("appId") if isinstance(device, dict) else None
    value = str(channel.get("value")).strip()
    # A colon is no hex: most tokens need no closer look.
    value = value if ":" in value else tokens.folded(value)
    return hash((app, value)), hash((value, app))


def _moment(text: str) -> float | None:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)).timestamp()


def _short(channel: dict[str, Any]) -> str:
    value = str(channel["value"])
    return value if len(value) <= 30 else f"{value[:24]}…"

"""What an upload is asked for, and what of that cannot be meant."""

from __future__ import annotations

import hashlib
import urllib.parse
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tokenbase.contract import limits
from tokenbase.uploader import batches, mapping
from tokenbase.uploader.faults import BadCall


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
    """The most requests at once; how many it are is learned from the answers."""
    retries: int = 10
    apps: dict[str, str] = {}
    """The UUIDs of apps by the names that the source has for them, "*" for any."""
    create_fields: bool = False
    """Whether to make the additional fields that the server lacks."""
    rate: float | None = None
    """The most rows a second."""
    limit: int | None = None
    """The most rows, the first of the source."""
    sample: float | None = None
    """The share of the people to take, between 0 and 1."""
    shard: tuple[int, int] = (1, 1)
    """Which of how many parts of the base to take, so that several machines can bring one base."""
    resume: bool = False
    journal: Path | None = None
    report: Path | None = None
    rejects: Path | None = None

    @property
    def names(self) -> list[str]:
        """The names of the source."""
        return [self.source] if isinstance(self.source, str) else list(self.source)

    def stem(self, feed: str) -> str:
        """Return what the upload's files are called by, from what those of the source are."""
        return feed if self.shard == (1, 1) else f"{feed}.shard-{self.shard[0]}-of-{self.shard[1]}"

    def takes(self, found: batches.Item | int) -> bool:
        """Tell whether this upload takes an item, or a row that is none by its line."""
        if self.shard == (1, 1) and self.sample is None:
            return True
        if isinstance(found, int):
            name = str(found)
        else:
            # By the token, so that all people who claim it meet in one part and the one seen last is known.
            name = next((one for one in found.names if one.startswith("mobilepush:")), found.names[0])
        number = int.from_bytes(hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
        if number % self.shard[1] != self.shard[0] - 1:
            return False
        return self.sample is None or (number // self.shard[1]) % 1_000_000 < self.sample * 1_000_000

    def check(self) -> None:
        """Raise BadCall for what cannot be meant."""
        if not 1 <= self.batch <= limits.CONTACTS_PER_REQUEST:
            raise BadCall(f"a batch has 1 to {limits.CONTACTS_PER_REQUEST:,} contacts")
        check_address(self.to)
        if self.retries < 0:
            raise BadCall("a request is tried again 0 times or more")
        if not 1 <= self.parallel <= 64:
            raise BadCall("1 to 64 batches can be under way at once")
        if self.rate is not None and self.rate <= 0:
            raise BadCall("--rate is rows a second, more than 0")
        if self.limit is not None and self.limit < 1:
            raise BadCall("--limit is a number of rows, 1 or more")
        if self.sample is not None and not 0 < self.sample <= 1:
            raise BadCall("--sample is a share between 0 and 1, such as 0.01 for one in a hundred")
        if not 1 <= self.shard[0] <= self.shard[1]:
            raise BadCall("--shard is one part of several, from 1/4 to 4/4")


def check_address(url: str) -> None:
    """Raise BadCall where that is not the address of a server."""
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


def check_written(written: dict[str, Path], names: Sequence[str]) -> None:
    """Refuse, before anything is sent, files that would destroy the source or each other; each with its option."""
    seen: dict[Path, str] = {}
    for flag, file in written.items():
        if file.exists() and any(Path(name).exists() and file.samefile(name) for name in names):
            raise BadCall(f"{file}: rows and reports cannot be written over their source: name another file by {flag}")
        if (other := seen.setdefault(file.resolve(), flag)) != flag and not file.is_char_device():
            raise BadCall(f"{other} and {flag} cannot both be written to {file}: name two files")

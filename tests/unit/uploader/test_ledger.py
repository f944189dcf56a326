"""Whose a token is: kept on disk, whatever the number of tokens and whatever the disk."""

from __future__ import annotations

import collections
import contextlib
import random
import tracemalloc
from collections.abc import Iterator

import pytest

from tokenbase.uploader import digests, faults, ledger
from tokenbase.uploader.rows import Row


def claims(count: int) -> Iterator[ledger.Claim]:
    for n in range(count):
        channel = {"type": "mobilepush", "value": f"{n}:{random.Random(n).random()}", "device": {}}
        yield ledger.Claim(Row(n, "", []), {"externalCustomerId": f"u{n}", "channels": [channel]}, None)


def test_memory_stays_flat_however_many_tokens_there_are() -> None:
    with contextlib.closing(ledger.Ledger()) as owners:
        tracemalloc.start()
        assert sum(1 for _ in owners.settled(claims(60_000))) == 60_000
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 15_000_000


def test_a_full_disk_is_told_with_the_place_and_the_cure() -> None:
    with contextlib.closing(ledger.Ledger()) as owners:
        owners._conn.execute("PRAGMA max_page_count = 20")
        with pytest.raises(faults.BadSource, match="cannot be kept in .*: database or disk is full; set TMPDIR"):
            list(owners.settled(claims(10_000)))


def test_a_place_that_is_gone_is_told_by_a_check() -> None:
    kept = digests.Digests()
    kept.close()
    with pytest.raises(faults.BadSource, match="digests cannot be kept in .*; set TMPDIR to another"):
        collections.deque((kept.add(str(n), "", n) for n in range(200_000)), maxlen=0)

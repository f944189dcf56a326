"""The bytes of a file: unpacked however they are cut, bounded, and UTF-8 to the last one."""

from __future__ import annotations

import gzip
import io
import tracemalloc

import pytest

from tokenbase.jobs import worker
from tokenbase.links import unpacking

TEXT = "user_id,first_name\n" + "".join(f"u-{n},Анна €😀\n" for n in range(50))
PLAIN = TEXT.encode()


def spooled(data: bytes, step: int, most: int = 1 << 20, packed: bool = False) -> bytes:
    kept = io.BytesIO()
    spool = unpacking.Spool(kept, most, packed)
    for start in range(0, len(data), step):
        spool.write(data[start : start + step])
    spool.close()
    return kept.getvalue()


@pytest.mark.parametrize("step", [1, 3, 7, 1_000])
@pytest.mark.parametrize("how", ["plain", "file", "encoding", "both", "members", "padded"])
def test_a_file_comes_out_whole_however_it_is_cut(how: str, step: int) -> None:
    once = gzip.compress(PLAIN)
    data = {
        "plain": PLAIN,
        "file": once,
        "encoding": once,
        "both": gzip.compress(once),
        "members": gzip.compress(PLAIN[:100]) + gzip.compress(PLAIN[100:]),
        "padded": once + bytes(20),
    }[how]
    assert spooled(data, step, packed=how in ("encoding", "both")) == PLAIN


@pytest.mark.parametrize("step", [1, 1_000])
def test_a_packed_file_that_breaks_off_may_come_whole_the_next_time(step: int) -> None:
    for packed in (False, True):
        with pytest.raises(worker.Passing, match="breaks off"):
            spooled(gzip.compress(PLAIN)[:-5], step, packed=packed)


@pytest.mark.parametrize("step", [1, 2, 1_000])
def test_what_is_not_utf_8_is_told_with_its_line(step: int) -> None:
    with pytest.raises(worker.Failed, match="byte 0xE9 in line 3"):
        spooled("a\nЖ\nвi".encode() + b"\xe9\nx\n", step)
    with pytest.raises(worker.Failed, match="byte 0xD0 in line 2"):
        spooled("a\nЖ".encode()[:-1], step)


def test_a_bomb_is_stopped_at_the_limit_without_being_held_in_memory() -> None:
    bomb = gzip.compress(bytes(300 << 20), 9)
    tracemalloc.start()
    with pytest.raises(worker.Failed, match="more than 4 MB"):
        spooled(bomb, 65_536, most=4 << 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 << 20


def test_exactly_the_limit_is_taken() -> None:
    assert len(spooled(b"x" * 100, 30, most=100)) == 100
    with pytest.raises(worker.Failed, match="more than"):
        spooled(b"x" * 101, 30, most=100)


@pytest.mark.parametrize("packed", [True, False])
def test_gzip_that_unpacks_to_nothing_without_end_is_stopped(packed: bool) -> None:
    nothing = gzip.compress(b"") * 3_000
    with pytest.raises(worker.Failed, match="more than"):
        spooled(nothing, 1_000, most=50_000, packed=packed)
    with pytest.raises(worker.Failed, match="more than"):
        spooled(gzip.compress(nothing), 1_000, most=50_000, packed=True)

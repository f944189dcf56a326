"""Whether a change makes the import faster: python benchmarks/compare.py OTHER/src

Runs a server of this checkout and one of another, whose `src` is given, each with a PostgreSQL of its own, and sends
them the same batches by turns, so that the machine's changes of speed meet both. Prints how many times as fast the
other is, the median of the pairs' ratios, and what the processes of each computed for a batch. Without OTHER it
compares this checkout with itself, which shows the noise.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import tempfile
import time
from pathlib import Path

import httpx2

from measured import Bench, running
from throughput import bodies

HERE = Path(__file__).parent.parent / "src"
WARM = 10
"""So many batches are sent before the clock runs."""
WHAT = {"new": "", "same": "1", "updated": "2"}
"""What batches can be measured, and the version of the contacts' app after the first; "" where there is no second."""
KINDS = ("the import process", "PostgreSQL", "the process that listens")


def processor_ms(root: int, postmaster: int) -> dict[str, float]:
    """Return the milliseconds that a server, the processes that it began, and its PostgreSQL have computed."""
    importing, postgres, listening = KINDS
    found = dict.fromkeys(KINDS, 0.0)
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            kind = {root: importing, postmaster: postgres}.get(parent)
            if int(process.name) == root:
                kind = listening
            if kind is not None:
                threads = (process / "task").glob("*/schedstat")
                found[kind] += sum(int(thread.read_text().split()[0]) for thread in threads) / 1e6
    return found


def main() -> None:
    """Run the benchmark."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("other", type=Path, nargs="?", default=HERE, help="the src of another checkout")
    arguments.add_argument("--batches", type=int, default=40, help="batches of 3,000 contacts for each")
    arguments.add_argument("--what", choices=WHAT, default="new", help="what the batches are")
    given = arguments.parse_args()
    benches: list[tuple[Bench, int, httpx2.Client]] = []
    took: tuple[list[float], list[float]] = ([], [])
    computed = [dict.fromkeys(KINDS, 0.0), dict.fromkeys(KINDS, 0.0)]
    with contextlib.ExitStack() as stack:
        for source in (HERE, given.other):
            made = stack.enter_context(tempfile.TemporaryDirectory(prefix="tokenbase-bench-", dir="/tmp"))
            environ = {**os.environ, "PYTHONPATH": str(source.resolve(strict=True))}
            bench = stack.enter_context(running(Path(made), environ))
            client = httpx2.Client(base_url=bench.url, auth=("", bench.key), timeout=300)
            postmaster = int((Path(made) / "data/postgres/postmaster.pid").read_text().split()[0])
            benches.append((bench, postmaster, stack.enter_context(client)))
        if again := WHAT[given.what]:
            for _, _, client in benches:
                for body in bodies(0, WARM + given.batches, lambda number: "1"):
                    client.post("/api/v1/contacts", content=body).raise_for_status()
        for turn, body in enumerate(bodies(0, WARM + given.batches, lambda number: again or "1")):
            for place in (0, 1) if turn % 2 else (1, 0):
                bench, postmaster, client = benches[place]
                before = processor_ms(bench.server, postmaster)
                began = time.perf_counter()
                client.post("/api/v1/contacts", content=body).raise_for_status()
                if turn >= WARM:
                    took[place].append(time.perf_counter() - began)
                    after = processor_ms(bench.server, postmaster)
                    for kind in KINDS:
                        computed[place][kind] += (after[kind] - before[kind]) / given.batches
    ratio = statistics.median(here / other for here, other in zip(*took, strict=True))
    print(f"the other is {ratio:.2f} times as fast, the median of the ratios of each two batches")
    if given.other == HERE:
        print("both are this checkout, so whatever is not 1 is noise")
    print()
    print("| ms a batch | this one | the other |\n| --- | ---: | ---: |")
    whole = [1000 * statistics.median(taken) for taken in took]
    print(f"| in all, the median | {whole[0]:.0f} | {whole[1]:.0f} |")
    for kind in KINDS:
        print(f"| {kind} computes, the mean | {computed[0][kind]:.0f} | {computed[1][kind]:.0f} |")


if __name__ == "__main__":
    main()

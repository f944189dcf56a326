"""Whether a change makes the import of new contacts faster: python benchmarks/compare.py OTHER/src

Runs a server of this checkout and one of another, whose `src` is given, each with a PostgreSQL of its own, and sends
them the same batches by turns, so that the machine's changes of speed meet both. Prints how many times as fast the
other is, the median of the pairs' ratios, and what each process of this one computed for a batch. Without OTHER it
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


def processor_ms(root: int) -> dict[str, float]:
    """Return the milliseconds that each process has computed which a server began, and each of PostgreSQL's."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_text().replace("\0", " ").split()
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            if words and (root in (int(process.name), parent) or words[0] == "postgres:"):
                threads = (process / "task").glob("*/schedstat")
                spent = sum(int(thread.read_text().split()[0]) for thread in threads)
                found[f"{process.name} {' '.join(words[:2])[-40:]}"] = spent / 1e6
    return found


def main() -> None:
    """Run the benchmark."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("other", type=Path, nargs="?", default=HERE, help="the src of another checkout")
    arguments.add_argument("--batches", type=int, default=40, help="batches of 3,000 new contacts for each")
    given = arguments.parse_args()
    benches: list[tuple[Bench, httpx2.Client]] = []
    took: tuple[list[float], list[float]] = ([], [])
    own: dict[str, float] = {}
    with contextlib.ExitStack() as stack:
        for source in (HERE, given.other):
            made = stack.enter_context(tempfile.TemporaryDirectory(prefix="tokenbase-bench-", dir="/tmp"))
            environ = {**os.environ, "PYTHONPATH": str(source.resolve(strict=True))}
            bench = stack.enter_context(running(Path(made), environ))
            client = httpx2.Client(base_url=bench.url, auth=("", bench.key), timeout=300)
            benches.append((bench, stack.enter_context(client)))
        for turn, body in enumerate(bodies(0, WARM + given.batches, lambda number: "1")):
            for place in (0, 1) if turn % 2 else (1, 0):
                bench, client = benches[place]
                before = processor_ms(bench.server) if place == 0 else {}
                began = time.perf_counter()
                client.post("/api/v1/contacts", content=body).raise_for_status()
                if turn >= WARM:
                    took[place].append(time.perf_counter() - began)
                    after = processor_ms(bench.server) if place == 0 else {}
                    for name in before.keys() & after.keys():
                        own[name] = own.get(name, 0.0) + after[name] - before[name]
    ratio = statistics.median(here / other for here, other in zip(*took, strict=True))
    print(f"the other is {ratio:.2f} times as fast\n")
    print(f"a batch takes this one {1000 * statistics.median(took[0]):.0f} ms, of which these processes compute:\n")
    for name, spent in sorted(own.items(), key=lambda item: -item[1]):
        if spent >= given.batches:
            print(f"{spent / given.batches:6.0f} ms  {name}")


if __name__ == "__main__":
    main()

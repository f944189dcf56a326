"""What a batch costs as the base grows, and what the base takes on disk: python benchmarks/growth.py

Fills a base through the API and measures around each million batches of contacts that are new and batches in which all
are known and changed: neighbours, in the order in which they were first uploaded, and contacts from all over the base.
The machine's speed changes from minute to minute, so each batch is followed by one of the same kind into another server
whose base is empty but for some thousand contacts, and emptied again and again; what a batch costs is told as a ratio
to that. Those pairs are spread over the growth, since batches cost most right after a checkpoint of the database; their
median counts. Prints a table of the ratios and the bytes by table, and writes the ratios to growth.svg in the working
directory.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import psycopg

import chart
from measured import Bench, peak_megabytes, running
from throughput import BATCH, bodies, person, send, shown

GROUPS = 7
GROUP = 4
"""So many times so many batches of each kind are measured at each step."""
APART = 70_000
"""How many contacts the base grows by from one time to the next."""
SMALLEST = 60_000
"""How many there are at the first time, and in the base that is called empty."""
KINDS = ("new", "changed, neighbours", "changed, from all over")
RELATIONS = """
SELECT relname, pg_table_size(oid), pg_indexes_size(oid)
FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_total_relation_size(oid) > 10000000
ORDER BY pg_total_relation_size(oid) DESC
"""
VALUES = """
SELECT attrelid::regclass::text, string_agg(format('coalesce(sum(pg_column_size(%%I)), 0)', attname), ' + ')
FROM pg_attribute
WHERE attrelid = ANY(%s::regclass[]) AND attnum > 0 AND NOT attisdropped
GROUP BY attrelid
"""


class Base:
    """A server and how many contacts it has."""

    def __init__(self, bench: Bench, client: httpx2.Client) -> None:
        """Take a server and a client of it."""
        self.bench = bench
        self.client = client
        self.there = 0

    def fill(self, wanted: int) -> None:
        """Upload new contacts until there are so many."""
        while self.there < wanted:
            count = min(20, -(-(wanted - self.there) // BATCH))
            send(self.bench, bodies(self.there, count, lambda number: "1"), 4)
            self.there += count * BATCH

    def empty(self) -> None:
        """Take all contacts out, and fill in the few with which a base is called empty."""
        with psycopg.connect(self.bench.database_url) as conn:
            conn.execute("TRUNCATE contact, token, identity, event, import_session CASCADE")
        self.there = 0
        self.fill(SMALLEST)

    def requests(self, kind: str, version: str) -> list[bytes]:
        """Return batches of a kind; new ones count as there."""
        if kind == "new":
            made = bodies(self.there, GROUP, lambda number: "1")
            self.there += GROUP * BATCH
            return made
        return changed(self.there, f"{kind}.{version}", kind == "changed, neighbours")

    def seconds(self, body: bytes) -> float:
        """Return how long a request takes."""
        began = time.perf_counter()
        self.client.post("/api/v1/contacts", content=body).raise_for_status()
        return time.perf_counter() - began


def cost(grown: Base, empty: Base, kind: str, version: str) -> float:
    """Return the median of how many times as long batches of a kind take the grown base as the empty one, by turns."""
    pairs = zip(grown.requests(kind, version), empty.requests(kind, version), strict=True)
    return statistics.median(grown.seconds(one) / empty.seconds(other) for one, other in pairs)


def changed(contacts: int, version: str, neighbours: bool) -> list[bytes]:
    """Return batches of known contacts, neighbours or from all over the base, each with a version of its app.

    So those whom two batches have in common change with both.
    """
    made = []
    for batch in range(GROUP):
        first = random.randrange(contacts - BATCH + 1)
        numbers = range(first, first + BATCH) if neighbours else random.sample(range(contacts), BATCH)
        body = {
            "contacts": [person(number, f"{version}.{batch}") for number in numbers],
            "dedupeOn": "externalCustomerId",
        }
        made.append(json.dumps(body).encode())
    return made


@contextlib.contextmanager
def started() -> Iterator[Base]:
    """Run a server, and have it work a little: the first requests find one that has never worked."""
    with (
        tempfile.TemporaryDirectory(prefix="tokenbase-bench-", dir="/tmp") as made,
        running(Path(made), os.environ) as bench,
        httpx2.Client(base_url=bench.url, auth=("", bench.key), timeout=300) as client,
    ):
        base = Base(bench, client)
        base.fill(GROUP * BATCH)
        yield base


def disk(url: str) -> None:
    """Print what the base takes, table by table, beside the bytes of its values."""
    with psycopg.connect(url) as conn:
        relations = conn.execute(RELATIONS).fetchall()
        names = [name for name, _, _ in relations]
        values = {}
        for name, sums in conn.execute(VALUES, (names,)).fetchall():
            row = conn.execute(f"SELECT {sums} FROM {name}".encode()).fetchone()
            assert row is not None
            values[name] = int(row[0])
    print("\n| table | values MB | table MB | indexes MB |\n| --- | ---: | ---: | ---: |")
    for name, table, indexes in relations:
        print(f"| {name} | {values[name] / 1e6:,.0f} | {table / 1e6:,.0f} | {indexes / 1e6:,.0f} |")
    own = sum(size for name, size in values.items() if name != "identity")
    taken = sum(table + indexes for _, table, indexes in relations)
    print(f"\n{taken / 1e6:,.0f} MB for {own / 1e6:,.0f} MB of values (keys not counted): {taken / own:.2f} times")


def main() -> None:
    """Run the benchmark."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--millions", type=int, default=5, help="how many million contacts the base grows to")
    millions = arguments.parse_args().millions
    rows: list[tuple[int, list[float]]] = []
    with started() as grown, started() as empty:
        for step in range(millions + 1):
            found: list[list[float]] = [[] for _ in KINDS]
            for group in range(GROUPS):
                grown.fill(max(step * 1_000_000 + (group - GROUPS // 2) * APART, SMALLEST))
                empty.empty()
                for kind, costs in zip(KINDS, found, strict=True):
                    costs.append(cost(grown, empty, kind, f"{step}.{group}"))
            rows.append((step, [statistics.median(costs) for costs in found]))
            told = ", ".join(f"{kind} {shown(costs)}" for kind, costs in zip(KINDS, found, strict=True))
            print(f"about {step} million contacts, to an empty base: {told}", flush=True)
        print(f"\npeak memory of the server's processes: {peak_megabytes(grown.bench.server):.0f} MB at most")
        print(f"\n| million contacts, about | {' | '.join(KINDS)} |\n| ---: | ---: | ---: | ---: |")
        for step, row in rows:
            print(f"| {step} | {' | '.join(f'{ratio:.2f}' for ratio in row)} |")
        disk(grown.bench.database_url)
    charted = {f"{step} million": dict(zip(KINDS, row, strict=True)) for step, row in rows}
    chart.write(Path("growth.svg"), "a batch of 3,000, to one into an empty base", charted)


if __name__ == "__main__":
    main()

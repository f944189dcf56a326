"""What a batch costs as the base grows, and what the base takes on disk: python benchmarks/growth.py

Fills a base of its own through the API and measures around each million batches of contacts that are new and batches in
which all are known and changed: neighbours, in the order in which they were first uploaded, and contacts from all over
the base. The machine's speed changes from second to second, so a few batches at a time are taken in units of what COPY
of ready-made rows into empty tables takes right after them. Those times are spread over the growth, since batches cost
most right after a checkpoint of the database; their median counts. Prints a table of ratios to the empty base and the
bytes by table, and writes the ratios to growth.svg in the working directory.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import tempfile
import time
from pathlib import Path

import httpx2
import psycopg

import chart
from measured import peak_megabytes, running
from throughput import BATCH, Limit, bodies, person, send

GROUPS = 7
GROUP = 4
"""So many times so many batches of each kind are measured at each step."""
APART = 70_000
"""How many contacts the base grows by from one time to the next."""
SMALLEST = 60_000
"""How many there are at the first time."""
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


def batch_seconds(client: httpx2.Client, requests: list[bytes]) -> float:
    """Return the median seconds of requests, one after the other."""
    took = []
    for body in requests:
        began = time.perf_counter()
        client.post("/api/v1/contacts", content=body).raise_for_status()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


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
    with (
        tempfile.TemporaryDirectory(prefix="tokenbase-bench-", dir="/tmp") as made,
        running(Path(made), os.environ) as bench,
        httpx2.Client(base_url=bench.url, auth=("", bench.key), timeout=300) as client,
    ):
        # The first requests find a server that has never worked, and the limit needs the rows of some.
        send(bench, bodies(0, GROUP, lambda number: "1"), 1)
        limit = Limit(bench.database_url, GROUP)
        there = GROUP * BATCH
        for step in range(millions + 1):
            found: list[list[float]] = [[], [], []]
            for group in range(GROUPS):
                wanted = max(step * 1_000_000 + (group - GROUPS // 2) * APART, SMALLEST)
                while there < wanted:
                    count = min(20, -(-(wanted - there) // BATCH))
                    send(bench, bodies(there, count, lambda number: "1"), 4)
                    there += count * BATCH
                version = f"{step}.{group}"
                new = bodies(there, GROUP, lambda number: "1")
                kinds = [new, changed(there, f"2.{version}", True), changed(there, f"3.{version}", False)]
                for requests, costs in zip(kinds, found, strict=True):
                    took = batch_seconds(client, requests)
                    costs.append(took * limit.measure() / BATCH)
                there += GROUP * BATCH
            medians = [statistics.median(costs) for costs in found]
            rows.append((step, medians))
            told = ", ".join(f"{cost:.2f} {kind}" for kind, cost in zip(KINDS, medians, strict=True))
            print(f"about {step} million contacts, to COPY into empty tables: {told}", flush=True)
        print(f"\npeak memory of the server's processes: {peak_megabytes(bench.server):.0f} MB at most")
        print(f"\n| million contacts, about | {' | '.join(KINDS)} |\n| ---: | ---: | ---: | ---: |")
        ratios = [[cost / first for cost, first in zip(costs, rows[0][1], strict=True)] for _, costs in rows]
        for (step, _), row in zip(rows, ratios, strict=True):
            print(f"| {step} | {' | '.join(f'{ratio:.2f}' for ratio in row)} |")
        disk(bench.database_url)
    charted = {
        f"{step} million": dict(zip(KINDS, row, strict=True)) for (step, _), row in zip(rows, ratios, strict=True)
    }
    chart.write(Path("growth.svg"), "a batch of 3,000, to one into an empty base", charted)


if __name__ == "__main__":
    main()

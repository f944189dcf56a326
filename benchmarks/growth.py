"""What a batch costs as the base grows, and what the base takes on disk: python benchmarks/growth.py

Fills a base of its own through the API and measures at each step batches of contacts that are new and batches in which
all are known and changed, taken from the whole base. Prints a table of ratios to the empty base, the bytes by table,
and writes the ratios to growth.svg in the working directory.
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
from throughput import BATCH, bodies, person, send

MEASURED = 15
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


def changed(contacts: int, version: str) -> list[bytes]:
    """Return batches of known contacts from all over the base, with another version of the app."""
    made = []
    for _ in range(MEASURED):
        numbers = random.sample(range(contacts), BATCH)
        body = {"contacts": [person(number, version) for number in numbers], "dedupeOn": "externalCustomerId"}
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
    rows: list[tuple[int, float, float]] = []
    with (
        tempfile.TemporaryDirectory(prefix="tokenbase-bench-", dir="/tmp") as made,
        running(Path(made), os.environ) as bench,
        httpx2.Client(base_url=bench.url, auth=("", bench.key), timeout=300) as client,
    ):
        there = 0
        for step in range(millions + 1):
            while there < step * 1_000_000:
                count = min(20, -(-(step * 1_000_000 - there) // BATCH))
                send(bench, bodies(there, count, lambda number: "1"), 4)
                there += count * BATCH
            new = batch_seconds(client, bodies(there, MEASURED, lambda number: "1"))
            there += MEASURED * BATCH
            known = batch_seconds(client, changed(there, f"2.{step}"))
            rows.append((there, new, known))
            print(f"{there:,} contacts: {new * 1000:.0f} ms new, {known * 1000:.0f} ms changed", flush=True)
        print(f"\npeak memory of the server: {peak_megabytes(bench.server):.0f} MB")
        print("\n| contacts | new, to empty | changed, to empty |\n| ---: | ---: | ---: |")
        for contacts, new, known in rows:
            print(f"| {contacts:,} | {new / rows[0][1]:.2f} | {known / rows[0][2]:.2f} |")
        disk(bench.database_url)
    charted = {f"{c:,}": {"new": n / rows[0][1], "changed": k / rows[0][2]} for c, n, k in rows}
    chart.write(Path("growth.svg"), "a batch of 3,000, to one into an empty base", charted)


if __name__ == "__main__":
    main()

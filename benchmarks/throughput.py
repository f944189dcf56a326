"""How fast the import is, beside the fastest that PostgreSQL can write the same rows: python benchmarks/throughput.py

Makes its own PostgreSQL, server and contacts, and removes them again. The limit is COPY of ready-made rows into the
same indexed tables in one stream, measured twice in between. Prints a table of ratios, which alone can be compared
between machines. Writes the same as throughput.svg into the working directory.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import datetime as dt
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import psycopg

import chart
from measured import Bench, running

BATCH = 3_000
NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
APP = "83b77a49-fc28-409b-aeaa-68c9d544ab9d"


def person(number: int, version: str) -> dict[str, object]:
    """Return a contact with a token and an e-mail address."""
    device = {"appId": APP, "deviceModel": "iPhone 13", "os": "iOS", "locale": "uk-UA", "appVersion": version}
    push = {"type": "mobilepush", "value": f"{number:022d}:APA91b{number:0134d}", "device": device}
    email = {"type": "email", "value": f"user{number}@example.com"}
    return {"externalCustomerId": f"u-{number}", "firstName": "Ann", "lastName": "Smith", "channels": [push, email]}


def bodies(first: int, batches: int, version: Callable[[int], str]) -> list[bytes]:
    """Return ready-made requests."""
    made = []
    for batch in range(batches):
        numbers = range(first + batch * BATCH, first + (batch + 1) * BATCH)
        contacts = [person(number, version(number)) for number in numbers]
        made.append(json.dumps({"contacts": contacts, "dedupeOn": "externalCustomerId"}).encode())
    return made


def send(bench: Bench, requests: list[bytes], clients: int) -> float:
    """Return the contacts a second that the server takes."""
    with httpx2.Client(base_url=bench.url, auth=("", bench.key), timeout=300) as client:

        def post(body: bytes) -> None:
            client.post("/api/v1/contacts", content=body).raise_for_status()

        began = time.perf_counter()
        with concurrent.futures.ThreadPoolExecutor(clients) as pool:
            list(pool.map(post, requests))
        return len(requests) * BATCH / (time.perf_counter() - began)


def limit(url: str, batches: int) -> float:
    """Return the contacts a second that COPY writes into empty tables of the same shape, batch by batch."""
    tables = ("contact", "token", "identity", "event_2026_11")
    with psycopg.connect(url) as conn:
        for table in tables:
            conn.execute(f"CREATE TABLE limit_{table} (LIKE {table} INCLUDING ALL)".encode())
        conn.commit()
        ready = []
        for table in tables:
            with conn.cursor().copy(f"COPY {table} TO STDOUT".encode()) as copy:
                rows = b"".join(copy).splitlines(keepends=True)
            ready.append(rows)
        each = [max(1, len(rows) // batches) for rows in ready]
        people = len(ready[0])
        began = time.perf_counter()
        for batch in range(batches + 1):
            for table, rows, size in zip(tables, ready, each, strict=True):
                part = b"".join(rows[batch * size : (batch + 1) * size])
                if part:
                    with conn.cursor().copy(f"COPY limit_{table} FROM STDIN".encode()) as copy:
                        copy.write(part)
            conn.commit()
        seconds = time.perf_counter() - began
        for table in tables:
            conn.execute(f"DROP TABLE limit_{table}".encode())
        conn.commit()
    return people / seconds


def main() -> None:
    """Run the benchmark."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--batches", type=int, default=20, help="requests of 3,000 contacts for each row of the table"
    )
    count = arguments.parse_args().batches
    found: dict[str, dict[int, float]] = {}
    limits = []
    with (
        tempfile.TemporaryDirectory(prefix="tokenbase-bench-", dir="/tmp") as made,
        running(Path(made), os.environ) as bench,
    ):
        for clients, first in ((1, 0), (4, 10_000_000)):
            for name, version in (
                ("all new", lambda number: "1"),
                ("same again", lambda number: "1"),
                ("all updated", lambda number: "2"),
                ("half and half", lambda number: "2" if number % 2 else "3"),
            ):
                found.setdefault(name, {})[clients] = send(bench, bodies(first, count, version), clients)
            limits.append(limit(bench.database_url, count))
    top = statistics.median(limits)
    print(f"the limit: {top:,.0f} contacts a second by COPY on this machine\n")
    print("| what | one client | four clients |\n| --- | --- | --- |")
    charted = {name: {f"{n} client(s)": rate / top for n, rate in rates.items()} for name, rates in found.items()}
    chart.write(Path("throughput.svg"), "contacts a second, to the limit of COPY", charted)
    for name, rates in found.items():
        print(f"| {name} | {rates[1] / top:.2f} | {rates[4] / top:.2f} |")


if __name__ == "__main__":
    main()

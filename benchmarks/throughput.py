"""How fast the import is, beside the fastest that PostgreSQL can write the same rows: python benchmarks/throughput.py

Makes its own PostgreSQL, server and contacts, and removes them again. The limit is COPY of ready-made rows into the
same indexed tables in one stream, as text, measured right after each rate; what the binary format makes of it is told
beside it. Prints a table of ratios, which alone can be compared between machines: the median of all rounds, the least
and the greatest. Writes the same as throughput.svg into the working directory.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import datetime as dt
import json
import multiprocessing
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


class Limit:
    """The fastest way in: COPY of ready-made rows into empty tables of the same shape, in one stream."""

    TABLES = ("contact", "token", "identity", f"event_{dt.datetime.now(dt.UTC):%Y_%m}")

    def __init__(self, url: str, batches: int) -> None:
        """Take the rows of so many batches out of a base that has them."""
        self.url = url
        self.contacts = batches * BATCH
        self.parts: list[list[bytes]] = []
        self.binary: list[list[bytes]] = []
        """The same in COPY's binary format."""
        with psycopg.connect(url) as conn:
            for table in self.TABLES:
                rows = _copied(conn, f"COPY {table} TO STDOUT").splitlines(keepends=True)
                each = len(rows) // batches
                parts = [b"".join(rows[batch * each : (batch + 1) * each]) for batch in range(batches)]
                self.parts.append(parts)
                conn.execute(f"CREATE TEMPORARY TABLE part (LIKE {table})".encode())
                self.binary.append([self._as_binary(conn, part) for part in parts])
                conn.execute("DROP TABLE part")

    @staticmethod
    def _as_binary(conn: psycopg.Connection[tuple[object, ...]], part: bytes) -> bytes:
        conn.execute("TRUNCATE part")
        with conn.cursor().copy("COPY part FROM STDIN") as copy:
            copy.write(part)
        return _copied(conn, "COPY part TO STDOUT (FORMAT binary)")

    def measure(self, binary: bool = False, full: bool = False) -> float:
        """Return the contacts a second that are written, batch by batch, each in a transaction; as text or binary.

        With `full` no room is left in the pages, where our tables leave some.
        """
        how = " (FORMAT binary)" if binary else ""
        with psycopg.connect(self.url) as conn:
            for table in self.TABLES:
                options = "" if full else _options(conn, table)
                conn.execute(f"CREATE TABLE limit_{table} (LIKE {table} INCLUDING ALL){options}".encode())
            conn.commit()
            began = time.perf_counter()
            for batch in zip(*(self.binary if binary else self.parts), strict=True):
                for table, part in zip(self.TABLES, batch, strict=True):
                    with conn.cursor().copy(f"COPY limit_{table} FROM STDIN{how}".encode()) as copy:
                        copy.write(part)
                conn.commit()
            seconds = time.perf_counter() - began
            for table in self.TABLES:
                conn.execute(f"DROP TABLE limit_{table}".encode())
            conn.commit()
        return self.contacts / seconds


def _options(conn: psycopg.Connection[tuple[object, ...]], table: str) -> str:
    """Return what a table of the same shape must be told beside LIKE, which leaves out how full its pages are to be."""
    asked = conn.execute("SELECT array_to_string(reloptions, ', ') FROM pg_class WHERE oid = %s::regclass", (table,))
    ((options,),) = asked
    return f" WITH ({options})" if options else ""


def _copied(conn: psycopg.Connection[tuple[object, ...]], statement: str) -> bytes:
    with conn.cursor().copy(statement.encode()) as copy:
        return b"".join(copy)


def _loop(_: int) -> float:
    """Return the seconds that a loop takes that is always the same."""
    began = time.perf_counter()
    for number in range(2_000_000):
        number * number
    return time.perf_counter() - began


def crowding() -> float:
    """Return how many times as long the same loop takes in two processes at once as in one: 1 on two real cores."""
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.map(_loop, range(2))
        alone = min(pool.map(_loop, [0])[0] for _ in range(3))
        together = min(max(pool.map(_loop, [0, 1], chunksize=1)) for _ in range(3))
    return together / alone


KINDS: tuple[tuple[str, Callable[[int], str]], ...] = (
    ("all new", lambda number: "1"),
    ("same again", lambda number: "1"),
    ("all updated", lambda number: "2"),
    ("half and half", lambda number: "2" if number % 2 else "3"),
)
"""Each kind of batch, and the version of a contact's app in it."""


def shown(ratios: list[float]) -> str:
    """Return the median of ratios, and the least and the greatest."""
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"


def main() -> None:
    """Run the benchmark."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--batches", type=int, default=10, help="requests of 3,000 contacts of each kind in a round")
    arguments.add_argument("--rounds", type=int, default=5, help="how often all of it is measured")
    given = arguments.parse_args()
    found: dict[tuple[str, int], list[float]] = {(name, clients): [] for name, _ in KINDS for clients in (1, 4)}
    limits = []
    binary = []
    full = []
    crowded = []
    with (
        tempfile.TemporaryDirectory(prefix="tokenbase-bench-", dir="/tmp") as made,
        running(Path(made), os.environ) as bench,
    ):
        # Bodies are made before the clock runs, and the first requests find a server that has never worked.
        send(bench, bodies(900_000_000, given.batches, lambda number: "1"), 4)
        limit = Limit(bench.database_url, given.batches)
        first = 0
        for _ in range(given.rounds):
            for clients in (1, 4):
                for name, version in KINDS:
                    ready = bodies(first, given.batches, version)
                    rate = send(bench, ready, clients)
                    # The machine's speed changes from minute to minute: each rate has a limit of its own beside it.
                    limits.append(limit.measure())
                    found[name, clients].append(rate / limits[-1])
                first += given.batches * BATCH
                crowded.append(crowding())
                text = limit.measure()
                binary.append(limit.measure(binary=True) / text)
                full.append(limit.measure(full=True) / text)
    print(f"the limit: {statistics.median(limits):,.0f} contacts a second by COPY, as text, on this machine")
    print(f"binary COPY of the same rows, to that: {shown(binary)}")
    print(f"COPY as text into pages that are filled to the brim, to that: {shown(full)}")
    print(f"a loop in two processes at once, to the same in one: {shown(crowded)} times as long\n")
    print("| what | one client | four clients |\n| --- | --- | --- |")
    for name, _ in KINDS:
        print(f"| {name} | {shown(found[name, 1])} | {shown(found[name, 4])} |")
    charted = {name: {f"{n} client(s)": statistics.median(found[name, n]) for n in (1, 4)} for name, _ in KINDS}
    chart.write(Path("throughput.svg"), "contacts a second, to the limit of COPY", charted)


if __name__ == "__main__":
    main()

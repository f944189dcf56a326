"""Where the time of a batch goes: python benchmarks/stages.py

Runs the import in this process, without HTTP, on a PostgreSQL of its own, and prints for each kind of batch what every
statement took, what the decoding took, and this program's own processor time. Medians in milliseconds a batch of 3,000
contacts. Rows are made while others are stored, so the lines add up to more than the whole.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import datetime as dt
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from throughput import BATCH, bodies
from tokenbase.accounts import accounts
from tokenbase.contract.imports import ImportRequest
from tokenbase.imports import batch
from tokenbase.ops import interpreter
from tokenbase.store import cluster, copying, database, migrate, partitions, queries

ROOMS = ("contacts", "imports", "segments", "accounts", "store")
NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)


class Clocks:
    """The seconds that each statement has taken since the last batch began."""

    def __init__(self) -> None:
        """Name every statement by its text."""
        self.spent: dict[str, float] = collections.defaultdict(float)
        self._names = {}
        for room in ROOMS:
            found = queries.load(f"tokenbase.{room}")
            self._names.update({getattr(found, name): name for name in found.names})

    @contextlib.contextmanager
    def timing(self, statement: Any) -> Iterator[None]:
        """Count the time of what is done inside to a statement."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.spent[self._names.get(statement, "other statements")] += time.perf_counter() - began

    def watch(self) -> None:
        """Count every statement of this process from now on."""
        execute = psycopg.Connection.execute
        copy, following = copying.Writing._copy, copying.Writing._next
        # They are copied in the order in which they are given.
        statements: collections.deque[bytes] = collections.deque()

        def timed_execute(conn: Any, query: Any, *arguments: Any, **more: Any) -> Any:
            with self.timing(query):
                return execute(conn, query, *arguments, **more)

        def noted_next(writing: Any, statement: bytes, table: bytes) -> None:
            statements.append(statement)
            following(writing, statement, table)

        def timed_copy(writing: Any, message: bytes, table: bytes, after: Any) -> None:
            with self.timing(statements.popleft()):
                copy(writing, message, table, after)

        def timed_exit(transaction: Any, *arguments: Any) -> Any:
            with self.timing(b"commit"):
                return leave(transaction, *arguments)

        leave = psycopg.Transaction.__exit__
        self._names[b"commit"] = "commit"
        psycopg.Connection.execute = timed_execute  # type: ignore[method-assign, assignment]
        psycopg.Transaction.__exit__ = timed_exit  # type: ignore[method-assign, assignment]
        copying.Writing._copy = timed_copy  # type: ignore[method-assign]
        copying.Writing._next = noted_next  # type: ignore[method-assign]


def measure(base: database.Database, account_id: int, requests: list[bytes], clocks: Clocks) -> dict[str, float]:
    """Return the median milliseconds of each stage, and of the whole."""
    runs: list[dict[str, float]] = []
    for body in requests:
        clocks.spent.clear()
        began, worked = time.perf_counter(), time.process_time()
        request = msgspec.json.decode(body, type=ImportRequest)
        decoded = time.perf_counter() - began
        batch.accept(base, account_id, request, None, False, lambda: NOW)
        whole, own = time.perf_counter() - began, time.process_time() - worked
        runs.append({"in all": whole, "this program's processor time": own, "decoding": decoded, **clocks.spent})
    names = dict.fromkeys(name for run in runs for name in run)
    return {name: 1000 * statistics.median(run.get(name, 0.0) for run in runs) for name in names}


def main() -> None:
    """Run the benchmark."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--batches", type=int, default=20, help="batches of 3,000 contacts of each kind")
    count = arguments.parse_args().batches
    # As the processes are that import.
    interpreter.tune()
    with tempfile.TemporaryDirectory(prefix="tokenbase-bench-", dir="/tmp") as made:
        Path(made).chmod(0o755)
        embedded = cluster.Cluster(Path(made) / "data", os.environ)
        url = embedded.start()
        migrate.apply(url, NOW)
        base = database.connect(url)
        partitions.ensure(base, NOW)
        account_id = accounts.create(base, "Bench", "bench@example.com", NOW)
        clocks = Clocks()
        clocks.watch()
        found = {
            name: measure(base, account_id, bodies(0, count, version), clocks)
            for name, version in (
                ("all new", lambda number: "1"),
                ("same again", lambda number: "1"),
                ("all updated", lambda number: "2"),
                ("half and half", lambda number: "2" if number % 2 else "3"),
            )
        }
        base.close()
        embedded.stop()
    stages = sorted(
        {stage for times in found.values() for stage in times}, key=lambda stage: -found["all new"].get(stage, 0)
    )
    print(f"ms a batch of {BATCH:,} | {' | '.join(found)}\n| --- |{' ---: |' * len(found)}")
    for stage in stages:
        print(f"| {stage} | {' | '.join(f'{times.get(stage, 0):.1f}' for times in found.values())} |")


if __name__ == "__main__":
    main()

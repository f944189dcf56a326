"""How busy the uploader keeps a server: python benchmarks/uploading.py --rows 300000

As many contacts go to the same server twice: as ready-made requests from four threads, which is what the server alone
needs, and by `tokenbase upload` from a CSV. Prints the ratio of the times; also those of verifying and of checking it.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import csv
import datetime as dt
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2

from measured import TOKENBASE, Bench, running
from tokenbase.uploader import batches, source

COLUMNS = ("user_id", "token", "platform", "device_model", "app_version", "app_id", "first_name", "email", "last_seen")
APP = "83b77a49-fc28-409b-aeaa-68c9d544ab9d"
CLIENTS = 4


def write(path: Path, rows: int, name: str) -> None:
    """Write a base whose people and tokens are its own."""
    seen = dt.datetime(2026, 9, 30, 10, tzinfo=dt.UTC).isoformat()
    with path.open("w", newline="") as file:
        made = csv.writer(file)
        made.writerow(COLUMNS)
        for n in range(rows):
            token = f"{name}{n:020d}:APA91b{n:0134d}"
            made.writerow((f"{name}-{n}", token, "android", "Pixel 8", "4.1", APP, "Ann", f"{name}{n}@b.co", seen))


def ready(path: Path) -> list[bytes]:
    """Return the requests that the base makes."""
    opened = source.Source(str(path), None, None)
    with contextlib.closing(opened.feed):
        items: Iterator[batches.Item] = (one for one in opened.items(None) if isinstance(one, batches.Item))
        return [batch.body({}) for batch in batches.group(items, 3_000)]


def alone(bench: Bench, requests: list[bytes]) -> float:
    """Return the seconds that the server needs for ready-made requests."""
    with httpx2.Client(base_url=bench.url, auth=("", bench.key), timeout=300) as client:
        began = time.perf_counter()
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            answers = list(pool.map(lambda body: client.post("/api/v1/contacts", content=body), requests))
        for answer in answers:
            answer.raise_for_status()
        return time.perf_counter() - began


def verb(bench: Bench, path: Path, *arguments: str) -> float:
    """Return the seconds that a command takes."""
    to = [] if arguments[0] == "check" else ["--to", bench.url, "--key", bench.key, "--quiet"]
    began = time.perf_counter()
    command = [TOKENBASE, arguments[0], path.name, *arguments[1:], *to]
    subprocess.run(command, cwd=path.parent, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    """Run the benchmark."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=300_000)
    rows = arguments.parse_args().rows
    with (
        tempfile.TemporaryDirectory(prefix="tokenbase-bench-", dir="/tmp") as made,
        running(Path(made), os.environ) as bench,
    ):
        paths = {name: Path(made) / f"{name}.csv" for name in ("warm", "one", "two")}
        for name, path in paths.items():
            write(path, 9_000 if name == "warm" else rows, name)
        verb(bench, paths["warm"], "upload")
        lone = alone(bench, ready(paths["one"]))
        whole = verb(bench, paths["two"], "upload", "--parallel", str(CLIENTS))
        print("| what | times what the server alone needs |\n| --- | --- |")
        print("| ready-made requests | 1.00 |")
        print(f"| upload from a CSV | {whole / lone:.2f} |")
        print(f"| verify | {verb(bench, paths['two'], 'verify') / lone:.2f} |")
        print(f"| check | {verb(bench, paths['two'], 'check') / lone:.2f} |")
        print(f"\nthe server alone: {rows / lone:,.0f} rows a second on this machine, at this moment")


if __name__ == "__main__":
    main()

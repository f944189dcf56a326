"""How long one contact waits while an upload runs at full speed: python benchmarks/latency.py

Measures `POST /api/v1/contact` and the status of an import, first on an idle server, then while one client and four
send batches of 3,000 to the same account. Prints a table of ratios to the idle median.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx2

from measured import Bench, peak_megabytes, running
from throughput import bodies, person, send


def asked(seconds: float, ask: Callable[[], object]) -> list[float]:
    """Return the seconds of each request, one after the other with a little rest between, for so long."""
    took = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        began = time.perf_counter()
        ask()
        took.append(time.perf_counter() - began)
        time.sleep(0.01)
    return took


def measure(bench: Bench, seconds: float, clients: int) -> tuple[list[float], list[float]]:
    """Return the seconds of single contacts and of statuses while so many clients upload."""
    numbers = itertools.count(900_000_000 + clients * 10_000_000)
    stop = threading.Event()

    def upload() -> None:
        first = 100_000_000 * (clients + 1)
        while not stop.is_set():
            send(bench, bodies(first, 4, lambda number: "1"), clients)
            first += 12_000

    uploading = threading.Thread(target=upload)
    if clients:
        uploading.start()
        time.sleep(3)
    with httpx2.Client(base_url=bench.url, auth=("", bench.key), timeout=60) as client:

        def single() -> None:
            client.post("/api/v1/contact", json=person(next(numbers), "1")).raise_for_status()

        body = {"contacts": [person(1, "1")], "dedupeOn": "externalCustomerId"}
        session = client.post("/api/v1/contacts", json=body).json()["asyncSessionId"]

        def status() -> None:
            client.get(f"/api/v1/importstatus/{session}").raise_for_status()

        found = asked(seconds, single), asked(seconds, status)
    stop.set()
    if clients:
        uploading.join()
    return found


def main() -> None:
    """Run the benchmark."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=20, help="how long each kind of request is sent")
    seconds = arguments.parse_args().seconds
    with (
        tempfile.TemporaryDirectory(prefix="tokenbase-bench-", dir="/tmp") as made,
        running(Path(made), os.environ) as bench,
    ):
        found = {clients: measure(bench, seconds, clients) for clients in (0, 1, 4)}
        memory = peak_megabytes(bench.server)
    print("| request | while | requests | p50 to idle | p99 to idle p50 |\n| --- | --- | ---: | ---: | ---: |")
    for place, name in enumerate(("POST /contact", "GET /importstatus")):
        idle = statistics.median(found[0][place])
        for clients, times in found.items():
            p99 = statistics.quantiles(times[place], n=100)[98]
            doing = {0: "idle", 1: "one client uploads", 4: "four clients upload"}[clients]
            p50 = statistics.median(times[place])
            print(f"| {name} | {doing} | {len(times[place])} | {p50 / idle:.1f} | {p99 / idle:.1f} |")
    print(f"\nidle p50 of POST /contact: {statistics.median(found[0][0]) * 1000:.1f} ms; server's peak {memory:.0f} MB")


if __name__ == "__main__":
    main()

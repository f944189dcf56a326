"""How long one contact waits while an upload runs at full speed: python benchmarks/latency.py

Measures `POST /api/v1/contact` and the status of an import, first on an idle server, then while one client and four
send batches of 3,000 to the same account, of new contacts, of known ones that have changed and of unchanged ones, and
while the server imports a file by link. Prints a table of ratios to the idle median, and how many contacts were
imported meanwhile. Requests are slowest for some seconds after the database began a checkpoint, which an upload
brings about every minute or two: measure for so long.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import functools
import http.server
import itertools
import multiprocessing
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import psycopg

from measured import Bench, peak_megabytes, running
from throughput import bodies, person, send

DOING = {
    "idle": (0, ""),
    "one client uploads new ones": (1, "new"),
    "four clients upload new ones": (4, "new"),
    "one client uploads changed ones": (1, "changed"),
    "four clients upload the same again": (4, "same"),
    "new ones are imported by link": (1, "link"),
}
"""How many clients upload meanwhile, and what."""
ROWS_A_SECOND = 40_000
"""More rows than an import by link takes."""


class _Files(http.server.SimpleHTTPRequestHandler):
    """Files over HTTP, without a word of it."""

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@dataclasses.dataclass(frozen=True)
class Asked:
    """The seconds of each request, and how many contacts a second were imported meanwhile."""

    took: list[float]
    imported: float

    def percentile(self, percent: int) -> float:
        """Return the seconds within which so many in a hundred were answered."""
        return statistics.quantiles(self.took, n=100)[percent - 1]


def asked(bench: Bench, seconds: float, ask: Callable[[], object]) -> Asked:
    """Ask one after the other with a little rest between, for so long."""
    took = []
    before, beginning = imported(bench), time.perf_counter()
    while time.perf_counter() < beginning + seconds:
        began = time.perf_counter()
        ask()
        took.append(time.perf_counter() - began)
        time.sleep(0.01)
    return Asked(took, (imported(bench) - before) / (time.perf_counter() - beginning))


def imported(bench: Bench) -> int:
    """Return how many contacts have been imported."""
    with psycopg.connect(bench.database_url) as conn:
        ((total,),) = conn.execute("SELECT coalesce(sum(total), 0) FROM import_session")
    return int(total)


def upload(bench: Bench, clients: int, kind: str) -> None:
    """Send batches for as long as this process is left to live: all new, or the same contacts, changed or not."""
    # To make a body takes as long as to store it, so each is the first one with other numbers in it, or versions.
    (body,) = bodies(770_000_000_000, 1, lambda number: "#")
    versions = itertools.count()

    def next_body() -> bytes:
        turn = next(versions)
        place = clients * 10_000_000 + (turn if kind == "new" else turn % (2 * clients))
        version = 0 if kind == "same" else turn
        return body.replace(b"77000000", b"%08d" % place).replace(b'"#"', b'"%d"' % version)

    while True:
        send(bench, [next_body() for _ in range(4 * clients)], clients)


def import_by_link(bench: Bench, rows: int) -> None:
    """Have the server import a file of new contacts, and go on with it until it is ended."""
    with tempfile.TemporaryDirectory(prefix="tokenbase-bench-") as made:
        with (Path(made) / "contacts.csv").open("w") as file:
            file.write("user_id,email,token\n")
            file.writelines(f"link-{number},p{number}@link.example.com,link{number:032d}\n" for number in range(rows))
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Files, directory=made)) as host:
            threading.Thread(target=host.serve_forever, daemon=True).start()
            with httpx2.Client(base_url=bench.url, auth=("", bench.key), timeout=60) as client:
                link = f"http://127.0.0.1:{host.server_port}/contacts.csv"
                body = {"link": link, "dedupeOn": "externalCustomerId"}
                session = client.post("/api/v1/contacts/upload", json=body).raise_for_status().json()["asyncSessionId"]
                while not (told := client.get(f"/api/v1/importstatus/{session}").raise_for_status().json())["total"]:
                    if told["status"] == "ERROR":
                        raise SystemExit(told["error"])
                    time.sleep(0.1)
            host.shutdown()


@contextlib.contextmanager
def busy(bench: Bench, seconds: float, clients: int, kind: str) -> Iterator[None]:
    """Have the server do something meanwhile, from a little before."""
    if kind == "link":
        import_by_link(bench, round((2 * seconds + 10) * ROWS_A_SECOND))
        yield
        return
    # In a process of its own, so that nobody waits for the one who measures.
    uploading = multiprocessing.get_context("spawn").Process(target=upload, args=(bench, clients, kind))
    if clients:
        uploading.start()
        time.sleep(5)
    yield
    if clients:
        uploading.terminate()
        uploading.join()
        # What it has sent last is answered by then.
        time.sleep(2)


def measure(bench: Bench, seconds: float, clients: int, kind: str) -> tuple[Asked, Asked]:
    """Ask for single contacts, and for statuses, while so many clients upload."""
    numbers = itertools.count(900_000_000 + len(kind) * 100_000_000 + clients * 10_000_000)
    with (
        busy(bench, seconds, clients, kind),
        httpx2.Client(base_url=bench.url, auth=("", bench.key), timeout=60) as client,
    ):

        def single() -> None:
            client.post("/api/v1/contact", json=person(next(numbers), "1")).raise_for_status()

        body = {"contacts": [person(1, "1")], "dedupeOn": "externalCustomerId"}
        session = client.post("/api/v1/contacts", json=body).json()["asyncSessionId"]

        def status() -> None:
            client.get(f"/api/v1/importstatus/{session}").raise_for_status()

        found = asked(bench, seconds, single), asked(bench, seconds, status)
        if kind and not all(one.imported for one in found):
            raise SystemExit("the import has ended before the requests have")
        return found


def main() -> None:
    """Run the benchmark."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=60, help="how long each kind of request is sent")
    seconds = arguments.parse_args().seconds
    with (
        tempfile.TemporaryDirectory(prefix="tokenbase-bench-", dir="/tmp") as made,
        running(Path(made), {**os.environ, "TOKENBASE_PRIVATE_LINKS": "127.0.0.1"}) as bench,
    ):
        # The import by link goes on until the server is ended, so it comes last.
        found = {doing: measure(bench, seconds, clients, kind) for doing, (clients, kind) in DOING.items()}
        memory = peak_megabytes(bench.server)
    usual = found["one client uploads new ones"][1].imported
    print("| request | while | requests | p50 to idle | p99 to idle p50 | contacts imported meanwhile |")
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for place, name in enumerate(("POST /contact", "GET /importstatus")):
        idle = found["idle"][place].percentile(50)
        for doing, (clients, _) in DOING.items():
            one = found[doing][place]
            p50, p99 = one.percentile(50) / idle, one.percentile(99) / idle
            rate = f"{one.imported / usual:.2f}" if clients else ""
            print(f"| {name} | {doing} | {len(one.took)} | {p50:.1f} | {p99:.1f} | {rate} |")
    print("\nContacts imported are told as a ratio to one client's new ones while statuses are asked for.")
    rest = found["idle"][0].percentile(50) * 1000
    print(f"idle p50 of POST /contact: {rest:.1f} ms; peak of the server's processes {memory:.0f} MB")


if __name__ == "__main__":
    main()

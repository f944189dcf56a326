"""How fast contacts are found: python benchmarks/searching.py

Fills a base of its own with a million contacts, among whom names are as common and as rare as they are among people,
and asks it fifty questions a second for half a minute, whether earlier ones are answered or not: by e-mail address,
phone, external id and name, and whose a token is. Prints how long the answers took, by kind, and beside them a page of
a segment and of everybody.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx2

from measured import running
from throughput import APP, BATCH

SECONDS = 30
A_SECOND = 50
FIRST_NAMES, LAST_NAMES = 2_000, 50_000


def common(chance: random.Random, names: int) -> int:
    """Return the rank of a name: each is about as common as its rank is low, the first one has a few per cent."""
    return int((names + 1) ** chance.random()) - 1


def spelt(number: int) -> str:
    """Return a number in letters, since names have few digits."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(number)).title()


def token(number: int) -> str:
    """Return the token of a contact."""
    return f"{number:022d}:APA91b{number:0134d}"


def person(number: int) -> dict[str, object]:
    """Return a contact with a token, an address, a phone and a name."""
    chance = random.Random(number)
    channels: list[dict[str, object]] = [
        {"type": "mobilepush", "value": token(number), "device": {"appId": APP, "os": "iOS"}},
        {"type": "email", "value": f"user{number}@example.com"},
        {"type": "sms", "value": f"38067{number:07d}"},
    ]
    first, last = spelt(common(chance, FIRST_NAMES)), spelt(common(chance, LAST_NAMES))
    return {"externalCustomerId": f"u-{number}", "firstName": first, "lastName": last, "channels": channels}


def fill(client: httpx2.Client, rows: int) -> None:
    """Upload so many contacts, every hundredth into the segment Customers, with four clients."""

    def upload(first: int) -> None:
        contacts = [person(number) for number in range(first, min(first + BATCH, rows))]
        body = {"contacts": contacts, "dedupeOn": "externalCustomerId"}
        if first // BATCH % 100 == 0:
            body["groupNames"] = ["Customers"]
        client.post("/api/v1/contacts", content=json.dumps(body)).raise_for_status()

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(upload, range(0, rows, BATCH)))


def questions(rows: int, segment: int) -> dict[str, Callable[[], str]]:
    """Return what is asked, by its kind."""
    chance = random.Random(1)

    def number() -> int:
        return chance.randrange(rows)

    def first() -> str:
        return spelt(common(chance, FIRST_NAMES))

    def last() -> str:
        return spelt(common(chance, LAST_NAMES))

    return {
        "email": lambda: f"contacts?email=user{number()}@example.com",
        "sms": lambda: f"contacts?sms=38067{number():07d}",
        "externalCustomerId": lambda: f"contacts?externalCustomerId=u-{number()}",
        "nobody's email": lambda: f"contacts?email=none{number()}@example.com",
        "firstname and lastname": lambda: f"contacts?firstname={first()}&lastname={last()}",
        "lastname": lambda: f"contacts?lastname={last()}&maxrows=50",
        "token": lambda: f"contact/token/{APP}/{token(number())}/contactId",
        "firstname": lambda: f"contacts?firstname={first()}&maxrows=50",
        "segment": lambda: f"group/{segment}/contacts?maxrows=50",
        "everybody": lambda: f"contacts?maxrows=50&startindex={number() + 1}",
    }


SEARCHES = 7
"""How many of the questions are the search that is measured together; the rest are told beside it."""


def asked(client: httpx2.Client, paths: list[str]) -> list[float]:
    """Return the milliseconds of each question, fifty a second, from when it was due to when its answer was there."""
    took = [0.0] * len(paths)
    began = time.perf_counter() + 0.5

    def ask(place: int) -> None:
        due = began + place / A_SECOND
        time.sleep(max(0.0, due - time.perf_counter()))
        answer = client.get(f"/api/v1/{paths[place]}")
        answer.raise_for_status()
        took[place] = 1000 * (time.perf_counter() - due)

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(len(paths))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took


def told(name: str, took: list[float]) -> str:
    """Return a row of the table."""
    cuts = statistics.quantiles(took, n=100)
    return f"| {name} | {cuts[49]:.1f} | {cuts[94]:.1f} | {cuts[98]:.1f} |"


def main() -> None:
    """Run the benchmark."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000, help="how many contacts the base has")
    rows = arguments.parse_args().rows
    limits = httpx2.Limits(max_connections=200, max_keepalive_connections=200)
    environ = {**os.environ, "TOKENBASE_RATE_LIMITS": "off"}
    with (
        tempfile.TemporaryDirectory(prefix="tokenbase-bench-", dir="/tmp") as made,
        running(Path(made), environ) as bench,
        httpx2.Client(base_url=bench.url, auth=("", bench.key), timeout=300, limits=limits) as client,
    ):
        fill(client, rows)
        segment = client.get("/api/v1/groups").json()[0]["id"]
        kinds = questions(rows, segment)
        searches = list(kinds)[:SEARCHES]
        mixed = [searches[place % SEARCHES] for place in range(SECONDS * A_SECOND)]
        took = asked(client, [kinds[name]() for name in mixed])
        print(f"{A_SECOND} a second, {rows:,} contacts; milliseconds")
        print("\n| search | p50 | p95 | p99 |\n| --- | ---: | ---: | ---: |")
        print(told("all", took))
        for name in searches:
            print(told(name, [one for one, kind in zip(took, mixed, strict=True) if kind == name]))
        for name in list(kinds)[SEARCHES:]:
            alone = []
            for _ in range(30):
                began = time.perf_counter()
                client.get(f"/api/v1/{kinds[name]()}").raise_for_status()
                alone.append(1000 * (time.perf_counter() - began))
            print(told(f"{name}, one at a time", alone))


if __name__ == "__main__":
    main()

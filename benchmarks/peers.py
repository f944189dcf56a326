"""The same contacts into what one would otherwise take, on the same PostgreSQL: python benchmarks/peers.py

Parse Server (npm) through its batch end point, as installations; an ordinary Django REST site with
django-push-notifications through a bulk end point (benchmarks/peers/); and Tokenbase. Each into a database of its own
of one server, batches of 3,000 one after the other, all new and then the same again. Installs the peers into a
temporary directory from npm and PyPI; needs node, npm, and port 5432 of loopback free. Prints how many times as many
contacts a second Tokenbase takes.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import psycopg

from measured import running
from throughput import BATCH, bodies, person, send
from tokenbase.store import cluster

PEERS = Path(__file__).with_name("peers")


def token(number: int) -> str:
    """Return the token of a contact."""
    channels = person(number, "1")["channels"]
    assert isinstance(channels, list)
    return str(channels[0]["value"])


def installation(number: int) -> dict[str, object]:
    """Return a request of Parse's batch for a contact."""
    body = {
        "deviceType": "ios",
        "deviceToken": token(number),
        "appVersion": "1",
        "localeIdentifier": "uk-UA",
        "externalCustomerId": f"u-{number}",
        "firstName": "Ann",
        "lastName": "Smith",
        "email": f"user{number}@example.com",
    }
    return {"method": "POST", "path": "/parse/classes/_Installation", "body": body}


def device(number: int) -> dict[str, object]:
    """Return an item of the Django site's bulk request for a contact."""
    return {
        "username": f"u-{number}",
        "first_name": "Ann",
        "last_name": "Smith",
        "email": f"user{number}@example.com",
        "registration_id": token(number),
        "name": "iPhone 13",
    }


def rate(url: str, headers: dict[str, str], requests: list[object]) -> float:
    """Return the contacts a second of requests, one after the other."""
    ready = [json.dumps(request).encode() for request in requests]
    with httpx2.Client(timeout=600, headers={"Content-Type": "application/json", **headers}) as client:
        began = time.perf_counter()
        for body in ready:
            client.post(url, content=body).raise_for_status()
        return len(ready) * BATCH / (time.perf_counter() - began)


@contextlib.contextmanager
def process(command: list[str], port: int, directory: Path, environ: dict[str, str]) -> Iterator[None]:
    """Run a peer until its port answers, and end it afterwards."""
    with (directory / "peer.log").open("wb") as log:
        peer = subprocess.Popen(command, cwd=directory, env={**os.environ, **environ}, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            if peer.poll() is not None or time.monotonic() > deadline:
                raise SystemExit((directory / "peer.log").read_text())
            time.sleep(0.1)
        yield
    finally:
        peer.terminate()
        peer.wait()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def parse(directory: Path, password: str, batches: int) -> list[float]:
    """Return Parse Server's rates: new, same again."""
    shutil.copytree(PEERS, directory)
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=directory, check=True)
    port = free_port()
    url = f"postgres://tokenbase:{password}@127.0.0.1:5432/parse"
    headers = {"X-Parse-Application-Id": "bench", "X-Parse-Master-Key": "bench"}
    requests: list[object] = [
        {"requests": [installation(number) for number in range(first, first + BATCH)]}
        for first in range(0, batches * BATCH, BATCH)
    ]
    with process(["node", "parse.mjs", url, str(port)], port, directory, {}):
        address = f"http://127.0.0.1:{port}/parse/batch"
        # Its tables are made by the first object of their class.
        rate(address, headers, [{"requests": [installation(10**9)]}])
        return [rate(address, headers, requests), rate(address, headers, requests)]


def django(directory: Path, sockets: str, password: str, batches: int) -> list[float]:
    """Return the Django site's rates: new, same again."""
    shutil.copytree(PEERS, directory)
    subprocess.run([sys.executable, "-m", "venv", "venv"], cwd=directory, check=True)
    subprocess.run(["venv/bin/pip", "install", "--quiet", "-r", "requirements.txt"], cwd=directory, check=True)
    environ = {"PGDATABASE": "django", "PGHOST": sockets, "PGUSER": "tokenbase", "PGPASSWORD": password}
    migrate = (
        "import django_site; from django.core.management import call_command; call_command('migrate', verbosity=0)"
    )
    subprocess.run(["venv/bin/python", "-c", migrate], cwd=directory, env={**os.environ, **environ}, check=True)
    port = free_port()
    command = ["venv/bin/gunicorn", "--workers", "2", "--timeout", "600", "--bind", f"127.0.0.1:{port}"]
    requests: list[object] = [
        [device(number) for number in range(first, first + BATCH)] for first in range(0, batches * BATCH, BATCH)
    ]
    with process([*command, "django_site:application"], port, directory, environ):
        address = f"http://127.0.0.1:{port}/bulk"
        return [rate(address, {}, requests), rate(address, {}, requests)]


def tokenbase(directory: Path, url: str, batches: int) -> list[float]:
    """Return Tokenbase's rates: new, same again."""
    directory.mkdir()
    with running(directory, os.environ, url) as bench:
        requests = bodies(0, batches, lambda number: "1")
        return [send(bench, requests, 1), send(bench, requests, 1)]


def main() -> None:
    """Run the benchmark."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--batches", type=int, default=20, help="batches of 3,000 contacts")
    batches = arguments.parse_args().batches
    clean = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    with tempfile.TemporaryDirectory(prefix="tokenbase-bench-", dir="/tmp") as made:
        directory = Path(made)
        directory.chmod(0o755)
        embedded = cluster.Cluster(directory / "data", clean)
        with psycopg.connect(embedded.start(), autocommit=True) as conn:
            conn.execute("ALTER SYSTEM SET listen_addresses = '127.0.0.1'")
            for name in ("parse", "django", "tokenbase"):
                conn.execute(f"CREATE DATABASE {name}".encode())
        embedded.stop()
        embedded = cluster.Cluster(directory / "data", clean)
        url = embedded.start()
        password = urlsplit(url).password or ""
        sockets = url.partition("host=")[2].replace("%2F", "/")

        found = {
            "Parse Server": parse(directory / "parse", password, batches),
            "Django REST": django(directory / "django", sockets, password, batches),
        }
        ours = tokenbase(directory / "tokenbase", url.replace("/postgres?", "/tokenbase?"), batches)
        embedded.stop()
    print("| beside | all new | same again |\n| --- | ---: | ---: |")
    for name, (new, again) in found.items():
        print(f"| {name} | {ours[0] / new:.0f} times | {ours[1] / again:.0f} times |")
    print(f"\nTokenbase: {ours[0]:,.0f} and {ours[1]:,.0f} contacts a second here")


if __name__ == "__main__":
    main()

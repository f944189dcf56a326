"""A disk that fills up under the embedded PostgreSQL: told as such, nothing answered is lost, and it comes back."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from server import Server


@pytest.fixture
def small_disk(directory: Path) -> Iterator[Path]:
    """A disk of 260 MB."""
    if "DATABASE_URL" in os.environ:
        pytest.skip("an own server's disk cannot be filled here")
    place = directory / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=260m,mode=755", "tokenbase-test", str(place)]
    try:
        mounted = subprocess.run(mount, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if mounted.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_disk_is_told_and_nothing_that_was_answered_is_lost(small_disk: Path, directory: Path) -> None:
    server = Server(directory / "log", data_dir=small_disk / "data")
    try:
        account = server.run("account", "create", "--name", "N", "--email", "a@b.co")
        key = server.run("key", "create", "--account", account)
        (small_disk / "ballast").write_bytes(bytes(60 * 1024 * 1024))
        with httpx2.Client(base_url=server.url, auth=("", key), timeout=120) as client:
            stored = fill(client)
            assert stored
            refused = send(client, "after")
            assert refused.status_code == 503
            assert refused.headers["retry-after"]
            (small_disk / "ballast").unlink()

            deadline = time.monotonic() + 90
            while (again := send(client, "after")).status_code != 200:
                assert again.status_code == 503
                assert time.monotonic() < deadline, "it did not come back"
                time.sleep(0.5)
            for name in stored:
                found = client.get("/api/v1/contact", params={"externalCustomerId": f"{name}-999"})
                assert found.status_code == 200, name
        assert server.process.poll() is None
    finally:
        server.stop()


def fill(client: httpx2.Client) -> list[str]:
    """Upload until the disk is full; return the batches that were answered with 200."""
    stored = []
    for number in range(400):
        if send(client, f"b{number}").status_code != 200:
            return stored
        stored.append(f"b{number}")
    raise AssertionError("the disk did not fill up")


def send(client: httpx2.Client, name: str) -> httpx2.Response:
    people: list[dict[str, Any]] = [
        {"externalCustomerId": f"{name}-{n}", "channels": [{"type": "mobilepush", "value": f"{name}-{n}" * 20}]}
        for n in range(1_000)
    ]
    return client.post("/api/v1/contacts", json={"contacts": people, "dedupeOn": "externalCustomerId"})

"""`tokenbase demo --exit`: what `make run` shows, and shows again."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from server import TOKENBASE


def demo(directory: Path) -> str:
    environ = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    command = [TOKENBASE, "demo", "--exit", "--contacts", "3000", "--listen", "127.0.0.1:0"]
    done = subprocess.run(command, cwd=directory, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def number(name: str, shown: str) -> int:
    found = re.search(rf"^{name} +([\d,]+)", shown, re.M)
    assert found is not None, shown
    return int(found[1].replace(",", ""))


def test_the_demo_uploads_a_base_shows_a_contact_and_ends(directory: Path) -> None:
    first = demo(directory)
    assert number("read", first) > number("created", first) > 2_900
    assert '"externalCustomerId": "u-000000001"' in first
    assert re.search(r"curl -u :tb_\S+ 'http://127", first)
    again = demo(directory)
    assert number("created", again) == 0
    assert number("unchanged", again) > 0.99 * number("read", again)
    assert not list((directory / ".tokenbase-demo").glob("postgres/postmaster.pid"))

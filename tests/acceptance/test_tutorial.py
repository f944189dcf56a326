"""The tutorial does what it says: its commands are run as they stand, in their order."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from server import Server

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial" / "first-upload.md"


def commands() -> list[str]:
    """Every line of the tutorial's blocks, but those that install and start the server."""
    blocks = re.findall(r"^```\n(.*?)^```", TUTORIAL.read_text(), re.S | re.M)
    lines = [line for block in blocks for line in block.splitlines()]
    assert lines[:2] == ["make install", ".venv/bin/tokenbase serve"]
    return lines[2:]


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """What a clone has where the commands are typed."""
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    return tmp_path


def test_the_commands_of_the_tutorial_give_what_it_says(database_url: str, workplace: Path) -> None:
    server = Server(workplace / "log", database_url=database_url)
    environ = dict(server.environ)
    shown: dict[str, subprocess.CompletedProcess[str]] = {}
    for line in commands():
        # The server has any free port here, and the key is the one that was printed.
        if line == "export TOKENBASE_URL=http://127.0.0.1:8080":
            environ["TOKENBASE_URL"] = server.url
            continue
        if line == "export TOKENBASE_KEY=tb_…":
            environ["TOKENBASE_KEY"] = next(d.stdout.strip() for made, d in shown.items() if " key create " in made)
            continue
        done = subprocess.run(["bash", "-c", line], cwd=workplace, env=environ, capture_output=True, text=True)
        assert "Traceback" not in done.stderr, line
        shown[line] = done
    assert server.stop() == 0

    account, *_ = shown.values()
    assert account.stdout == "1\n"
    assert environ["TOKENBASE_KEY"].startswith("tb_")
    upload = shown[".venv/bin/tokenbase upload tokens.csv"]
    counts = {
        name: int(count.replace(",", "")) for name, count in re.findall(r"^(\w+) +([\d,]+)$", upload.stdout, re.M)
    }
    assert counts.pop("read") == sum(counts.values()) > 1_000
    assert upload.returncode == (3 if counts["failed"] else 0)
    assert (workplace / "tokens.report.jsonl").exists()
    assert (workplace / "tokens.rejects.csv").exists() == (counts["failed"] > 0)
    assert (workplace / "mapping.toml").exists()
    asked = [done.stdout for line, done in shown.items() if shlex.split(line)[0] == "curl"]
    assert len(asked) == 2
    assert all('"externalCustomerId":"u-000000001"' in answer for answer in asked)

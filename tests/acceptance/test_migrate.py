"""The pages of docs/migrate, followed as a new user would: every command of theirs, on the sample that it names."""

from __future__ import annotations

import os
import re
import shlex
import sqlite3
import subprocess
from pathlib import Path

import pytest

from server import TOKENBASE, Account

ROOT = Path(__file__).parents[2]
PAGES = sorted(path for path in (ROOT / "docs" / "migrate").glob("*.md") if path.name != "README.md")


def commands(page: Path) -> list[list[str]]:
    blocks = re.findall(r"^```sh\n(.*?)^```", page.read_text(), re.M | re.S)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("tokenbase ")]
    return [shlex.split(line)[1:] for line in lines]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_the_commands_of_a_page_work(page: Path, account: Account, tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for script, name in re.findall(
        r"`(?:sqlite3 \S+ < examples/)?(\S+\.sql)` makes\s(?:the database|`(\S+)`)", page.read_text()
    ):
        with sqlite3.connect(tmp_path / (name or "base.db")) as conn:
            conn.executescript((ROOT / "examples" / script).read_text())
        conn.close()
    environ = {**os.environ, "TOKENBASE_URL": account.server.url, "TOKENBASE_KEY": account.secret}
    assert commands(page)
    for command in commands(page):
        done = subprocess.run([TOKENBASE, *command], cwd=tmp_path, env=environ, capture_output=True, text=True)
        assert done.returncode == 0, (command, done.stderr, done.stdout)
        assert "warning" not in done.stderr, (command, done.stderr)
    ((people,),) = account.rows("SELECT count(*) FROM token WHERE account_id = %s")
    assert people > 0

"""Memory while a large file goes in: bounded by what is under way, whatever the file's size.

`benchmarks/memory.py` measures the same with a million rows.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from server import TOKENBASE, Account
from tokenbase.uploader import sample

PEOPLE = 166_000
MOST_MEGABYTES = 300

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")


def peak_megabytes(pid: int) -> float:
    """The most resident memory that a process has had, 0 once it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) / 1024


def test_200000_rows_need_less_than_300_megabytes_in_the_uploader_and_in_the_server(
    tmp_path: Path, account: Account
) -> None:
    made = sample.Sample(PEOPLE)
    with (tmp_path / "base.csv").open("w", encoding="utf-8") as file:
        file.writelines(sample.csv_lines(made))
    assert made.rows > 200_000
    command = [TOKENBASE, "upload", "base.csv", "--to", account.server.url, "--key", account.secret]
    uploader = subprocess.Popen(
        [*command, "--output", "json", "--quiet"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    peak = 0.0
    while uploader.poll() is None:
        peak = max(peak, peak_megabytes(uploader.pid))
        time.sleep(0.05)
    told = json.loads(uploader.communicate()[0])

    assert told["read"] == made.rows
    assert told["unsent"] == 0
    assert 0 < peak < MOST_MEGABYTES
    assert 0 < peak_megabytes(account.server.process.pid) < MOST_MEGABYTES

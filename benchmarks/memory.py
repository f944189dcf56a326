"""Peak memory of the uploader and of the server while a large CSV goes in: python benchmarks/memory.py

Makes its own base, database and server, prints a table, and removes everything again. PostgreSQL is told apart.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

from measured import TOKENBASE, peak_megabytes, running
from tokenbase.uploader import sample


def main() -> None:
    """Run the benchmark."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000, help="rows of the CSV")
    rows = arguments.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="tokenbase-bench-", dir="/tmp") as made:
        directory = Path(made)
        base = directory / "base.csv"
        count = write(base, rows)
        with running(directory, os.environ) as bench:
            command = [
                TOKENBASE,
                "upload",
                str(base),
                "--to",
                bench.url,
                "--key",
                bench.key,
                "--output",
                "json",
                "--quiet",
            ]
            began = time.monotonic()
            uploader = subprocess.Popen(command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            peak = 0.0
            while uploader.poll() is None:
                peak = max(peak, peak_megabytes(uploader.pid))
                time.sleep(0.05)
            seconds = time.monotonic() - began
            told = json.loads(uploader.communicate()[0])
            print(f"{count:,} rows in {seconds:.0f} s; {told}")
            print("| process  | peak MB |\n| -------- | ------- |")
            print(f"| uploader | {peak:7.0f} |\n| server   | {peak_megabytes(bench.server):7.0f} |")


def write(path: Path, rows: int) -> int:
    """Write a sample base of about so many rows and return how many there are."""
    made = sample.Sample(round(rows / 1.21))
    with path.open("w", encoding="utf-8") as file:
        file.writelines(sample.csv_lines(made))
    return made.rows


if __name__ == "__main__":
    main()

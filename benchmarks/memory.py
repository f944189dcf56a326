"""Peak memory of the uploader and of the server while a large CSV goes in: python benchmarks/memory.py

Makes its own base, database and server, prints a table, and removes everything again. PostgreSQL is told apart.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tokenbase.uploader import sample

TOKENBASE = str(Path(sys.executable).with_name("tokenbase"))


def main() -> None:
    """Run the benchmark."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=1_000_000, help="rows of the CSV")
    rows = arguments.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="tokenbase-bench-", dir="/tmp") as made:
        directory = Path(made)
        directory.chmod(0o755)
        base = directory / "base.csv"
        count = write(base, rows)
        environ = {**os.environ, "TOKENBASE_DATA_DIR": str(directory / "data")}
        environ.pop("DATABASE_URL", None)
        with (directory / "log").open("wb") as log:
            command = [TOKENBASE, "serve", "--listen", "127.0.0.1:0"]
            server = subprocess.Popen(command, env=environ, stderr=log)
        try:
            url = listening(directory / "log")
            account = verb(environ, "account", "create", "--name", "Bench", "--email", "bench@example.com")
            key = verb(environ, "key", "create", "--account", account)
            command = [TOKENBASE, "upload", str(base), "--to", url, "--key", key, "--output", "json", "--quiet"]
            began = time.monotonic()
            uploader = subprocess.Popen(command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            peak = 0.0
            while uploader.poll() is None:
                peak = max(peak, megabytes(uploader.pid))
                time.sleep(0.05)
            seconds = time.monotonic() - began
            assert uploader.stdout is not None
            told = json.loads(uploader.stdout.read())
            print(f"{count:,} rows in {seconds:.0f} s; {told}")
            print("| process  | peak MB |\n| -------- | ------- |")
            print(f"| uploader | {peak:7.0f} |\n| server   | {megabytes(server.pid):7.0f} |")
        finally:
            server.terminate()
            server.wait()


def write(path: Path, rows: int) -> int:
    """Write a sample base of about so many rows and return how many there are."""
    made = sample.Sample(round(rows / 1.21))
    with path.open("w", encoding="utf-8") as file:
        file.writelines(sample.csv_lines(made))
    return made.rows


def listening(log: Path) -> str:
    """Return the server's address once it listens."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for line in log.read_bytes().splitlines():
            if b'"listening"' in line:
                return str(json.loads(line)["url"])
        time.sleep(0.05)
    raise SystemExit(log.read_text())


def verb(environ: dict[str, str], *arguments: str) -> str:
    """Return what a verb prints."""
    done = subprocess.run([TOKENBASE, *arguments], env=environ, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def megabytes(pid: int) -> float:
    """Return the peak resident memory of a process."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


if __name__ == "__main__":
    main()

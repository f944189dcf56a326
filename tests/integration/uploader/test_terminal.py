"""`tokenbase upload` on a terminal, at the end of people's patience, and with files larger than memory should be."""

from __future__ import annotations

import json
import os
import pty
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from server import TOKENBASE, Account


def on_a_terminal(directory: Path, *arguments: str, **environ: str) -> tuple[int, str, str]:
    """Run with standard error on a terminal; return the code, standard output and what the terminal got."""
    ours, theirs = pty.openpty()
    shown: list[bytes] = []

    def look() -> None:
        while True:
            try:
                shown.append(os.read(ours, 65_536))
            except OSError:
                return

    thread = threading.Thread(target=look)
    thread.start()
    # Without what tells a terminal's kind to programs that ask their surroundings instead of the terminal.
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TOKENBASE_") and name not in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "CI")
    }
    command = [TOKENBASE, "upload", *arguments]
    done = subprocess.run(
        command, cwd=directory, env={**kept, "TERM": "xterm-256color", **environ}, stdout=subprocess.PIPE, stderr=theirs
    )
    os.close(theirs)
    thread.join(10)
    os.close(ours)
    return done.returncode, done.stdout.decode(), b"".join(shown).decode()


def write(path: Path, rows: int) -> None:
    path.write_text("user_id,token\n" + "".join(f"u{n},t{n}\n" for n in range(rows)))


def test_a_terminal_gets_a_bar_and_standard_output_only_the_summary(tmp_path: Path, account: Account) -> None:
    write(tmp_path / "base.csv", 2_000)
    to = ["--to", account.server.url, "--key", account.secret, "--output", "json", "--batch", "200"]
    code, out, shown = on_a_terminal(tmp_path, "base.csv", *to)
    assert (code, json.loads(out)["created"]) == (0, 2_000)
    assert "2,000 rows" in shown
    assert "100%" in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l"), "the cursor is hidden for good"
    assert account.secret not in shown


def test_a_terminal_that_wants_no_colour_gets_none(tmp_path: Path, account: Account) -> None:
    write(tmp_path / "base.csv", 100)
    code, _, shown = on_a_terminal(
        tmp_path, "base.csv", "--to", account.server.url, "--key", account.secret, NO_COLOR="1"
    )
    assert code == 0
    assert "100 rows" in shown
    assert re.search("\x1b\\[[0-9;]*[39][0-7]m", shown) is None


def test_quiet_shows_no_bar(tmp_path: Path, account: Account) -> None:
    write(tmp_path / "base.csv", 100)
    code, _, shown = on_a_terminal(tmp_path, "base.csv", "--to", account.server.url, "--key", account.secret, "--quiet")
    assert (code, "rows" in shown, "\x1b" in shown) == (0, False, False)


def test_the_second_ctrl_c_ends_at_once_whatever_the_server_does(tmp_path: Path) -> None:
    write(tmp_path / "base.csv", 100)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        command = [TOKENBASE, "upload", "base.csv", "--to", f"http://127.0.0.1:{silent.getsockname()[1]}", "--key", "k"]
        with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            connection, _ = silent.accept()
            with connection:
                connection.recv(1)
                process.send_signal(signal.SIGINT)
                time.sleep(0.5)
                assert process.poll() is None
                process.send_signal(signal.SIGINT)
                _, err = process.communicate(timeout=5)
    assert process.returncode == 130
    assert b"Ctrl-C again ends at once" in err
    assert b"Traceback" not in err


def test_an_error_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    code, _, shown = on_a_terminal(tmp_path, "missing.csv", "--to", "http://127.0.0.1:9", "--key", "k")
    assert code == 1
    assert shown.replace("\r", "") == "tokenbase: missing.csv cannot be read: No such file or directory\n"


def test_what_comes_from_standard_input_is_called_so(tmp_path: Path, account: Account) -> None:
    body = b'{"contacts":[{"user_id":"u1","email":"joe@"}],"dedupeOn":"externalCustomerId"}'
    command = [TOKENBASE, "upload", "-", "--to", account.server.url, "--key", account.secret]
    assert subprocess.run(command, cwd=tmp_path, input=body, capture_output=True).returncode == 3
    assert {path.name for path in tmp_path.iterdir()} == {"stdin.report.jsonl", "stdin.rejects.jsonl"}


PEAK = """
import contextlib, resource, sys
from tokenbase.uploader import batches, source
opened = source.Source(sys.argv[1], None, None)
items = (found for found in opened.items(None) if isinstance(found, batches.Item))
sizes = [len(batch.body({})) for batch in batches.group(items, 3_000)]
opened.feed.close()
# The peak that Linux keeps; the one of getrusage begins with that of the process this one was made by.
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(int(status["VmHWM"].split()[0]) // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="tells the peak of memory by Linux' /proc")
@pytest.mark.parametrize("name", ["base.csv", "base.jsonl", "base.json"])
def test_memory_stays_flat_however_large_the_source_is(tmp_path: Path, name: str) -> None:
    peaks = []
    for rows in (10_000, 120_000):
        people = [(f"u{n}", random.Random(n).randbytes(32).hex()) for n in range(rows)]
        objects = [f'{{"user_id":"{person}","token":"{token}"}}' for person, token in people]
        text = {
            "base.csv": "user_id,token\n" + "".join(f"{person},{token}\n" for person, token in people),
            "base.jsonl": "\n".join(objects),
            "base.json": f"[{','.join(objects)}]",
        }[name]
        (tmp_path / name).write_text(text)
        done = subprocess.run(
            [sys.executable, "-c", PEAK, name], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        peaks.append(int(done.stdout))
    assert peaks[1] - peaks[0] < 8
    assert peaks[1] < 120

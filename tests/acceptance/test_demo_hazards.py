"""`tokenbase demo` where things are in its way, and when it is told to end."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from server import TOKENBASE


def _attentive() -> None:
    """Listen to what the tests send: in the background a shell has Ctrl-C ignored, nohup the end of the terminal."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


class Demo:
    """`tokenbase demo`, running; what it prints goes to a file."""

    def __init__(self, directory: Path, *arguments: str, **environ: str) -> None:
        clean = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        self.directory = directory
        self.output = directory / "output"
        with self.output.open("wb") as sink:
            self.process = subprocess.Popen(
                [TOKENBASE, "demo", *arguments],
                cwd=directory,
                env={**clean, **environ},
                stdout=sink,
                stderr=sink,
                start_new_session=True,
                preexec_fn=_attentive,
            )

    def wait_for(self, text: str) -> str:
        deadline = time.monotonic() + 90
        while text not in (shown := self.output.read_text()):
            assert self.process.poll() is None, shown
            assert time.monotonic() < deadline, shown
            time.sleep(0.02)
        return shown

    def leaves_nothing_running(self) -> bool:
        """Whether another server can have the directory at once: nobody holds the lock of the one that served."""
        again = Demo(self.directory, "--exit", "--contacts", "100", "--listen", "127.0.0.1:0")
        return again.process.wait(90) == 0


@pytest.fixture
def started(directory: Path) -> Iterator[Demo]:
    """A demo that has shown everything and stays up."""
    demo = Demo(directory, "--contacts", "300", "--listen", "127.0.0.1:0")
    demo.wait_for("until Ctrl-C")
    yield demo
    if demo.process.poll() is None:
        demo.process.terminate()
        demo.process.wait(90)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stays_up_until_it_is_told_to_end_and_leaves_nothing_running(started: Demo, number: signal.Signals) -> None:
    shown = started.output.read_text()
    asked = re.search(r"curl -u (:tb_\S+) '([^']+)'", shown)
    assert asked is not None
    answer = httpx2.get(asked[2], auth=("", asked[1].removeprefix(":")))
    assert (answer.status_code, answer.json()["externalCustomerId"]) == (200, "u-000000002")

    started.process.send_signal(number)

    assert started.process.wait(90) == 0
    assert not (started.directory / ".tokenbase-demo" / "postgres" / "postmaster.pid").exists()
    assert started.leaves_nothing_running()


def test_ctrl_c_in_the_middle_of_the_upload_ends_the_server_too(directory: Path) -> None:
    demo = Demo(directory, "--contacts", "60000", "--listen", "127.0.0.1:0")
    deadline = time.monotonic() + 90
    while not (directory / ".tokenbase-demo" / "sample.csv").exists():
        assert time.monotonic() < deadline, demo.output.read_text()
        time.sleep(0.02)
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(90) == 130
    assert "Traceback" not in demo.output.read_text()
    assert demo.leaves_nothing_running()


def test_where_its_port_is_taken_it_takes_another(directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        demo = Demo(directory, "--exit", "--contacts", "100", "--listen", taken)
        assert demo.process.wait(90) == 0, demo.output.read_text()
    address = re.search(r"The server runs on http://(\S+);", demo.output.read_text())
    assert address is not None
    assert address[1] != taken


def test_a_database_of_the_environment_is_left_alone(directory: Path) -> None:
    demo = Demo(
        directory,
        *("--exit", "--contacts", "100", "--listen", "127.0.0.1:0"),
        DATABASE_URL="postgresql://nobody@127.0.0.1:1/none",
        TOKENBASE_DATA_DIR=str(directory / "other"),
    )
    assert demo.process.wait(90) == 0, demo.output.read_text()
    assert not (directory / "other").exists()


def test_a_second_demo_in_the_same_place_is_refused_with_the_reason(started: Demo) -> None:
    shown = started.output.read_text()
    second = Demo(started.directory, "--exit", "--contacts", "100", "--listen", "127.0.0.1:0")
    assert second.process.wait(90) == 1
    assert "another Tokenbase server runs on" in second.output.read_text()
    assert started.process.poll() is None
    assert "Traceback" not in shown + second.output.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_told_to_end_in_the_middle_of_the_upload_it_ends_its_server_too(directory: Path, number: int) -> None:
    demo = Demo(directory, "--contacts", "60000", "--listen", "127.0.0.1:0")
    while not (directory / ".tokenbase-demo" / "sample.csv").exists():
        assert demo.process.poll() is None
    demo.process.send_signal(number)
    assert demo.process.wait(90) in (0, 130)
    assert demo.leaves_nothing_running()


def test_a_closed_terminal_ends_the_server_too(directory: Path) -> None:
    demo = Demo(directory, "--contacts", "300", "--listen", "127.0.0.1:0")
    demo.wait_for("until Ctrl-C")
    demo.process.send_signal(signal.SIGHUP)
    assert demo.process.wait(90) in (0, 130)
    assert demo.leaves_nothing_running()


@pytest.mark.parametrize("variable", ["DATABASE_URL_FILE", "TOKENBASE_SECRET_KEY_FILE"])
def test_a_database_named_in_a_file_is_left_alone(directory: Path, variable: str) -> None:
    demo = Demo(directory, "--exit", "--contacts", "100", "--listen", "127.0.0.1:0", **{variable: "/nowhere"})
    assert demo.process.wait(90) == 0, demo.output.read_text()


def test_a_taken_port_is_said(directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        demo = Demo(directory, "--exit", "--contacts", "100", "--listen", taken)
        assert demo.process.wait(90) == 0
    assert f"{taken} is taken" in demo.output.read_text()


@pytest.mark.parametrize("listen", ["nonsense", "192.0.2.1:80"])
def test_an_address_that_cannot_be_had_is_told(directory: Path, listen: str) -> None:
    demo = Demo(directory, "--exit", "--contacts", "100", "--listen", listen)
    assert demo.process.wait(90) == 1
    assert "listen" in demo.output.read_text().lower()


@pytest.mark.parametrize("contacts", ["0", "1", "-3"])
def test_a_base_without_the_contact_that_is_shown_is_refused(directory: Path, contacts: str) -> None:
    demo = Demo(directory, "--exit", "--contacts", contacts, "--listen", "127.0.0.1:0")
    assert demo.process.wait(90) == 1
    assert "--contacts" in demo.output.read_text()
    assert not (directory / ".tokenbase-demo").exists()

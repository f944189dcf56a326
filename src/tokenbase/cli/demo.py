"""`tokenbase demo`: the whole of it in a minute, from a server to an upload to a look at one contact."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import types
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tokenbase.accounts import accounts, keys
from tokenbase.cli import options
from tokenbase.client import client
from tokenbase.contacts import fields
from tokenbase.contract import problems
from tokenbase.contract.fields import FieldDefinition
from tokenbase.ops import settings
from tokenbase.store import binaries, database, home
from tokenbase.uploader import orders, progress, sample
from tokenbase.uploader import upload as uploading

DIRECTORY = Path(".tokenbase-demo")
ELSEWHERE = Path("/var/lib/tokenbase-demo")
START_SECONDS = 60.0


def demo(*, contacts: int = 20_000, listen: str = "127.0.0.1:8080", exit: bool = False) -> None:
    """Start a server with a base of its own, upload a sample base, and show what became of it.

    Parameters
    ----------
    contacts
        How many people the sample base has.
    listen
        Where the server listens; a free port is taken where this one is taken already.
    exit
        End when everything is shown, instead of leaving the server up until Ctrl-C.
    """
    if contacts < 2:
        raise problems.BadValue("--contacts: a sample base has at least 2 people")
    told = _end_in_order()
    directory = _directory()
    with _server(directory, listen) as url:
        key = _prepare(settings.Settings(data_dir=directory))
        base = _sample(directory, contacts)
        print(f"A sample base: {base}, {base.stat().st_size / 1e6:.1f} MB. It has flaws, as real ones have.\n")
        order = orders.Order(
            source=str(base),
            to=url,
            key=key,
            report=directory / "sample.report.jsonl",
            rejects=directory / "sample.rejects.csv",
            journal=directory / "sample.journal",
        )
        came_of_it = uploading.upload(order, progress.on_standard_error(quiet=False))
        print(f"{came_of_it.text()}\n")
        with client.Client(url, key) as asked:
            found = asked.contact("u-000000001")
        print(f"One contact, read back:\n{msgspec.json.format(msgspec.json.encode(found), indent=2).decode()}\n")
        print(_how_to_go_on(url, key))
        if not came_of_it.adds_up or came_of_it.stopped_by:
            raise problems.InternalError("the sample base did not arrive whole")
        if not exit:
            print("\nThe server stays up until Ctrl-C.", flush=True)
            _stay_up(told)


def _end_in_order() -> list[int]:
    """Make SIGTERM and a closed terminal end the demo as Ctrl-C does: its server would outlive it otherwise.

    Returns the signals that came, which are added as they come.
    """
    told: list[int] = []

    def end(number: int, frame: types.FrameType | None) -> None:
        told.append(number)
        signal.default_int_handler(number, frame)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, end)
    return told


def _stay_up(told: list[int]) -> None:
    """Wait for a signal, unless one came before: where it met an object being freed, Python has passed over it."""
    with contextlib.suppress(KeyboardInterrupt):
        if not told:
            signal.pause()


def _directory() -> Path:
    here = DIRECTORY.absolute()
    if (closed := binaries.closed_to(binaries.owner(here / "postgres"), here.parent)) is None:
        return here
    print(f"{closed} is closed to the user that PostgreSQL runs as, so the demo's base is kept in {ELSEWHERE}.")
    return ELSEWHERE


@contextlib.contextmanager
def _server(directory: Path, listen: str) -> Iterator[str]:
    """Run `tokenbase serve` in a process of its own and give its address."""
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / "server.log"
    with log.open("wb") as sink:
        server = _start(directory, _free(listen), sink.fileno())
        try:
            url = _listening(server, log)
            if url is None:
                raise problems.InternalError(f"the server did not start: {log.read_text().strip()[-1000:]}")
            print(f"The server runs on {url}; its log is {log}.", flush=True)
            yield url
        finally:
            server.terminate()
            server.wait(START_SECONDS)


def _free(listen: str) -> str:
    """Return the address, or one with any free port where somebody has this one already."""
    host, port = settings.Settings(listen=listen).address
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as fault:
            # Every other fault is told by the server itself.
            if fault.errno == errno.EADDRINUSE:
                print(f"{listen} is taken, so the server takes a free port.")
                return f"{listen.rpartition(':')[0]}:0"
    return listen


def _start(directory: Path, listen: str, sink: int) -> subprocess.Popen[bytes]:
    program = str(Path(sys.executable).with_name("tokenbase"))
    ours = {*settings.VARIABLES.values(), *(f"{settings.VARIABLES[name]}_FILE" for name in settings.SECRET)}
    environ = {name: value for name, value in os.environ.items() if name not in ours}
    command = [program, "serve", "--listen", listen, "--data-dir", str(directory)]
    # A session of its own: Ctrl-C is for the demo, which then ends the server in order.
    return subprocess.Popen(command, env=environ, stdout=sink, stderr=sink, start_new_session=True)


def _listening(server: subprocess.Popen[bytes], log: Path) -> str | None:
    """Return the address once the server listens, None when it has ended instead."""
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        for line in log.read_bytes().splitlines():
            if line.startswith(b"{") and (event := msgspec.json.decode(line, type=dict[str, object])).get("url"):
                return str(event["url"])
        time.sleep(0.05)
    return None


def _prepare(chosen: settings.Settings) -> str:
    """Make the demo's account and its fields if they are not there yet, and return a new key."""
    now = options.now()
    with home.open_base(chosen, os.environ, now) as base:
        account_id = next((account.id for account in accounts.everyone(base)), None) or _account(base)
        return keys.create(base, account_id, "full", "demo", now)


def _account(base: database.Database) -> int:
    now = options.now()
    account_id = accounts.create(base, "Demo", "demo@example.com", now)
    fields.create_personal(base, account_id, now)
    for name in ("Plan", "City"):
        fields.create(base, account_id, FieldDefinition(name=name, type="text"), now)
    return account_id


def _sample(directory: Path, contacts: int) -> Path:
    base = directory / "sample.csv"
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=directory, delete=False) as unfinished:
        unfinished.writelines(sample.csv_lines(sample.Sample(contacts)))
    Path(unfinished.name).rename(base)
    return base


def _how_to_go_on(url: str, key: str) -> str:
    return f"""How to go on:
  the server         {url}
  an API key         {key}
  ask for a contact  curl -u :{key} '{url}/api/v1/contact?externalCustomerId=u-000000002'
  your own base      .venv/bin/tokenbase upload YOUR.csv --to {url} --key {key} --dry-run
                     then the same without --dry-run
  read on            docs/tutorial/first-upload.md"""

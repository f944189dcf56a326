"""The command line as a whole: without the server's parts, beside a server, and told wrong things."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from server import TOKENBASE, Account, Server
from tokenbase.accounts import sealing
from tokenbase.contract import problems


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TOKENBASE_")}
    return subprocess.run([TOKENBASE, *arguments], env={**clean, **environ}, capture_output=True, text=True)


@pytest.mark.parametrize("verb", ["serve", "demo", "account", "key", "field", "app"])
def test_without_the_servers_parts_the_verb_says_what_to_install(verb: str) -> None:
    program = (
        "import sys; sys.modules.update(dict.fromkeys(('psycopg', 'structlog', 'psycopg_pool', 'uvicorn')));"
        f"sys.argv = ['tokenbase', {verb!r}, 'list']; from tokenbase import cli; cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (
        2,
        f"tokenbase {verb} needs the server's parts: pip install 'tokenbase[server]'\n",
    )


def test_the_administrators_verbs_print_what_they_made_alone(account: Account, tmp_path: Path) -> None:
    server, mine = account.server, ["--account", str(account.id)]
    assert int(server.run("account", "create", "--name", "N", "--email", "a@b.co")) > account.id
    key = server.run("key", "create", *mine, "--rights", "full")
    assert account.request("GET", "/api/v1/version", key=key).status_code == 200
    assert server.run("field", "create", *mine, "--id", "12345", "--name", "Job", "--type", "text") == "12345"
    made = server.run("field", "create", *mine, "--name", "Size", "--type", "select", "--allowed", "S,M")
    assert f"{made}\tselect\tCUSTOM\tSIZE\tSize" in server.run("field", "list", *mine)
    service = tmp_path / "service.json"
    service.write_text('{"project_id": "p", "client_email": "c", "private_key": "very secret"}')
    app = server.run("app", "create", *mine, "--name", "Shop", "--fcm", str(service))
    assert f"{app}\tregistered\tcredentials\tShop" in server.run("app", "list", *mine)
    ((sealed,),) = account.rows("SELECT credentials FROM app WHERE account_id = %s")
    assert b"very secret" not in sealed
    secret = (Path(server.environ["TOKENBASE_DATA_DIR"]) / "secret.key").read_text()
    assert b"very secret" in sealing.unseal(secret, sealed)
    with pytest.raises(problems.BadValue, match="another secret"):
        sealing.unseal("other", sealed)
    answer = account.upload(
        {"externalCustomerId": "x", "channels": [{"type": "mobilepush", "value": "t", "device": {"appId": app}}]}
    )
    assert answer["warnings"] == []


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["key", "create", "--account", "999999"], 1, "there is no account 999999"),
        (["key", "create", "--account", "1", "--rights", "everything"], 1, "there are no rights"),
        (["account", "create", "--name", "", "--email", "a@b.co"], 1, "1 to 255 characters"),
        (["account", "create", "--name", "N", "--email", "nobody"], 1, "is not an e-mail address"),
        (["field", "create", "--account", "1", "--name", "A", "--type", "colour"], 1, "is not a type"),
        (["key", "delete", "--account", "1", "--id", "999999"], 1, "has no key 999999"),
        (["app", "create", "--account", "1", "--name", "A", "--id", "x"], 1, "is not a UUID"),
        (["app", "create", "--account", "1", "--name", "A", "--fcm", "missing.json"], 1, "cannot be read"),
        (["app", "create", "--account", "1", "--name", "A", "--apns-key", __file__], 1, "--apns-topic"),
        (["key", "create"], 2, "account"),
        (["key", "create", "--account", "one"], 2, "one"),
        (["nonsense"], 2, "nonsense"),
        (["serve", "--listen", "nonsense"], 1, "HOST:PORT"),
    ],
)
def test_a_wrong_call_says_what_would_be_right(account: Account, arguments: list[str], code: int, told: str) -> None:
    done = subprocess.run([TOKENBASE, *arguments], env=account.server.environ, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    assert told in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_a_variable_that_nothing_reads_is_told_with_the_nearest(account: Account) -> None:
    environ = {**account.server.environ, "TOKENBASE_LISTENS": "x"}
    done = subprocess.run([TOKENBASE, "account", "list"], env=environ, capture_output=True, text=True, check=True)
    assert "did you mean TOKENBASE_LISTEN?" in done.stderr


def test_an_address_in_use_is_told(server: Server) -> None:
    done = run("serve", "--listen", f"127.0.0.1:{server.port}", DATABASE_URL=str(server.database_url))
    assert done.returncode == 1
    assert "choose another address with --listen" in done.stderr


def test_a_server_that_says_it_listens_refuses_no_connection(server: Server) -> None:
    started = subprocess.Popen(
        [TOKENBASE, "serve", "--listen", "127.0.0.1:0"], env=server.environ, stderr=subprocess.PIPE
    )
    try:
        assert started.stderr is not None
        line = next(line for line in started.stderr if b'"listening"' in line)
        socket.create_connection(("127.0.0.1", int(json.loads(line)["url"].rpartition(":")[2]))).close()
    finally:
        started.terminate()
        started.communicate(timeout=60)


def test_a_database_out_of_reach_is_told() -> None:
    done = run("serve", "--listen", "127.0.0.1:0", DATABASE_URL="postgresql://nobody@127.0.0.1:9/none")
    assert done.returncode == 1
    assert "the database cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_end_finishes_what_it_is_answering(
    database_url: str, tmp_path: Path, number: signal.Signals
) -> None:
    server = Server(tmp_path / "log", database_url=database_url)
    account = server.account()
    contacts = [{"externalCustomerId": f"x{n}", "channels": []} for n in range(3_000)]
    with httpx2.Client(auth=("", account.secret), timeout=60) as client:

        def body() -> object:
            yield b'{"dedupeOn": "externalCustomerId", "contacts": '
            # The kernel takes a connection before the server does, which is to be answering when it is told.
            time.sleep(0.5)
            server.process.send_signal(number)
            time.sleep(0.5)
            yield httpx2.Request("POST", "http://x", json=contacts).content + b"}"

        response = client.post(server.url + "/api/v1/contacts", content=body())  # type: ignore[arg-type]
    assert (response.status_code, response.json()["created"]) == (200, 3_000)
    assert server.process.wait(30) == 0
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(server.url + "/healthz")

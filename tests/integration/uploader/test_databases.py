"""A base in a real database, brought to the server by one command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pymysql
import pytest
from psycopg import conninfo

from server import TOKENBASE, Account

ROWS = 7_000
TABLE = "CREATE TABLE devices (id INTEGER PRIMARY KEY, user_id VARCHAR(50), token TEXT, platform TEXT, active BOOLEAN)"
QUERY = "SELECT user_id, token, platform AS os, active FROM devices WHERE id <= 10 ORDER BY id"


def rows() -> list[tuple[object, ...]]:
    return [(n, f"u{n}", f"token-{n}-ü", "ios" if n % 2 else "android", n % 3 > 0) for n in range(1, ROWS + 1)]


def upload(account: Account, directory: Path, url: str, *arguments: str) -> dict[str, object]:
    command = [TOKENBASE, "upload", url, *arguments, "--to", account.server.url, "--key", account.secret]
    done = subprocess.run([*command, "--output", "json"], cwd=directory, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert isinstance(told, dict)
    return told


def check(account: Account, directory: Path, url: str) -> None:
    assert upload(account, directory, url, "--query", QUERY)["created"] == 10
    told = upload(account, directory, url, "--table", "devices")
    assert (told["read"], told["created"], told["unchanged"]) == (ROWS, ROWS - 10, 10)
    (channel,) = account.contact("u6999")["channels"]
    assert (channel["value"], channel["device"]["os"], channel["device"]["active"]) == ("token-6999-ü", "iOS", False)
    assert account.rows("SELECT count(*) FROM token WHERE account_id = %s AND active") == [(ROWS - ROWS // 3,)]


def test_a_base_in_postgresql(account: Account, directory: Path, database_url: str) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute(TABLE)
        conn.cursor().executemany("INSERT INTO devices VALUES (%s, %s, %s, %s, %s)", rows())
    found = {name: str(value) for name, value in conninfo.conninfo_to_dict(database_url).items() if value}
    user = f"{found.get('user', '')}:{found.get('password', '')}"
    place = f"host={found.get('host', '')}&port={found.get('port', 5432)}"
    check(account, directory, f"postgresql://{user}@/{found['dbname']}?{place}")


@pytest.fixture(scope="module")
def mariadb() -> Iterator[Path]:
    """The socket of a MariaDB of this module's own."""
    if shutil.which("mariadbd") is None or shutil.which("mariadb-install-db") is None:
        pytest.skip("there is no MariaDB on this machine")
    made = Path(f"/tmp/tokenbase-maria-{os.getpid()}")
    made.mkdir()
    user = ["--user=root"] if os.getuid() == 0 else []
    place = ["--no-defaults", f"--datadir={made}/data"]
    subprocess.run(
        ["mariadb-install-db", *place, "--auth-root-authentication-method=normal", *user],
        check=True,
        capture_output=True,
    )
    arguments = [f"--socket={made}/socket", "--skip-networking", f"--pid-file={made}/pid", *user]
    with (made / "log").open("wb") as log:
        server = subprocess.Popen(["mariadbd", *place, *arguments], stdout=log, stderr=log)
    deadline = time.monotonic() + 60
    while not (made / "socket").exists():
        assert server.poll() is None, (made / "log").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    yield made / "socket"
    server.terminate()
    server.wait(60)
    shutil.rmtree(made)


@pytest.mark.parametrize("scheme", ["mysql", "mariadb+pymysql"])
def test_a_base_in_mariadb(account: Account, directory: Path, mariadb: Path, scheme: str) -> None:
    with pymysql.connect(unix_socket=str(mariadb), user="root") as conn, conn.cursor() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS app")
        cursor.execute("CREATE DATABASE app CHARACTER SET utf8mb4")
        cursor.execute("USE app")
        cursor.execute(TABLE)
        cursor.executemany("INSERT INTO devices VALUES (%s, %s, %s, %s, %s)", rows())
        conn.commit()
    check(account, directory, f"{scheme}://root@localhost/app?unix_socket={mariadb}&charset=utf8mb4")

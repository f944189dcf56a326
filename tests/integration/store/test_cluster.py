"""The embedded PostgreSQL: started, shared, killed, misplaced; always real processes."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tokenbase.store import binaries, cluster

pytestmark = pytest.mark.skipif("DATABASE_URL" in os.environ, reason="an own server is tested, not the embedded one")


@pytest.fixture
def started(directory: Path) -> Iterator[cluster.Cluster]:
    opened = cluster.Cluster(directory / "data", os.environ)
    opened.start()
    yield opened
    opened.stop()


def postmaster(directory: Path) -> int:
    return int((directory / "data" / "postgres" / "postmaster.pid").read_text().split()[0])


def answers(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=2) as conn:
            return conn.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def eventually(what: str, true: object, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    assert callable(true)
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def holder(directory: Path) -> subprocess.Popen[bytes]:
    """Another process that uses the cluster until it is ended; it has written a line when it does."""
    program = (
        "import os, sys, time; from pathlib import Path; from tokenbase.store import cluster;"
        "c = cluster.Cluster(Path(sys.argv[1]), os.environ); c.start(); print('up', flush=True);"
        "sys.stdin.read(); c.stop()"
    )
    command = [sys.executable, "-c", program, str(directory / "data")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    return process


def test_what_is_stored_is_there_after_a_restart(directory: Path) -> None:
    for attempt in range(2):
        opened = cluster.Cluster(directory / "data", os.environ)
        with psycopg.connect(opened.start()) as conn:
            conn.execute("CREATE TABLE IF NOT EXISTS kept AS SELECT 42 AS answer")
            assert conn.execute("SELECT answer FROM kept").fetchall() == [(42,)], attempt
        opened.stop()


def test_it_is_a_private_utf8_server_with_a_password(started: cluster.Cluster, directory: Path) -> None:
    url = started.url()
    with psycopg.connect(url) as conn:
        shown = {
            name: conn.execute("SELECT current_setting(%s)", (name,)).fetchone()
            for name in (
                "server_encoding",
                "listen_addresses",
                "fsync",
                "synchronous_commit",
                "TimeZone",
                "data_checksums",
            )
        }
    assert shown == {
        "server_encoding": ("UTF8",),
        "listen_addresses": ("",),
        "fsync": ("on",),
        "synchronous_commit": ("on",),
        "TimeZone": ("UTC",),
        "data_checksums": ("on",),
    }
    assert (directory / "data" / "postgres.password").stat().st_mode & 0o077 == 0
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(url.replace(":", ":wrong", 2).replace(":wrong//", "://", 1))


def log_files(conn: psycopg.Connection[tuple[object, ...]]) -> int:
    return len(conn.execute("SELECT name FROM pg_ls_waldir()").fetchall())


def test_files_of_the_log_stay_after_quiet_hours(started: cluster.Cluster) -> None:
    with psycopg.connect(started.url(), autocommit=True) as conn:
        conn.execute("CREATE TABLE uploaded AS SELECT repeat('x', 1000) FROM generate_series(1, 250000)")
        conn.execute("CHECKPOINT")
        files = log_files(conn)
        # Each checkpoint has less to write, so PostgreSQL expects less of the next.
        for _ in range(30):
            conn.execute("CREATE TABLE quiet AS SELECT 1 AS one; DROP TABLE quiet")
            conn.execute("SELECT pg_switch_wal()")
            conn.execute("CHECKPOINT")
        left = log_files(conn)
    assert files >= 15
    assert left >= files - 1


def test_several_processes_share_it_and_the_last_one_stops_it(directory: Path) -> None:
    first, second = holder(directory), holder(directory)
    number = postmaster(directory)
    first.communicate(b"", timeout=30)
    os.kill(number, 0)
    second.communicate(b"", timeout=30)
    assert not (directory / "data" / "postgres" / "postmaster.pid").exists()


def test_after_a_killed_owner_the_next_one_takes_the_running_server_over_and_stops_it(directory: Path) -> None:
    killed = holder(directory)
    number = postmaster(directory)
    killed.kill()
    killed.communicate()
    opened = cluster.Cluster(directory / "data", os.environ)
    assert answers(opened.start())
    assert postmaster(directory) == number
    opened.stop()
    assert not (directory / "data" / "postgres" / "postmaster.pid").exists()


def test_a_killed_postgresql_is_started_again(started: cluster.Cluster, directory: Path) -> None:
    url = started.url()
    started.watch()
    for _ in range(2):
        os.kill(postmaster(directory), signal.SIGKILL)
        eventually("it ends", lambda: not answers(url), 5)
        eventually("it comes back", lambda: answers(url))


def test_a_stale_pid_file_whose_number_another_process_has_is_no_obstacle(directory: Path) -> None:
    opened = cluster.Cluster(directory / "data", os.environ)
    opened.start()
    content = (directory / "data" / "postgres" / "postmaster.pid").read_text()
    opened.stop()
    owner = pwd.getpwuid((directory / "data" / "postgres").stat().st_uid)
    drop = {"user": owner.pw_uid} if owner.pw_uid != os.geteuid() else {}
    with subprocess.Popen(["sleep", "60"], **drop) as other:  # type: ignore[call-overload]
        pid_file = directory / "data" / "postgres" / "postmaster.pid"
        pid_file.write_text("\n".join([str(other.pid), *content.splitlines()[1:], ""]))
        os.chown(pid_file, owner.pw_uid, owner.pw_gid)
        again = cluster.Cluster(directory / "data", os.environ)
        assert answers(again.start())
        again.stop()
        other.kill()


def test_an_interrupted_first_start_leaves_nothing_in_the_way(directory: Path) -> None:
    (directory / "data" / "postgres.unfinished").mkdir(parents=True)
    (directory / "data" / "postgres.unfinished" / "half").write_text("x")
    opened = cluster.Cluster(directory / "data", os.environ)
    assert answers(opened.start())
    opened.stop()


def test_a_path_too_long_for_a_socket_works(directory: Path) -> None:
    deep = directory / ("d" * 60) / ("e" * 60)
    opened = cluster.Cluster(deep, os.environ)
    url = opened.start()
    assert answers(url)
    opened.stop()
    shutil.rmtree(opened._socket_directory())


def test_a_second_server_on_one_directory_is_refused(directory: Path) -> None:
    first, second = (cluster.Cluster(directory / "data", os.environ) for _ in range(2))
    first.claim()
    with pytest.raises(cluster.ClusterError, match="another Tokenbase server runs on"):
        second.claim()
    first.start()
    first.stop()
    second.claim()
    second.start()
    second.stop()


def test_data_of_another_major_version_is_told(directory: Path) -> None:
    opened = cluster.Cluster(directory / "data", os.environ)
    opened.start()
    opened.stop()
    (directory / "data" / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(cluster.ClusterError, match="belongs to PostgreSQL 9"):
        cluster.Cluster(directory / "data", os.environ).start()


def test_a_server_that_does_not_start_says_why(directory: Path) -> None:
    opened = cluster.Cluster(directory / "data", os.environ)
    opened.start()
    opened.stop()
    with (directory / "data" / "postgres" / "postgresql.conf").open("a") as file:
        file.write("\nno_such_setting = 1\n")
    with pytest.raises(cluster.ClusterError, match="no_such_setting"):
        cluster.Cluster(directory / "data", os.environ).start()


def test_a_data_directory_that_cannot_be_made_is_told(directory: Path) -> None:
    (directory / "file").write_text("")
    with pytest.raises(cluster.ClusterError, match="cannot be written"):
        cluster.Cluster(directory / "file" / "data", os.environ).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_a_directory_closed_to_postgresqls_user_is_named_and_left_as_it_is(directory: Path) -> None:
    closed = directory / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(cluster.ClusterError, match=f"{closed} is closed"):
        cluster.Cluster(closed / "data", os.environ).start()
    assert closed.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_programs_out_of_reach_are_copied_beside_the_data(directory: Path) -> None:
    owner = binaries.owner(directory / "none")
    found = binaries.folder({}, owner, directory)
    hidden = directory / "hidden"
    shutil.copytree(found.parent, hidden / "pginstall", symlinks=True)
    hidden.chmod(0o700)
    copied = binaries._reachable(hidden / "pginstall", owner, directory)
    assert copied.parent == directory
    assert owner.run(copied / "bin" / "postgres", "--version").stdout.startswith("postgres (PostgreSQL)")


def test_programs_named_by_the_environment_must_be_there(directory: Path) -> None:
    with pytest.raises(cluster.ClusterError, match="TOKENBASE_POSTGRES_BIN"):
        cluster.Cluster(directory / "data", {"TOKENBASE_POSTGRES_BIN": str(directory)}).start()

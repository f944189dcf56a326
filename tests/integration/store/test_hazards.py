"""What has gone wrong with embedded servers elsewhere: interrupted starts, stale files, two names for one place."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from server import TOKENBASE
from tokenbase.store import binaries, cluster

pytestmark = pytest.mark.skipif("DATABASE_URL" in os.environ, reason="an own server is tested, not the embedded one")

START = (
    "import os, sys; from pathlib import Path; from tokenbase.store import cluster;"
    "c = cluster.Cluster(Path(sys.argv[1]), os.environ); c.start(); print('up', flush=True); sys.stdin.read(); c.stop()"
)


@contextlib.contextmanager
def running(directory: Path) -> Iterator[cluster.Cluster]:
    opened = cluster.Cluster(directory, os.environ)
    opened.start()
    yield opened
    opened.stop()


def starting(directory: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", START, str(directory)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def wait_until(true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def postmaster(directory: Path) -> str:
    file = directory / "postgres" / "postmaster.pid"
    return (file.read_text().split() or [""])[0] if file.exists() else ""


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.2, 0.3])
def test_an_owner_killed_in_its_first_start_leaves_nothing_in_the_way_of_the_next(
    directory: Path, seconds: float
) -> None:
    killed = starting(directory / "data")
    wait_until((directory / "data" / "postgres.unfinished" / "PG_VERSION").exists)
    time.sleep(seconds)
    killed.kill()
    killed.communicate()
    with running(directory / "data") as opened, psycopg.connect(opened.url()) as conn:
        assert conn.execute("SELECT count(*) > 300 FROM pg_class").fetchone() == (True,)
    assert not (directory / "data" / "postgres.unfinished").exists()


def test_processes_that_start_at_once_for_the_first_time_share_one_server(directory: Path) -> None:
    several = [starting(directory / "data") for _ in range(4)]
    for process in several:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
    log = (directory / "data" / "postgres.log").read_text()
    assert log.count("database system is ready to accept connections") == 1
    for process in several:
        process.communicate(b"", timeout=60)
    assert [process.returncode for process in several] == [0] * 4
    assert postmaster(directory / "data") == ""


@pytest.mark.parametrize("content", ["", "no number\n", "{own}\n", "999999999\n", "{own}\n/elsewhere\n"])
def test_a_broken_pid_file_is_no_obstacle(directory: Path, content: str) -> None:
    with running(directory / "data"):
        pass
    file = directory / "data" / "postgres" / "postmaster.pid"
    file.write_text(content.format(own=os.getpid()))
    owner = file.parent.stat()
    os.chown(file, owner.st_uid, owner.st_gid)
    with running(directory / "data") as opened:
        psycopg.connect(opened.url()).close()


def test_a_server_is_joined_by_whatever_name_its_directory_has(directory: Path) -> None:
    deep = directory / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    (directory / ("l" * 60)).symlink_to(deep.parent)
    with running(deep) as first:
        number = postmaster(deep)
        with running(directory / ("l" * 60) / deep.name) as second:
            assert second.url() == first.url()
            assert postmaster(deep) == number
        psycopg.connect(first.url()).close()
    shutil.rmtree(first._socket_directory())


def test_a_server_whose_socket_is_gone_is_never_taken_for_dead(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "KILLED_SECONDS", 1)
    with running(directory / "data") as first:
        number = postmaster(directory / "data")
        held = psycopg.connect(first.url(), autocommit=True)
        address = directory / "data" / "socket" / ".s.PGSQL.5432"
        address.rename(address.with_name("hidden"))
        with pytest.raises(cluster.ClusterError, match="still run in .* but nobody answers"):
            cluster.Cluster(directory / "data", os.environ).start()
        assert postmaster(directory / "data") == number
        assert held.execute("SELECT 1").fetchone() == (1,)
        held.close()
        address.with_name("hidden").rename(address)


def test_a_server_that_still_recovers_from_a_crash_is_waited_for(directory: Path) -> None:
    with running(directory / "data") as first:
        with psycopg.connect(first.url(), autocommit=True) as conn:
            conn.execute("CREATE TABLE much AS SELECT n, md5(n::text) AS text FROM generate_series(1, 1500000) AS n")
        killed = postmaster(directory / "data")
        os.kill(int(killed), signal.SIGKILL)
        owner = starting(directory / "data")
        wait_until(lambda: postmaster(directory / "data") not in ("", killed))
        wait_until(first._alive)
        owner.kill()
        owner.communicate()
        with running(directory / "data") as second, psycopg.connect(second.url()) as conn:
            assert conn.execute("SELECT count(*) FROM much").fetchone() == (1_500_000,)


def test_the_watch_survives_a_moment_without_file_descriptors(directory: Path) -> None:
    with running(directory / "data") as opened:
        opened.watch()
        number = postmaster(directory / "data")
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
        time.sleep(1.5)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert postmaster(directory / "data") == number
        os.kill(int(number), signal.SIGKILL)
        wait_until(lambda: postmaster(directory / "data") not in ("", number))
        wait_until(opened._accepts)


def test_a_second_serve_on_one_directory_is_refused_and_the_first_goes_on(directory: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("TOKENBASE_")}
    command = [TOKENBASE, "serve", "--listen", "127.0.0.1:0", "--data-dir", str(directory / "data")]
    with (directory / "log").open("wb") as log, subprocess.Popen(command, env=environ, stderr=log) as first:
        wait_until(lambda: b'"listening"' in (directory / "log").read_bytes())
        second = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=30)
        assert second.returncode == 1
        assert "another Tokenbase server runs on" in second.stderr
        assert "Traceback" not in second.stderr
        verb = subprocess.run(
            [TOKENBASE, "account", "list", *command[4:]], env=environ, capture_output=True, timeout=30
        )
        assert verb.returncode == 0
        assert first.poll() is None
        first.terminate()
        assert first.wait(60) == 0
    assert postmaster(directory / "data") == ""


def test_a_place_that_cannot_be_written_is_told_by_serve_as_well(directory: Path) -> None:
    (directory / "file").write_text("")
    with pytest.raises(cluster.ClusterError, match=r"cannot be written.*--data-dir"):
        cluster.Cluster(directory / "file" / "data", os.environ).claim()


def test_a_strict_umask_does_not_close_the_new_directory_to_postgresql(directory: Path) -> None:
    before = os.umask(0o077)
    try:
        with running(directory / "data") as opened:
            psycopg.connect(opened.url()).close()
    finally:
        os.umask(before)
    assert (directory / "data" / "postgres").stat().st_mode & 0o777 == 0o700


def test_the_log_is_put_aside_when_it_is_long(directory: Path) -> None:
    with running(directory / "data"):
        pass
    log = directory / "data" / "postgres.log"
    with log.open("ab") as file:
        file.truncate(cluster.LOG_BYTES + 1)
    with running(directory / "data"):
        assert log.stat().st_size < 100_000
    assert log.with_suffix(".log.1").stat().st_size == cluster.LOG_BYTES + 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_programs_that_only_root_may_read_are_copied_for_postgresqls_user(directory: Path) -> None:
    owner = binaries.owner(directory / "none")
    installed = directory / "closed" / "pginstall"
    shutil.copytree(binaries.folder({}, owner, directory).parent, installed, symlinks=True)
    for path in [installed.parent, *installed.parent.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & 0o700)
    version = owner.run(binaries.folder({}, owner, directory) / "postgres", "--version").stdout.split()[-1]
    (directory / f"postgresql-{version}.unfinished" / "half").mkdir(parents=True)
    copied = binaries._reachable(installed, owner, directory)
    assert owner.run(copied / "bin" / "postgres", "--version").stdout.startswith("postgres (PostgreSQL)")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_named_programs_closed_to_postgresqls_user_are_told(directory: Path) -> None:
    closed = directory / "closed"
    closed.mkdir(mode=0o700)
    (closed / "postgres").write_text("")
    with pytest.raises(cluster.ClusterError, match="TOKENBASE_POSTGRES_BIN names .* is closed to"):
        cluster.Cluster(directory / "data", {"TOKENBASE_POSTGRES_BIN": str(closed)}).start()


@pytest.mark.skipif(not Path("/usr/lib/postgresql/15/bin/initdb").exists(), reason="needs Debian's PostgreSQL 15")
def test_the_oldest_postgresql_that_is_supported_serves_as_well(directory: Path) -> None:
    opened = cluster.Cluster(directory / "data", {"TOKENBASE_POSTGRES_BIN": "/usr/lib/postgresql/15/bin"})
    with psycopg.connect(opened.start()) as conn:
        assert conn.info.server_version // 10_000 == 15
    opened.stop()

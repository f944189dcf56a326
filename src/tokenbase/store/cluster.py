"""The embedded PostgreSQL: one data directory, started by whoever comes first and stopped by whoever leaves last.

Who uses it is told by file locks alone, which the kernel frees when a process ends, however it ends. That no two
servers run on one directory is PostgreSQL's own interlock; no process id is ever guessed at here.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import socket
import stat
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO
from urllib.parse import quote

import structlog
from psycopg import pq

from tokenbase.store import binaries, tuning
from tokenbase.store.binaries import ClusterError

log = structlog.get_logger()

SOCKET_PATH_BYTES = 107 - len("/.s.PGSQL.5432.lock")
START_SECONDS = 3600
"""How long a start may take: after a crash PostgreSQL first replays what it had promised to keep."""
KILLED_SECONDS = 60
"""How long the processes of a killed server may keep its shared memory."""
LOG_BYTES = 10 * 1024 * 1024


_LOCKED = re.compile(r'(?:lock|PID) file "(?P<file>[^"]*)"')


class Cluster:
    """The embedded server of one data directory, from this process's point of view."""

    def __init__(self, directory: Path, environ: Mapping[str, str]) -> None:
        """Take the data directory, which is made if missing."""
        self.directory = directory.resolve()
        self._environ = environ
        self._data = self.directory / "postgres"
        self._log = self.directory / "postgres.log"
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None
        self._users: IO[bytes] | None = None
        self._serving: IO[bytes] | None = None

    def start(self) -> str:
        """Start the server, or join the one that runs, and return its URL. Raises ClusterError when it cannot start."""
        self._furnish("start.lock")
        self._owner = binaries.owner(self._data)
        if (closed := binaries.closed_to(self._owner, self.directory)) is not None:
            raise ClusterError(
                f"PostgreSQL does not run as root but as {self._owner.name}, to whom {closed} is closed: choose a data "
                "directory elsewhere, such as --data-dir /var/lib/tokenbase, or run Tokenbase as an ordinary user"
            )
        with self._transition() as lock:
            self._users = (self.directory / "users.lock").open("wb")
            fcntl.flock(self._users, fcntl.LOCK_SH)
            try:
                self._programs = binaries.folder(self._environ, self._owner, self.directory)
                if not self._data.exists():
                    self._create(lock)
                while not self._accepts():
                    self._up()
            except OSError as fault:
                self._users.close()
                raise ClusterError(f"PostgreSQL cannot be started in {self.directory}: {fault}") from fault
            except BaseException:
                self._users.close()
                raise
        return self.url()

    def claim(self) -> None:
        """Make this process the one server on the data directory. Raises ClusterError when another one is."""
        self._furnish("serve.lock")
        self._serving = (self.directory / "serve.lock").open("wb")
        try:
            fcntl.flock(self._serving, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._serving.close()
            raise ClusterError(
                f"another Tokenbase server runs on {self.directory}: stop it, or take another --data-dir; "
                "several servers share one base through DATABASE_URL"
            ) from None

    def watch(self) -> None:
        """From now on start PostgreSQL again whenever it was ended from outside."""
        self._watcher = threading.Thread(target=self._keep_up, name="postgres-watch", daemon=True)
        self._watcher.start()

    def stop(self) -> None:
        """Leave the cluster; the server is stopped if nobody else uses it."""
        self._stopping.set()
        if self._watcher is not None:
            self._watcher.join()
        with self._transition():
            if self._users is not None:
                self._users.close()
                with (self.directory / "users.lock").open("wb") as users:
                    try:
                        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    except BlockingIOError:
                        pass
                    else:
                        self._control("stop", "-m", "fast", "-w", "-t", "60")
        if self._serving is not None:
            self._serving.close()

    def url(self) -> str:
        """Return the address of the server, which is known before it runs."""
        password = (self.directory / "postgres.password").read_text()
        host = quote(str(self._socket_directory()), safe="")
        return f"postgresql://tokenbase:{password}@/postgres?host={host}"

    def _furnish(self, lock: str) -> None:
        """Make the data directory, which PostgreSQL's user must be able to pass through whatever the umask."""
        try:
            if not self.directory.exists():
                self.directory.mkdir(parents=True)
                self.directory.chmod(0o711)
            (self.directory / lock).touch()
        except OSError as fault:
            raise ClusterError(
                f"the data directory {self.directory} cannot be written: {fault.strerror}; choose another one with "
                "--data-dir, or run Tokenbase as the user who made it"
            ) from fault

    @contextlib.contextmanager
    def _transition(self) -> Iterator[int]:
        with (self.directory / "start.lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield lock.fileno()

    def _keep_up(self) -> None:
        while not self._stopping.wait(0.5):
            try:
                if self._alive():
                    continue
                log.warning("postgres_ended", cure="it is started again")
                with self._transition():
                    if not self._alive():
                        self._up()
            except (ClusterError, OSError) as fault:
                log.error("postgres_not_started", reason=str(fault))

    def _create(self, lock: int) -> None:
        """Make the cluster beside its place and move it there whole, so that an interrupted attempt leaves nothing.

        initdb outlives a killed owner, so it holds the start's lock as well: the next attempt waits for its end.
        """
        unfinished = self.directory / "postgres.unfinished"
        if unfinished.exists():
            shutil.rmtree(unfinished)
        unfinished.mkdir(mode=0o700)
        os.chown(unfinished, self._owner.uid, self._owner.gid)
        password = self.directory / "postgres.password"
        with _private(password, self._owner) as file:
            file.write(secrets.token_urlsafe(32))
        locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
        if binaries.major(self._programs) < 17:
            locale = ("--locale=C.UTF-8",)  # type: ignore[assignment]
        made = self._owner.run(
            self._programs / "initdb",
            f"--pgdata={unfinished}",
            "--username=tokenbase",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--data-checksums",
            *locale,
            keep=(lock,),
        )
        if made.returncode != 0:
            raise ClusterError(f"a new PostgreSQL cluster could not be made in {self.directory}: {_tail(made.stdout)}")
        unfinished.rename(self._data)

    def _up(self) -> None:
        version = (self._data / "PG_VERSION").read_text().strip()
        if version != str(ours := binaries.major(self._programs)):
            raise ClusterError(
                f"{self._data} belongs to PostgreSQL {version}, but the programs here are of {ours}: name those of "
                f"{version} by TOKENBASE_POSTGRES_BIN, or dump and load the base"
            )
        self._configure()
        if self._log.exists() and self._log.stat().st_size > LOG_BYTES:
            self._log.rename(self._log.with_suffix(".log.1"))
        self._log.touch(mode=0o600)
        os.chown(self._log, self._owner.uid, self._owner.gid)
        began = self._log.stat().st_size
        with (self.directory / "postgres.lock").open("wb") as lock:
            self._outlive(lock)
            for _ in range(3):
                start = ("start", "-w", "-t", str(START_SECONDS), "-l", str(self._log))
                started = self._control(*start, keep=(lock.fileno(),))
                if started.returncode == 0:
                    return
                with self._log.open("rb") as written:
                    written.seek(began)
                    said = written.read().decode(errors="replace") + started.stdout
                if (stale := _LOCKED.search(said)) is None:
                    break
                # PostgreSQL holds the lock that is ours now, so none runs here: the number in that file is no number,
                # or another process has it, as happens in containers.
                file = self._data / stale["file"]
                if file.parent not in (self._data, self._socket_directory()):
                    # Another server's socket, where somebody has added a directory to listen in.
                    break
                file.unlink(missing_ok=True)
                began = self._log.stat().st_size
        raise ClusterError(f"PostgreSQL does not start in {self._data}: {_tail(said)}")

    def _outlive(self, lock: IO[bytes]) -> None:
        """Wait until no process of an earlier server is left: they all inherit this lock, and end soon when killed."""
        for _ in range(KILLED_SECONDS * 10):
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            self._stopping.wait(0.1)
        raise ClusterError(
            f"processes of PostgreSQL still run in {self._data} but nobody answers at {self._socket_directory()}: "
            "end them, then start again"
        )

    def _alive(self) -> bool:
        """Tell whether a server listens on the socket: the kernel knows, a file with a process id does not."""
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self._socket_directory() / ".s.PGSQL.5432"))
            except (FileNotFoundError, ConnectionRefusedError):
                return False
        return True

    def _accepts(self) -> bool:
        """Tell whether there is a server to join, once one that recovers from a crash or shuts down is done with it."""
        while self._alive():
            if pq.PGconn.ping(self.url().encode()) != pq.Ping.REJECT:
                return True
            self._stopping.wait(0.2)
        return False

    def _configure(self) -> None:
        ours = self._data / "tokenbase.conf"
        with _private(ours, self._owner) as file:
            file.write("# Written at every start of Tokenbase; put your own into postgresql.auto.conf.\n")
            file.write(tuning.lines(self._socket_directory(), self._data))
        main = self._data / "postgresql.conf"
        if "include 'tokenbase.conf'" not in main.read_text():
            with main.open("a") as file:
                file.write("\ninclude 'tokenbase.conf'\n")

    def _socket_directory(self) -> Path:
        inside = self.directory / "socket"
        if len(os.fsencode(inside)) > SOCKET_PATH_BYTES:
            # The path of a Unix socket has at most 107 bytes.
            name = hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:16]
            inside = Path("/tmp") / f"tokenbase-{name}"  # noqa: S108 - checked below to be ours
        with contextlib.suppress(FileExistsError):
            inside.mkdir(mode=0o700)
            os.chown(inside, self._owner.uid, self._owner.gid)
        found = inside.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != self._owner.uid or found.st_mode & 0o077:
            raise ClusterError(f"{inside} is not a private directory of {self._owner.name}: remove it")
        return inside

    def _control(self, *arguments: str, keep: tuple[int, ...] = ()) -> subprocess.CompletedProcess[str]:
        return self._owner.run(self._programs / "pg_ctl", f"--pgdata={self._data}", *arguments, keep=keep)


def _private(path: Path, owner: binaries.Owner) -> IO[str]:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.fchown(descriptor, owner.uid, owner.gid)
    return os.fdopen(descriptor, "w")


def _tail(output: str) -> str:
    return " | ".join(output.strip().splitlines()[-5:])[-1000:]

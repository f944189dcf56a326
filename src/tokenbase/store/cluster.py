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

from tokenbase.store import binaries
from tokenbase.store.binaries import ClusterError

log = structlog.get_logger()

SOCKET_PATH_BYTES = 107 - len("/.s.PGSQL.5432.lock")
START_SECONDS = 3600
"""How long a start may take: after a crash PostgreSQL first replays what it had promised to keep."""
KILLED_SECONDS = 60
"""How long the processes of a killed server may keep its shared memory."""
LOG_BYTES = 10 * 1024 * 1024


_LOCKED = re.compile(r'lock file "(?P<file>[^"]*)" already exists')


class Cluster:
    """The embedded server of one data directory, from this process's point of view."""

    def __init__(self, directory: Path, environ: Mapping[str, str]) -> None:
        """Take the data directory, which is made if missing."""
        self.directory = directory.absolute()
        self._environ = environ
        self._data = self.directory / "postgres"
        self._log = self.directory / "postgres.log"
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None
        self._users: IO[bytes] | None = None
        self._serving: IO[bytes] | None = None

    def start(self) -> str:
        """Start the server, or join the one that runs, and return its URL. Raises ClusterError when it cannot start."""
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            probe = self.directory / "start.lock"
            probe.touch()
        except OSError as fault:
            raise ClusterError(f"the data directory {self.directory} cannot be written: {fault.strerror}") from fault
        self._owner = binaries.owner(self._data)
        if (closed := binaries.closed_to(self._owner, self.directory)) is not None:
            raise ClusterError(
                f"PostgreSQL does not run as root but as {self._owner.name}, to whom {closed} is closed: choose a data "
                "directory elsewhere, such as --data-dir /var/lib/tokenbase, or run Tokenbase as an ordinary user"
            )
        self._programs = binaries.folder(self._environ, self._owner, self.directory)
        with self._transition():
            self._users = (self.directory / "users.lock").open("wb")
            fcntl.flock(self._users, fcntl.LOCK_SH)
            try:
                if not self._data.exists():
                    self._create()
                if not self._alive():
                    self._up()
            except BaseException:
                self._users.close()
                raise
        return self.url()

    def claim(self) -> None:
        """Make this process the one server on the data directory. Raises ClusterError when another one is."""
        self.directory.mkdir(parents=True, exist_ok=True)
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

    @contextlib.contextmanager
    def _transition(self) -> Iterator[None]:
        with (self.directory / "start.lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _keep_up(self) -> None:
        while not self._stopping.wait(1):
            if self._alive():
                continue
            log.warning("postgres_ended", cure="it is started again")
            try:
                with self._transition():
                    if not self._alive():
                        self._up()
            except ClusterError as fault:
                log.error("postgres_not_started", reason=fault.message)

    def _create(self) -> None:
        """Make the cluster beside its place and move it there whole, so that an interrupted attempt leaves nothing."""
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
        for _ in range(KILLED_SECONDS):
            started = self._control("start", "-w", "-t", str(START_SECONDS), "-l", str(self._log))
            if started.returncode == 0:
                return
            with self._log.open("rb") as file:
                file.seek(began)
                said = file.read().decode(errors="replace")
            if (locked := _LOCKED.search(said)) is not None:
                # Nobody listens on the socket, so the process with the number in that file is another one, as happens
                # in containers, or just ending. PostgreSQL's lock on its shared memory still forbids a second server.
                (self._data / locked["file"]).unlink(missing_ok=True)
                self._stopping.wait(0.1)
            elif "is still in use" not in said or self._stopping.wait(1):
                break
            began = self._log.stat().st_size
        raise ClusterError(f"PostgreSQL does not start in {self._data}: {_tail(said or started.stdout)}")

    def _alive(self) -> bool:
        """Tell whether a server listens on the socket: the kernel knows, a file with a process id does not."""
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self._socket_directory() / ".s.PGSQL.5432"))
            except OSError:
                return False
        return True

    def _configure(self) -> None:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._socket_directory()),
            "unix_socket_permissions": "0700",
            "shared_buffers": f"{_shared_megabytes()}MB",
            "max_connections": "100",
            "wal_buffers": "32MB",
            "max_wal_size": "4GB",
            "wal_compression": "on",
            "checkpoint_timeout": "15min",
            "random_page_cost": "1.1",
            "jit": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in settings.items()]
        ours = self._data / "tokenbase.conf"
        with _private(ours, self._owner) as file:
            file.write("# Written at every start of Tokenbase; put your own into postgresql.auto.conf.\n")
            file.write("\n".join(lines) + "\n")
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

    def _control(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._owner.run(self._programs / "pg_ctl", f"--pgdata={self._data}", *arguments)


def _private(path: Path, owner: binaries.Owner) -> IO[str]:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.fchown(descriptor, owner.uid, owner.gid)
    return os.fdopen(descriptor, "w")


def _shared_megabytes() -> int:
    """Return a quarter of the memory that this process may use, between 128 and 1,024 megabytes."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(OSError, ValueError):
        memory = min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return max(128, min(1024, memory // 4 // 1024**2))


def _tail(output: str) -> str:
    return " | ".join(output.strip().splitlines()[-5:])[-1000:]

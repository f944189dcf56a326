"""What the embedded PostgreSQL is told about the machine and its work, beyond its own defaults."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

_MEGABYTE = 1024**2


def lines(sockets: Path, data: Path) -> str:
    """Return the settings as lines of a configuration file; `sockets` is where it listens, and nowhere else.

    `data` is a directory on the disk that the base is on.
    """
    log = _log_megabytes(data)
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "shared_buffers": f"{_shared_megabytes()}MB",
        "max_connections": "100",
        "wal_buffers": "32MB",
        "max_wal_size": f"{log}MB",
        # As much of the log as is written between two checkpoints at full speed. What stays is used again; a new file
        # has to be found room for as it is written, which commits wait for, and after quiet hours all would be new.
        "min_wal_size": f"{log // 2}MB",
        # The keys of new contacts are spread over the whole index, so nearly every page of it goes into the log after
        # each checkpoint. To pack them takes longer than to write them, and of a large base it is most of the import.
        "wal_compression": "off",
        # Else the first gigabytes of the log are written twice: each of its files is filled with zeros when it is
        # begun, which a commit waits for, and with it everybody who waits for the account.
        "wal_init_zero": "off",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
    written = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in settings.items()]
    return "\n".join(written) + "\n"


def _shared_megabytes() -> int:
    """Return a quarter of the memory that this process may use, between 128 megabytes and 4 gigabytes."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(OSError, ValueError):
        memory = min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return max(128, min(4 * 1024, memory // 4 // _MEGABYTE))


def _log_megabytes(data: Path) -> int:
    """Return how large the log may grow between checkpoints: a tenth of the free disk, between 1 and 16 gigabytes."""
    return max(1024, min(16 * 1024, shutil.disk_usage(data).free // 10 // _MEGABYTE))

"""What the embedded PostgreSQL is told about the machine and its work, beyond its own defaults."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def lines(sockets: Path) -> str:
    """Return the settings as lines of a configuration file; `sockets` is where it listens, and nowhere else."""
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
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
    written = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in settings.items()]
    return "\n".join(written) + "\n"


def _shared_megabytes() -> int:
    """Return a quarter of the memory that this process may use, between 128 and 1,024 megabytes."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(OSError, ValueError):
        memory = min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return max(128, min(1024, memory // 4 // 1024**2))

"""What a server does by itself now and then: partitions for the months to come, old sessions away."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable

import structlog

from tokenbase.contract import problems
from tokenbase.store import database, partitions, retention

log = structlog.get_logger()

PAUSE_SECONDS = 3600.0


def keep(base: database.Database, clock: Callable[[], dt.datetime], stopping: threading.Event) -> None:
    """Keep house until told to stop. A database that is away is tried again next time."""
    while True:
        try:
            partitions.ensure(base, clock())
            retention.sweep(base, clock())
        except problems.Unavailable as fault:
            log.warning("housekeeping_postponed", reason=fault.message)
        if stopping.wait(PAUSE_SECONDS):
            return

"""The options that every verb of the server takes: where its base is."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import cyclopts

from tokenbase.ops import logs, settings
from tokenbase.store import database, home


@cyclopts.Parameter(name="*")
@dataclasses.dataclass(frozen=True)
class Place:
    """Where the base is: each option stands above the environment variable of the same setting."""

    database_url: str | None = None
    "An own PostgreSQL 15 or newer (DATABASE_URL); the embedded one when it is not set."
    data_dir: Path | None = None
    "Where the embedded PostgreSQL and the secret are kept (TOKENBASE_DATA_DIR, ./.tokenbase)."
    secret_key: str | None = None
    "Encrypts credentials at rest (TOKENBASE_SECRET_KEY); made and kept in the data directory when it is not set."


def now() -> dt.datetime:
    """Return the time: the one clock of the program."""
    return dt.datetime.now(dt.UTC)


def chosen(place: Place | None, **more: object) -> settings.Settings:
    """Return the settings of this call, and set up the logs."""
    logs.configure()
    for warning in settings.strangers(os.environ):
        sys.stderr.write(f"tokenbase: {warning}\n")
    return settings.load(os.environ, **dataclasses.asdict(place or Place()), **more)


@contextlib.contextmanager
def base(place: Place | None) -> Iterator[database.Database]:
    """Give the database, beside a running server or without one."""
    with home.open_base(chosen(place), os.environ, now()) as opened:
        yield opened

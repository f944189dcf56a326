"""The secret that encrypts credentials at rest: the one set, or one made once and kept in the data directory."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from tokenbase.ops import settings


def load(chosen: settings.Settings) -> str:
    """Return the secret. Two processes that make it at once end with the same one."""
    if chosen.secret_key is not None:
        return chosen.secret_key
    kept = chosen.data_dir / "secret.key"
    chosen.data_dir.mkdir(parents=True, exist_ok=True)
    if not kept.exists():
        made = Path(f"{kept}.{os.getpid()}")
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32))
        with contextlib.suppress(FileExistsError):
            os.link(made, kept)
        made.unlink()
    if not (found := kept.read_text(encoding="utf-8").strip()):
        raise settings.BadSetting(f"{kept} is empty: restore it, or remove it where no app has credentials yet")
    return found

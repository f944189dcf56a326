"""Libraries that only some sources need, and what to install where one is missing."""

from __future__ import annotations

import importlib
from typing import Any

from tokenbase.uploader.faults import BadSource


def needed(module: str, extra: str, reason: str) -> Any:
    """Return a module. Raises BadSource with the extra that has it where it is not installed."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as fault:
        if fault.name is None or fault.name.partition(".")[0] != module.partition(".")[0]:
            raise
        raise BadSource(
            f"{reason}, which needs a library that is not installed: pip install 'tokenbase[{extra}]'"
        ) from None

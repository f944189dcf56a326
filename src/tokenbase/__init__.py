"""Tokenbase: the self-hosted home for a company's mobile push tokens."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenbase.uploader.library import check as check
    from tokenbase.uploader.library import upload as upload
    from tokenbase.uploader.library import verify as verify

__version__ = "0.1.0"

_LIBRARY = frozenset({"upload", "check", "verify"})


def __getattr__(name: str) -> object:
    # Asked for when they are used: the server and its verbs need nothing of the uploader.
    if name in _LIBRARY:
        return getattr(importlib.import_module("tokenbase.uploader.library"), name)
    raise AttributeError(f"module 'tokenbase' has no attribute {name!r}")

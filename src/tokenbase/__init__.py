"""Tokenbase: the self-hosted home for a company's mobile push tokens."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenbase.client.client import Client as Client
    from tokenbase.client.waiting import AsyncClient as AsyncClient
    from tokenbase.uploader.library import check as check
    from tokenbase.uploader.library import upload as upload
    from tokenbase.uploader.library import verify as verify

__version__ = "0.1.0"

_PLACES = {
    "upload": "tokenbase.uploader.library",
    "check": "tokenbase.uploader.library",
    "verify": "tokenbase.uploader.library",
    "Client": "tokenbase.client.client",
    "AsyncClient": "tokenbase.client.waiting",
}


def __getattr__(name: str) -> object:
    # Asked for when they are used: the server and its verbs need nothing of the uploader and the client.
    if name in _PLACES:
        return getattr(importlib.import_module(_PLACES[name]), name)
    raise AttributeError(f"module 'tokenbase' has no attribute {name!r}")

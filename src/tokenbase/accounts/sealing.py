"""Credentials encrypted at rest, with a key derived from the operator's secret."""

from __future__ import annotations

import base64
import hashlib

from cryptography import fernet

from tokenbase.contract import problems


def seal(secret: str, plain: bytes) -> bytes:
    """Return what may be stored."""
    return _cipher(secret).encrypt(plain)


def unseal(secret: str, sealed: bytes) -> bytes:
    """Return what was sealed. Raises BadValue where it was sealed with another secret."""
    try:
        return _cipher(secret).decrypt(sealed)
    except fernet.InvalidToken:
        raise problems.BadValue(
            "the stored credentials were encrypted with another secret: set TOKENBASE_SECRET_KEY to the one they were "
            "stored with, or register the app again"
        ) from None


def _cipher(secret: str) -> fernet.Fernet:
    return fernet.Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"tokenbase credentials {secret}".encode()).digest()))

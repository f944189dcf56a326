"""What the link of a confirmation mail says: whom it is for and until when, signed, so that nobody can make one."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import re
import struct

import msgspec

LIFE = dt.timedelta(days=7)
"""How long a link works after it was asked for."""

_FORM = struct.Struct(">BIQ16sQQ")
_VERSION = 1
_SIGNATURE_BYTES = 32
_TEXT = re.compile(r"[A-Za-z0-9_-]{103}")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_TICK = dt.timedelta(microseconds=1)


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """What a link says. `key` is that of the address in the identity table: no address stands in a URL."""

    account_id: int
    contact_id: int
    key: str
    asked_at: dt.datetime
    expires_at: dt.datetime


def sign(secret: str, link: Link) -> str:
    """Return the text that stands for a link: 103 letters, digits, hyphens and underscores."""
    asked, expires = ((moment - _EPOCH) // _TICK for moment in (link.asked_at, link.expires_at))
    said = _FORM.pack(_VERSION, link.account_id, link.contact_id, bytes.fromhex(link.key), asked, expires)
    return base64.urlsafe_b64encode(said + _signature(secret, said)).rstrip(b"=").decode()


def read(secret: str, text: str) -> Link | None:
    """Return what a text says, None where this installation did not sign it."""
    if not _TEXT.fullmatch(text):
        return None
    found = base64.urlsafe_b64decode(f"{text}=")
    said, signature = found[:-_SIGNATURE_BYTES], found[-_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(secret, said)):
        return None
    version, account_id, contact_id, key, asked, expires = _FORM.unpack(said)
    if version != _VERSION:
        return None
    return Link(
        account_id=account_id,
        contact_id=contact_id,
        key=key.hex(),
        asked_at=_EPOCH + asked * _TICK,
        expires_at=_EPOCH + expires * _TICK,
    )


def _signature(secret: str, said: bytes) -> bytes:
    # A key of its own, so that what is signed here can be used nowhere else.
    key = hashlib.sha256(f"tokenbase confirmation links {secret}".encode()).digest()
    return hmac.digest(key, said, "sha256")

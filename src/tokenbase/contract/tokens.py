"""What a push token's shape tells. It only sorts: no token is refused for its shape, since providers change them."""

from __future__ import annotations

import re

KINDS = ("apns", "fcm", "fid", "gcm", "expo", "url", "unknown")
"""What a token can be: APNs hex, an FCM registration token, a Firebase installation id, an old GCM token, Expo's own,
a web address (WNS, web push), or none of those."""

_HEX = re.compile(r"[0-9A-Fa-f]{64,}")
_FID = re.compile(r"[cdef][A-Za-z0-9_-]{21}")


def kind(value: str) -> str:
    """Return the kind, one of `KINDS`, that the shape of a token shows."""
    if value.startswith(("Expo", "http")):
        if value.startswith(("ExponentPushToken[", "ExpoPushToken[")):
            return "expo"
        if value.startswith(("https://", "http://")):
            return "url"
    # Before what takes longer: these are most of all tokens.
    if ":" in value and "APA91b" in value:
        return "fcm"
    if is_hex(value):
        return "apns"
    if _FID.fullmatch(value):
        return "fid"
    if value.startswith("APA91b"):
        return "gcm"
    return "unknown"


def is_hex(value: str) -> bool:
    """Tell whether a token is hex of 64 characters or more, the only shape that is compared without case."""
    return _HEX.fullmatch(value) is not None


def folded(value: str, kind: str | None = None) -> str:
    """Return the form in which two tokens are compared (contract 2): hex in lower case, all else exactly.

    `kind` is the token's, where it is known already.
    """
    return value.lower() if (is_hex(value) if kind is None else kind == "apns") else value

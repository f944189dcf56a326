"""The API key in a request's headers: the password of HTTP Basic, whatever the user name, or a Bearer token."""

from __future__ import annotations

import base64
import binascii

from tokenbase.contract import problems


def key(authorization: str | None) -> str:
    """Return the key that an Authorization header carries. Raises Unauthorised where there is none."""
    scheme, _, value = (authorization or "").strip().partition(" ")
    value = value.strip()
    if scheme.lower() == "bearer" and value:
        return value
    if scheme.lower() == "basic" and value:
        try:
            _, colon, password = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise problems.Unauthorised("the Authorization header is not Basic base64(user:key)") from None
        if colon and password:
            return password
    raise problems.Unauthorised()

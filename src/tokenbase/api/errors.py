"""Errors on the wire: one table from their kinds to HTTP statuses, and the body that contract 1 gives them."""

from __future__ import annotations

import msgspec

from tokenbase.contract import problems

STATUSES: dict[type[problems.TokenbaseError], int] = {
    problems.BadRequest: 400,
    problems.Unauthorised: 401,
    problems.Forbidden: 403,
    problems.NotFound: 404,
    problems.MethodNotAllowed: 405,
    problems.TooSlow: 408,
    problems.Conflict: 409,
    problems.TooLarge: 413,
    problems.UnsupportedEncoding: 415,
    problems.Overloaded: 429,
    problems.RateLimited: 429,
    problems.InternalError: 500,
    problems.Unavailable: 503,
}

RETRY_SECONDS = {
    problems.Overloaded: "1",
    problems.RateLimited: "1",
    problems.Unavailable: "2",
    problems.GaveWay: "1",
}


def status(fault: problems.TokenbaseError) -> int:
    """Return the HTTP status of an error: its own class's, or that of the nearest class above."""
    return next((STATUSES[kind] for kind in type(fault).__mro__ if kind in STATUSES), 500)


def headers(fault: problems.TokenbaseError) -> dict[str, str]:
    """Return the headers that go with an error."""
    found = {}
    if isinstance(fault, problems.Unauthorised):
        found["WWW-Authenticate"] = 'Basic realm="tokenbase", charset="UTF-8"'
    if (seconds := RETRY_SECONDS.get(type(fault))) is not None:
        found["Retry-After"] = seconds
    return found


def body(fault: problems.TokenbaseError) -> bytes:
    """Return an error's body."""
    return msgspec.json.encode(
        problems.ErrorBody(error_code=fault.code, error_message=fault.message, errors=fault.errors)
    )

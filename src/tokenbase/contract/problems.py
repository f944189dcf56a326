"""How a fault is told: the place, what was wrong and what would be right; and the errors that stop a request."""

from __future__ import annotations

from typing import ClassVar

import msgspec


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fault in what was sent. `path` names the place in the request, such as `contacts[17].channels[0].value`."""

    path: str
    message: str
    index: int | None = None
    code: int | None = msgspec.field(default=None, name="errorCode")
    line: int | None = None
    """Where it came from a file: the line on which the row begins, from 1."""


class ErrorBody(msgspec.Struct, kw_only=True, rename="camel"):
    """The body of every 4xx and 5xx answer. `error_code` is the number of the `TokenbaseError` raised."""

    EXAMPLE: ClassVar[dict[str, object]] = {
        "errorCode": 102,
        "errorMessage": "dedupeOn: required: it names what identifies a contact, one of externalCustomerId, email, …",
        "errors": [{"path": "dedupeOn", "message": "required: it names what identifies a contact, one of …"}],
    }

    error_code: int
    error_message: str
    errors: list[Problem]


class TokenbaseError(Exception):
    """Something went wrong."""

    code = 1
    """A number that never changes its meaning; docs/reference/errors.md lists them."""

    def __init__(self, message: str | None = None, errors: list[Problem] | None = None) -> None:
        """Take `message` in place of the class's docstring; `errors` name the places."""
        self.message = message or (type(self).__doc__ or "").strip()
        self.errors = errors or []
        super().__init__(self.message)


class BadRequest(TokenbaseError):
    """The request cannot be understood."""

    code = 100


class BadJson(BadRequest):
    """The body is not JSON in UTF-8."""

    code = 101


class BadValue(BadRequest):
    """A value in the request is not what it has to be."""

    code = 102


def bad_value(path: str, message: str) -> BadValue:
    """Return the error for one value, whose message begins with its place."""
    return BadValue(f"{path}: {message}", [Problem(path=path, message=message)])


class TooManyContacts(BadRequest):
    """One request may carry at most 3,000 contacts."""

    code = 103


class Unauthorised(TokenbaseError):
    """No valid API key came with the request: send it as the password of HTTP Basic, or as a Bearer token."""

    code = 201


class Forbidden(TokenbaseError):
    """The API key does not have the right to do this."""

    code = 202


class NotFound(TokenbaseError):
    """There is no such thing in this account."""

    code = 301


class MethodNotAllowed(TokenbaseError):
    """The address does not know that method."""

    code = 302


class Conflict(TokenbaseError):
    """The request contradicts what is stored."""

    code = 401


class IdempotencyConflict(Conflict):
    """The Idempotency-Key was used with another body before: take a new key for a new request."""

    code = 402


class TooLarge(TokenbaseError):
    """The body is larger than a request may be."""

    code = 501


class UnsupportedEncoding(TokenbaseError):
    """The body's Content-Encoding is not one of identity, gzip and deflate."""

    code = 502


class TooSlow(TokenbaseError):
    """The body did not arrive in time."""

    code = 503


class Overloaded(TokenbaseError):
    """Too many requests are being worked on: send it again after the seconds that Retry-After names."""

    code = 601


class RateLimited(TokenbaseError):
    """The key has sent more requests than a second may have: wait for the seconds that Retry-After names."""

    code = 603


class Unavailable(TokenbaseError):
    """The database cannot be reached: send it again after the seconds that Retry-After names."""

    code = 602


class GaveWay(Unavailable):
    """Two requests waited for each other, and this one gave way: send it again after a moment."""

    code = 604


class InternalError(TokenbaseError):
    """The server failed on this request. It is in the server's log under the request's id; nothing was stored."""

    code = 901


CONTACT_NOT_AN_OBJECT = 1001
CONTACT_VALUE_OF_WRONG_TYPE = 1002
CONTACT_WITHOUT_CHANNELS = 1003
CONTACT_WITHOUT_IDENTITY = 1004
CHANNEL_TYPE_UNKNOWN = 1005
CHANNEL_VALUE_INVALID = 1006
EXTERNAL_ID_INVALID = 1007
IDENTIFYING_VALUE_INVALID = 1008
CONTACT_ID_UNKNOWN = 1009
CONTACT_DELETED = 1010
ROW_UNREADABLE = 1011
"""The codes of one failed or skipped contact, in `failedContacts[].errorCode` and `skippedContacts[].errorCode`."""

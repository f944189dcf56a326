"""What a request can come to, from the sender's side: not allowed, refused, or to be tried again.

Each has subclasses named by the problem; `errors` name the places in what was sent.
"""

from __future__ import annotations

from tokenbase.contract import problems


class NotAuthorised(problems.TokenbaseError):
    """The server does not accept the API key, or the key may not do this."""

    code = 801


class Unauthorised(NotAuthorised):
    """The server does not know the API key, or it is switched off."""

    code = 811


class Forbidden(NotAuthorised):
    """The API key does not have the right to do this."""

    code = 812


class Refused(problems.TokenbaseError):
    """The server refuses the request: sent again, it would be refused again."""

    code = 802

    def __init__(self, message: str, status: int, errors: list[problems.Problem] | None = None) -> None:
        """Take the server's reason, its HTTP status, and the places that it names."""
        super().__init__(message, errors)
        self.status = status


class BadRequest(Refused):
    """Something in the request is not what it has to be: `errors` say what and where."""

    code = 821


class TooManyContacts(BadRequest):
    """One request may carry at most 3,000 contacts."""

    code = 822


class NotFound(Refused):
    """There is no such thing in this account."""

    code = 823


class Conflict(Refused):
    """The request contradicts what is stored."""

    code = 824


class IdempotencyConflict(Conflict):
    """The Idempotency-Key was used with another body before."""

    code = 825


class TooLarge(Refused):
    """The body is larger than a request may be."""

    code = 826


class TryAgain(problems.TokenbaseError):
    """The server could not answer; the same request may be sent again."""

    code = 803

    def __init__(self, message: str, seconds: float | None = None, unknown: bool = False) -> None:
        """Take the reason, the seconds that the server asks to wait, and whether the request may have been done."""
        super().__init__(message)
        self.seconds = seconds
        self.unknown = unknown


class TooManyRequests(TryAgain):
    """The key has sent more requests than it may, or the server has too much to do."""

    code = 831


class Unavailable(TryAgain):
    """The server cannot reach its database, or is not there for a while."""

    code = 832


REFUSALS: dict[int, type[Refused]] = {400: BadRequest, 404: NotFound, 409: Conflict, 413: TooLarge}
"""By HTTP status."""
REFUSALS_BY_CODE: dict[int, type[Refused]] = {
    problems.TooManyContacts.code: TooManyContacts,
    problems.IdempotencyConflict.code: IdempotencyConflict,
}
"""By the server's own error code, which says more."""

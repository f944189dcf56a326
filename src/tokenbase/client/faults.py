"""What a request can come to, from the sender's side: not allowed, refused, or to be tried again."""

from __future__ import annotations

from tokenbase.contract import problems


class NotAuthorised(problems.TokenbaseError):
    """The server does not accept the API key, or the key may not do this."""

    code = 801


class Refused(problems.TokenbaseError):
    """The server refuses the request: sent again, it would be refused again."""

    code = 802

    def __init__(self, message: str, status: int) -> None:
        """Take the server's reason and its HTTP status."""
        super().__init__(message)
        self.status = status


class TryAgain(problems.TokenbaseError):
    """The server could not answer; the same request may be sent again."""

    code = 803

    def __init__(self, message: str, seconds: float | None = None) -> None:
        """Take the reason, and how many seconds the server asks to wait."""
        super().__init__(message)
        self.seconds = seconds

"""A mail server on loopback that takes, refuses or is silent as a test wants, and what stood in the mails."""

from __future__ import annotations

import email
import re
import socket
import ssl
import time
from collections.abc import Callable
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from server import Account


class Host:
    """SMTP on a free port. `answers` are given to the mails in turn, 250 after the last."""

    def __init__(
        self, answers: tuple[str, ...] = (), context: ssl.SSLContext | None = None, login: bool = False
    ) -> None:
        self.mails: list[EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.logins: list[tuple[str, str]] = []
        self.secured: list[bool] = []
        self._answers = list(answers)
        more: dict[str, Any] = {}
        if context is not None:
            more = {"tls_context": context, "require_starttls": True}
        if login:
            more |= {"authenticator": self._login, "auth_required": True}
        self.controller = Controller(self, hostname="127.0.0.1", port=0, **more)
        self.controller.port = _free()
        self.controller.start()
        self.port = self.controller.port

    def _login(self, server: Any, session: Any, envelope: Any, mechanism: str, said: Any) -> AuthResult:
        assert isinstance(said, LoginPassword)
        self.logins.append((said.login.decode(), said.password.decode()))
        return AuthResult(success=said.password == b"right")

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = self._answers.pop(0) if self._answers else "250 OK"
        if answer.startswith("250"):
            self.mails.append(parsed(envelope.content))
            self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
            self.secured.append(session.ssl is not None)
        return answer

    def close(self) -> None:
        self.controller.stop()


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def parsed(content: bytes) -> EmailMessage:
    found = email.message_from_bytes(content, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def files(directory: Path) -> list[EmailMessage]:
    """The mails that stand in a data directory."""
    return [parsed(path.read_bytes()) for path in sorted((directory / "mail").glob("*.eml"))]


def until(found: Callable[[], Any], seconds: float = 30) -> Any:
    """What is found, once it is there."""
    deadline = time.monotonic() + seconds
    while not (there := found()):
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)
    return there


def mail_to(account: Account, address: str, count: int = 1) -> EmailMessage:
    """The last of the mails to an address, once there are so many."""
    directory = Path(account.server.environ["TOKENBASE_DATA_DIR"])

    def found() -> list[EmailMessage]:
        mails = [mail for mail in files(directory) if mail["To"] == address]
        return mails if len(mails) >= count else []

    mails: list[EmailMessage] = until(found)
    assert len(mails) == count
    return max(mails, key=lambda mail: str(mail["Date"]))


def link(mail: EmailMessage) -> str:
    """The link in a mail."""
    (found,) = re.findall(r"^https?://\S+", mail.get_content(), re.M)
    return str(found)

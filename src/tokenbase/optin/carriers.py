"""Who takes mails: an SMTP server, or a directory of .eml files where none is set."""

from __future__ import annotations

import os
import smtplib
import ssl
from email import message
from pathlib import Path
from typing import Protocol

import msgspec

SECONDS = 10.0
"""How long an SMTP server may be silent."""


class Refused(Exception):
    """The mail server will never take this mail, however often it is tried."""


class Carrier(Protocol):
    """Takes mails."""

    def hand_over(self, mail: message.EmailMessage) -> None:
        """Hand a mail over. Raises Refused where trying again is of no use, and OSError for everything else."""


class Directory(msgspec.Struct, frozen=True):
    """Writes each mail into a file of its own. The same mail again takes the place of the first."""

    path: Path

    def hand_over(self, mail: message.EmailMessage) -> None:
        """Write a mail to disk."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = str(mail["Message-ID"]).strip("<>").partition("@")[0]
        made = self.path / f".{name}.{os.getpid()}"
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(mail.as_bytes())
            file.flush()
            os.fsync(file.fileno())
        made.replace(self.path / f"{name}.eml")


class Smtp(msgspec.Struct, frozen=True, kw_only=True):
    """Hands each mail to an SMTP server on a connection of its own. `security` is starttls, tls or none."""

    host: str
    port: int
    security: str
    user: str | None
    password: str | None

    def hand_over(self, mail: message.EmailMessage) -> None:
        """Send a mail."""
        domain = mail["From"].addresses[0].domain
        try:
            with self._connect(domain) as session:
                if self.security == "starttls":
                    session.starttls(context=ssl.create_default_context())
                if self.user is not None:
                    session.login(self.user, self.password or "")
                session.send_message(mail)
        except smtplib.SMTPRecipientsRefused as fault:
            code, reason = next(iter(fault.recipients.values()))
            raise _said(code, reason) from None
        except smtplib.SMTPDataError as fault:
            raise _said(fault.smtp_code, fault.smtp_error) from None

    def _connect(self, domain: str) -> smtplib.SMTP:
        # The name to greet with is given, so that none is looked up.
        if self.security == "tls":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self.host, self.port, domain, timeout=SECONDS, context=context)
        return smtplib.SMTP(self.host, self.port, domain, timeout=SECONDS)


def _said(code: int, reason: bytes | str) -> Exception:
    text = reason.decode("utf-8", errors="replace") if isinstance(reason, bytes) else reason
    # 5xx is for good (RFC 5321, 4.2.1).
    return (Refused if code >= 500 else OSError)(f"{code} {text}")

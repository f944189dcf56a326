"""The confirmation mail itself: plain text with one link. Every header is built by the standard library, which lets no
line break into one.
"""

from __future__ import annotations

import datetime as dt
from email import headerregistry, message, policy, utils

import email_validator

from tokenbase.optin import links

CONFIRM_PATH = "/confirm/"
"""Where the page of the link stands below the public address."""

_TEXT = """\
Somebody, you we hope, subscribed {address} to e-mail from {name}.

If that was you, open this page and press the button:

{url}

The link works until {until}. If it was not you, do nothing: without your
word you get no e-mail.
"""


def compose(
    sender: headerregistry.Address,
    address: str,
    name: str,
    public_url: str,
    text: str,
    link: links.Link,
    mail_id: int,
    now: dt.datetime,
) -> message.EmailMessage:
    """Return the mail that asks `address` for the account `name`; `text` is the signed link.

    The same mail has the same Message-ID however often it is tried.
    """
    # Control characters would be refused; the account's name is free text.
    name = " ".join("".join(char if char.isprintable() else " " for char in name).split())
    mail = message.EmailMessage(policy=policy.SMTP)
    mail["From"] = sender
    mail["To"] = _recipient(address)
    mail["Subject"] = f"Please confirm your e-mail address for {name}"
    mail["Date"] = utils.format_datetime(now)
    mail["Message-ID"] = f"<confirmation-{link.account_id}-{mail_id}@{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    until = f"{link.expires_at:%Y-%m-%d %H:%M} UTC"
    body = _TEXT.format(address=address, name=name, url=f"{public_url}{CONFIRM_PATH}{text}", until=until)
    mail.set_content(body, cte="7bit" if body.isascii() else "quoted-printable")
    return mail


def _recipient(address: str) -> headerregistry.Address:
    """Return the address as mail servers take it: the domain in ASCII."""
    found = email_validator.validate_email(address, check_deliverability=False, test_environment=True)
    return headerregistry.Address(username=found.local_part, domain=found.ascii_domain)

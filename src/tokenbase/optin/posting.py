"""Hands waiting mails over, one after another, in a thread of the server: what is under way when it is killed is handed
over again by whoever runs next.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from email import headerregistry

import msgspec
import structlog

from tokenbase.accounts import accounts
from tokenbase.contract import problems
from tokenbase.optin import carriers, confirming, letters, links, outbox
from tokenbase.store import database

log = structlog.get_logger()

IDLE_SECONDS = 1.0
FAULT_SECONDS = 5.0
"""How long nothing is tried after a fault: a mail server that is down would else have every mail's attempts at once."""


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """What mails are made of and who takes them."""

    carrier: carriers.Carrier
    sender: headerregistry.Address
    public_url: str
    secret: Callable[[], str]


def keep(base: database.Database, post: Post, clock: Callable[[], dt.datetime], stopping: threading.Event) -> None:
    """Hand mails over until told to stop. Whatever goes wrong is tried again."""
    while not stopping.is_set():
        try:
            pause = _next(base, post, clock)
        except problems.Unavailable as fault:
            log.warning("mail_postponed", reason=fault.message)
            pause = FAULT_SECONDS
        except Exception:
            log.exception("mail_broke")
            pause = FAULT_SECONDS
        if pause and stopping.wait(pause):
            return


def _next(base: database.Database, post: Post, clock: Callable[[], dt.datetime]) -> float:
    """Hand one mail over, and return how many seconds to wait for the next."""
    mail = outbox.claim(base, clock())
    if mail is None:
        return IDLE_SECONDS
    trace = {"account_id": mail.account_id, "mail_id": mail.id, "attempt": mail.attempts}
    link = links.Link(
        account_id=mail.account_id,
        contact_id=mail.contact_id,
        key=mail.key,
        asked_at=mail.created_at,
        expires_at=mail.created_at + links.LIFE,
    )
    state, address = confirming.look(base, link, clock())
    if state is not confirming.State.OPEN:
        outbox.finish(base, mail, "dropped", f"nothing to ask any more: {state.value}", clock())
        return 0
    try:
        name = accounts.read(base, mail.account_id).name
        text = links.sign(post.secret(), link)
        letter = letters.compose(post.sender, address, name, post.public_url, text, link, mail.id, clock())
        post.carrier.hand_over(letter)
    except problems.Unavailable:
        raise
    except carriers.Refused as fault:
        outbox.finish(base, mail, "failed", _told(fault, address), clock())
        log.warning("mail_refused", **trace)
    except Exception as fault:
        again = outbox.postpone(base, mail, _told(fault, address), clock())
        # The server's own words may repeat the address, which no log has.
        log.warning("mail_not_sent" if again else "mail_given_up", fault=type(fault).__name__, **trace)
        return FAULT_SECONDS
    else:
        outbox.finish(base, mail, "sent", None, clock())
        log.info("mail_sent", **trace)
    return 0


def _told(fault: Exception, address: str) -> str:
    """Return what went wrong, without the address: it goes when its contact is erased, and this stays."""
    return f"{type(fault).__name__}: {fault}".replace(address, "…")

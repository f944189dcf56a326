"""The page behind the link of a confirmation mail. Looking changes nothing, as mail scanners follow links: confirming
is a button. No script, no file from elsewhere, no key; a link that was not signed here never reaches the database.
"""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tokenbase.api import errors, rates, webpages
from tokenbase.contacts import loading
from tokenbase.contract import problems
from tokenbase.optin import confirming, letters, links
from tokenbase.store import database

log = structlog.get_logger()
_Result = TypeVar("_Result")
_STYLE = webpages.style("confirm.css")
_HEADERS = {**webpages.headers(_STYLE, forms="'self'"), "Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
_BODY_BYTES = 4096
"""A form without fields sends none; more is somebody else's."""

_S = confirming.State
_TOLD = {
    _S.CONFIRMED: (200, "Already confirmed", "{address} is confirmed. There is nothing more to do."),
    _S.EXPIRED: (410, "This link has expired", "Subscribe once more, and you get a new one."),
    _S.GONE: (410, "This link no longer works", "Nobody waits for this address to be confirmed any more."),
    _S.UNSUBSCRIBED: (
        410, "This link no longer works",
        "{address} was unsubscribed after this mail was sent. Subscribe once more, and you get a new link.",
    ),
}  # fmt: skip
_DONE = (200, "Thank you", "{address} is confirmed.")
_ASK = (200, "Please confirm", "Is {address} your address, and do you want e-mail there?")
_WRONG = (400, "This is not a valid link", "Copy the whole link from the mail, to its very end.")
_BUTTON = '<form method="post"><button type="submit">Yes, confirm</button></form>'


class Lightly(Protocol):
    """Does small work beside the API's own, in a thread."""

    def __call__(self, work: Callable[[], _Result]) -> Awaitable[_Result]:
        """Return what the work returns."""


def routes(
    base: database.Database,
    clock: Callable[[], dt.datetime],
    limiter: rates.Rates,
    secret: Callable[[], str],
    lightly: Lightly,
) -> list[Route]:
    """Return the one address of the page."""

    async def page(request: Request) -> Response:
        try:
            return await answer(request)
        except problems.TokenbaseError as fault:
            answered = _page(errors.status(fault), "Please try again", "The server cannot answer just now.")
            answered.headers.update(errors.headers(fault))
            return answered
        except Exception:
            log.exception("confirmation_broke")
            return _page(500, "Please try again", "Something went wrong on the server.")

    async def answer(request: Request) -> Response:
        length = request.headers.get("content-length", "0")
        if "transfer-encoding" in request.headers or not length.isdigit() or int(length) > _BODY_BYTES:
            answered = _page(413, "Too much", "This page takes nothing but the press of its button.")
            answered.headers["Connection"] = "close"
            return answered
        link = links.read(secret(), request.path_params["text"])
        if link is None:
            limiter.admit_stranger(0, 0)
            return _page(*_WRONG)
        limiter.admit_stranger(link.account_id, link.contact_id)
        confirms = request.method == "POST"
        act = confirming.confirm if confirms else confirming.look
        account_id = link.account_id
        state, address = await lightly(lambda: loading.persist(base, account_id, lambda: act(base, link, clock())))
        if state is not _S.OPEN:
            return _page(*_TOLD[state], address=address)
        if confirms:
            log.info("confirmed", account_id=link.account_id, contact_id=link.contact_id)
            return _page(*_DONE, address=address)
        return _page(*_ASK, address=address, more=_BUTTON)

    return [Route(f"{letters.CONFIRM_PATH}{{text}}", page, methods=["GET", "POST"])]


def _page(status: int, title: str, text: str, address: str = "", more: str = "") -> Response:
    said = html.escape(text.format(address=address))
    content = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><h1>{title}</h1><p>{said}</p>{more}</body></html>\n"
    )
    return Response(content, status, _HEADERS, "text/html; charset=utf-8")

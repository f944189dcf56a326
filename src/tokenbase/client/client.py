"""The client of the API, typed. Works with any server of the API: what only ours answers is optional here, but for the
contacts that are read as `ContactCard`. Safe to use from several threads.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Unpack

import httpx2

import tokenbase
from tokenbase.client import answers, asking, faults, retrying
from tokenbase.client.answers import Failed, FieldName, Imported, Mapped, Moved, Notice, Status
from tokenbase.contract import limits
from tokenbase.contract.answers import Saved
from tokenbase.contract.apps import Muted
from tokenbase.contract.cards import ContactCard
from tokenbase.contract.exports import ContactExport, Erasure
from tokenbase.contract.segments import Segment, SegmentCard
from tokenbase.contract.subscriptions import Warned

__all__ = ["Client", "Failed", "FieldName", "Imported", "Mapped", "Moved", "Notice", "Status", "settings"]


def settings(url: str, key: str, timeout: float, connections: int) -> dict[str, Any]:
    """Return what both clients give to the HTTP library."""
    return {
        "base_url": url.rstrip("/").removesuffix("/api"),
        "auth": httpx2.BasicAuth("", key),
        "timeout": httpx2.Timeout(timeout, connect=10.0),
        "limits": httpx2.Limits(max_connections=connections, max_keepalive_connections=connections),
        "headers": {"User-Agent": f"tokenbase/{tokenbase.__version__}", "Accept": "application/json"},
    }


class Client:
    """A connection to a server of the API. Each method raises what client/faults.py has."""

    def __init__(
        self,
        url: str,
        key: str,
        timeout: float = 120.0,
        connections: int = 8,
        retries: int = 5,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        """Take the server's base URL, with or without /api at its end, and an API key. `timeout` is in seconds.

        What may pass is tried again up to `retries` times, after what Retry-After says or longer and longer pauses.
        """
        self._http = httpx2.Client(**settings(url, key, timeout, connections))
        self._retries = retries
        self._wait = wait

    def __enter__(self) -> Client:
        """Give itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        """Close the connections."""
        self._http.close()

    def import_contacts(
        self,
        people: Iterable[asking.Sendable],
        dedupe_on: str = "externalCustomerId",
        *,
        idempotency_key: str | None = None,
        **options: Unpack[asking.Options],
    ) -> Imported:
        """Add and update up to 3,000 contacts; sent again under one key, they are stored once."""
        return self._run(asking.contacts(people, dedupe_on, options, idempotency_key))

    def import_status(self, session_id: str, first: int = 0) -> Status:
        """Ask how far an import is, and what became of each contact.

        Of an import by link at most 3,000 rows are told, from the one with the index `first` on.
        """
        return self._run(asking.import_status(session_id, first))

    def save(self, contact: asking.Sendable) -> Saved:
        """Add one contact, or update the one that it is."""
        return self._run(asking.save(contact))

    def update(self, contact_id: int, contact: asking.Sendable) -> Saved:
        """Update one contact. Raises NotFound, and Conflict for an external id of another."""
        return self._run(asking.update(contact_id, contact))

    def read(self, external_id: str) -> ContactCard:
        """Ask for everything held of a contact. Raises NotFound."""
        return self._run(asking.card(external_id))

    def read_by_id(self, contact_id: int) -> ContactCard:
        """Ask for everything held of the contact with an id of the server's. Raises NotFound."""
        return self._run(asking.card_by_id(contact_id))

    def delete(self, external_id: str, *, erase: bool = False) -> None:
        """Delete a contact so that it can come back, or erase it for good. Raises NotFound."""
        self._run(asking.delete(external_id, erase))

    def import_link(
        self, link: str, dedupe_on: str = "externalCustomerId", **options: Unpack[asking.LinkOptions]
    ) -> str:
        """Let the server fetch a CSV and import it in the background; give the session to ask `import_status` for."""
        return self._run(asking.link(link, dedupe_on, options)).async_session_id

    def export(self, external_id: str) -> ContactExport:
        """Ask for everything held about a contact, its events and subscriptions too. Raises NotFound."""
        return self._run(asking.export(external_id))

    def export_by_id(self, contact_id: int) -> ContactExport:
        """Ask for everything held about the contact with an id of the server's. Raises NotFound."""
        return self._run(asking.export_by_id(contact_id))

    def erasures(self, external_id: str | None = None, contact_id: int | None = None) -> Iterator[Erasure]:
        """Yield who was erased for good and when: all, or who had an external id or an id of the server's."""
        return self._pages(functools.partial(asking.erasures, external_id, contact_id))

    def subscribe(self, contact: asking.Sendable, groups: Sequence[str] = (), form_type: str | None = None) -> Saved:
        """Add or update somebody who subscribes; they are asked by mail to confirm their address."""
        return self._run(asking.subscribe(contact, groups, form_type))

    def unsubscribe(self, emails: Iterable[str]) -> Warned:
        """Note that the owners of up to 3,000 addresses want no e-mail; what is no address is passed over and told."""
        return self._run(asking.unsubscribed(emails, "add"))

    def resubscribe(self, emails: Iterable[str]) -> Warned:
        """Take that note back."""
        return self._run(asking.unsubscribed(emails, "delete"))

    def mute(self, app: str, tokens: Iterable[str]) -> Muted:
        """Send nothing to up to 3,000 tokens of an app until they are unmuted; those there are not are told."""
        return self._run(asking.mute(app, tokens, "mute"))

    def unmute(self, app: str, tokens: Iterable[str]) -> Muted:
        """Send to tokens of an app again."""
        return self._run(asking.mute(app, tokens, "unmute"))

    def token_owner(self, app: str, token: str) -> int:
        """Ask whose a token of an app is. Raises NotFound where it is nobody's."""
        return self._run(asking.token_owner(app, token))["contactId"]

    def token_active(self, app: str, token: str) -> bool:
        """Ask whether a token of an app may be sent to. Raises NotFound."""
        return self._run(asking.token_active(app, token)).active

    def set_token_active(self, app: str, token: str, active: bool) -> None:
        """Switch a token of an app on or off. Raises NotFound where no contact has it."""
        self._run(asking.token_active(app, token, active))

    def fields(self) -> list[FieldName]:
        """Ask which additional fields there are."""
        return self._run(asking.fields())

    def create_field(self, name: str) -> FieldName:
        """Make an additional field for texts."""
        return self._run(asking.create_field(name))

    def search(self, **sought: Unpack[asking.Sought]) -> Iterator[ContactCard]:
        """Yield the contacts that fit, page by page as they are wanted."""
        return self._pages(functools.partial(asking.search, sought))

    def segments(self, name: str | None = None) -> Iterator[Segment]:
        """Yield the segments, or those with a text in their name."""
        return self._pages(functools.partial(asking.segments, name))

    def segment(self, segment_id: int) -> SegmentCard:
        """Ask for a segment and its conditions. Raises NotFound."""
        return self._run(asking.segment(segment_id))

    def create_segment(self, name: str, conditions: asking.Conditions | None = None) -> SegmentCard:
        """Make a segment: a dynamic one where there are conditions, else a list. Raises Conflict for a taken name."""
        return self._run(asking.create_segment(name, conditions))

    def change_segment(
        self, segment_id: int, name: str | None = None, conditions: asking.Conditions | None = None
    ) -> Segment:
        """Give a segment another name or other conditions. Raises NotFound, and Conflict for a taken name."""
        return self._run(asking.change_segment(segment_id, name, conditions))

    def delete_segment(self, segment_id: int) -> None:
        """Remove a segment; its contacts stay. Raises NotFound."""
        self._run(asking.delete_segment(segment_id))

    def count(self, conditions: asking.Conditions) -> int:
        """Ask how many contacts meet conditions."""
        return self._run(asking.count(conditions)).contacts

    def segment_contacts(self, segment_id: int) -> Iterator[ContactCard]:
        """Yield the contacts in a segment, page by page as they are wanted. Raises NotFound."""
        return self._pages(functools.partial(asking.segment_contacts, segment_id))

    def attach(self, segment_id: int, external_ids: Iterable[str] = (), contact_ids: Iterable[int] = ()) -> Moved:
        """Put up to 500 contacts into a static segment.

        Raises NotFound, Conflict for a dynamic one, BadRequest where nobody is named.
        """
        return self._run(asking.move(segment_id, external_ids, contact_ids, "attach"))

    def detach(self, segment_id: int, external_ids: Iterable[str] = (), contact_ids: Iterable[int] = ()) -> Moved:
        """Take up to 500 contacts out of a static segment. Raises as `attach` does."""
        return self._run(asking.move(segment_id, external_ids, contact_ids, "detach"))

    def empty_segment(self, segment_id: int) -> Moved:
        """Take all contacts out of a static segment. Raises NotFound, and Conflict for a dynamic one."""
        return self._run(asking.empty_segment(segment_id))

    def add_contacts(self, body: bytes, idempotency_key: str) -> Imported:
        """Send a bulk request whose JSON is ready."""
        return self._run(asking.bulk(body, idempotency_key))

    def try_contacts(self, body: bytes) -> Imported:
        """Ask what a bulk request would do. Only for servers that are known to have dry runs: others would do it."""
        return self._run(asking.trial(body))

    def version(self) -> dict[str, Any]:
        """Ask which program answers."""
        return self._run(asking.Ask("GET", "/api/v1/version", dict[str, Any]))

    def contact(self, external_id: str) -> dict[str, Any]:
        """Ask for everything held of the contact with an external id, as it stands on the wire."""
        params = {"externalCustomerId": external_id}
        return self._run(asking.Ask("GET", "/api/v1/contact", dict[str, Any], params=params))

    def contacts(self, first: int, rows: int = 500, segment_id: int | None = None) -> tuple[list[dict[str, Any]], int]:
        """Ask for a page of all contacts, or of those in a segment, the first being 1, and how many there are."""
        headers: dict[str, str] = {}
        path = "/api/v1/contacts" if segment_id is None else f"/api/v1/group/{segment_id}/contacts"
        page = self._run(asking.Ask("GET", path, list[dict[str, Any]], params=asking.page(first, rows)), headers)
        return page, int(headers.get("totalcount", 0))

    def account(self) -> dict[str, Any]:
        """Ask whose key this is."""
        return self._run(asking.Ask("GET", "/api/v1/account/info", dict[str, Any]))

    def _pages(self, page_from: Callable[[int, int], asking.Ask[list[asking.Answer]]]) -> Iterator[asking.Answer]:
        first = 1
        while page := self._run(page_from(first, limits.PAGE_ROWS)):
            yield from page
            if len(page) < limits.PAGE_ROWS:
                return
            first += len(page)

    def _run(self, ask: asking.Ask[asking.Answer], told: dict[str, str] | None = None) -> asking.Answer:
        attempt = 0
        while True:
            try:
                return self._once(ask, told)
            except faults.TryAgain as fault:
                if (seconds := retrying.pause(ask, fault, attempt, self._retries)) is None:
                    raise
            self._wait(seconds)
            attempt += 1

    def _once(self, ask: asking.Ask[asking.Answer], told: dict[str, str] | None) -> asking.Answer:
        headers = dict(ask.headers)
        if ask.body is not None:
            headers["Content-Type"] = "application/json; charset=UTF-8"
        try:
            response = self._http.request(
                ask.method, ask.path, content=ask.body, headers=headers, params=ask.params or None
            )
        except (httpx2.RequestError, httpx2.InvalidURL) as fault:
            raise answers.unreached(fault, self._http.base_url) from fault
        answer = answers.read(response, ask.kind)
        if told is not None:
            told.update(response.headers)
        return answer

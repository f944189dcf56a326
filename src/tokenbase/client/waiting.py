"""The client of the API for asyncio: what client/client.py has, to be awaited."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from types import TracebackType
from typing import Unpack

import httpx2

from tokenbase.client import answers, asking, client, faults, retrying
from tokenbase.client.answers import FieldName, Imported, Moved, Status
from tokenbase.contract import limits
from tokenbase.contract.answers import Saved
from tokenbase.contract.apps import Muted
from tokenbase.contract.cards import ContactCard
from tokenbase.contract.exports import ContactExport, Erasure
from tokenbase.contract.segments import Segment, SegmentCard
from tokenbase.contract.subscriptions import Warned


class AsyncClient:
    """A connection to a server of the API, for one event loop. Each method raises what client/faults.py has."""

    def __init__(
        self,
        url: str,
        key: str,
        timeout: float = 120.0,
        connections: int = 8,
        retries: int = 5,
        wait: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Take what `Client` takes."""
        self._http = httpx2.AsyncClient(**client.settings(url, key, timeout, connections))
        self._retries = retries
        self._wait = wait

    async def __aenter__(self) -> AsyncClient:
        """Give itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def import_contacts(
        self,
        people: Iterable[asking.Sendable],
        dedupe_on: str = "externalCustomerId",
        *,
        idempotency_key: str | None = None,
        **options: Unpack[asking.Options],
    ) -> Imported:
        """Add and update up to 3,000 contacts; sent again under one key, they are stored once."""
        return await self._run(asking.contacts(people, dedupe_on, options, idempotency_key))

    async def import_status(self, session_id: str, first: int = 0) -> Status:
        """Ask how far an import is, and what became of each contact.

        Of an import by link at most 3,000 rows are told, from the one with the index `first` on.
        """
        return await self._run(asking.import_status(session_id, first))

    async def save(self, contact: asking.Sendable) -> Saved:
        """Add one contact, or update the one that it is."""
        return await self._run(asking.save(contact))

    async def update(self, contact_id: int, contact: asking.Sendable) -> Saved:
        """Update one contact. Raises NotFound, and Conflict for an external id of another."""
        return await self._run(asking.update(contact_id, contact))

    async def read(self, external_id: str) -> ContactCard:
        """Ask for everything held of a contact. Raises NotFound."""
        return await self._run(asking.card(external_id))

    async def read_by_id(self, contact_id: int) -> ContactCard:
        """Ask for everything held of the contact with an id of the server's. Raises NotFound."""
        return await self._run(asking.card_by_id(contact_id))

    async def delete(self, external_id: str, *, erase: bool = False) -> None:
        """Delete a contact so that it can come back, or erase it for good. Raises NotFound."""
        await self._run(asking.delete(external_id, erase))

    async def import_link(
        self, link: str, dedupe_on: str = "externalCustomerId", **options: Unpack[asking.LinkOptions]
    ) -> str:
        """Let the server fetch a CSV and import it in the background; give the session to ask `import_status` for."""
        return (await self._run(asking.link(link, dedupe_on, options))).async_session_id

    async def export(self, external_id: str) -> ContactExport:
        """Ask for everything held about a contact, its events and subscriptions too. Raises NotFound."""
        return await self._run(asking.export(external_id))

    async def export_by_id(self, contact_id: int) -> ContactExport:
        """Ask for everything held about the contact with an id of the server's. Raises NotFound."""
        return await self._run(asking.export_by_id(contact_id))

    def erasures(self, external_id: str | None = None, contact_id: int | None = None) -> AsyncIterator[Erasure]:
        """Yield who was erased for good and when: all, or who had an external id or an id of the server's."""
        return self._pages(functools.partial(asking.erasures, external_id, contact_id))

    async def subscribe(
        self, contact: asking.Sendable, groups: Sequence[str] = (), form_type: str | None = None
    ) -> Saved:
        """Add or update somebody who subscribes; they are asked by mail to confirm their address."""
        return await self._run(asking.subscribe(contact, groups, form_type))

    async def unsubscribe(self, emails: Iterable[str]) -> Warned:
        """Note that the owners of up to 3,000 addresses want no e-mail; what is no address is passed over and told."""
        return await self._run(asking.unsubscribed(emails, "add"))

    async def resubscribe(self, emails: Iterable[str]) -> Warned:
        """Take that note back."""
        return await self._run(asking.unsubscribed(emails, "delete"))

    async def mute(self, app: str, tokens: Iterable[str]) -> Muted:
        """Send nothing to up to 3,000 tokens of an app until they are unmuted; those there are not are told."""
        return await self._run(asking.mute(app, tokens, "mute"))

    async def unmute(self, app: str, tokens: Iterable[str]) -> Muted:
        """Send to tokens of an app again."""
        return await self._run(asking.mute(app, tokens, "unmute"))

    async def token_owner(self, app: str, token: str) -> int:
        """Ask whose a token of an app is. Raises NotFound where it is nobody's."""
        return (await self._run(asking.token_owner(app, token)))["contactId"]

    async def token_active(self, app: str, token: str) -> bool:
        """Ask whether a token of an app may be sent to. Raises NotFound."""
        return (await self._run(asking.token_active(app, token))).active

    async def set_token_active(self, app: str, token: str, active: bool) -> None:
        """Switch a token of an app on or off. Raises NotFound where no contact has it."""
        await self._run(asking.token_active(app, token, active))

    async def fields(self) -> list[FieldName]:
        """Ask which additional fields there are."""
        return await self._run(asking.fields())

    async def create_field(self, name: str) -> FieldName:
        """Make an additional field for texts."""
        return await self._run(asking.create_field(name))

    def search(self, **sought: Unpack[asking.Sought]) -> AsyncIterator[ContactCard]:
        """Yield the contacts that fit, page by page as they are wanted."""
        return self._pages(functools.partial(asking.search, sought))

    def segments(self, name: str | None = None) -> AsyncIterator[Segment]:
        """Yield the segments, or those with a text in their name."""
        return self._pages(functools.partial(asking.segments, name))

    async def segment(self, segment_id: int) -> SegmentCard:
        """Ask for a segment and its conditions. Raises NotFound."""
        return await self._run(asking.segment(segment_id))

    async def create_segment(self, name: str, conditions: asking.Conditions | None = None) -> SegmentCard:
        """Make a segment: a dynamic one where there are conditions, else a list. Raises Conflict for a taken name."""
        return await self._run(asking.create_segment(name, conditions))

    async def change_segment(
        self, segment_id: int, name: str | None = None, conditions: asking.Conditions | None = None
    ) -> Segment:
        """Give a segment another name or other conditions. Raises NotFound, and Conflict for a taken name."""
        return await self._run(asking.change_segment(segment_id, name, conditions))

    async def delete_segment(self, segment_id: int) -> None:
        """Remove a segment; its contacts stay. Raises NotFound."""
        await self._run(asking.delete_segment(segment_id))

    async def count(self, conditions: asking.Conditions) -> int:
        """Ask how many contacts meet conditions."""
        return (await self._run(asking.count(conditions))).contacts

    def segment_contacts(self, segment_id: int) -> AsyncIterator[ContactCard]:
        """Yield the contacts in a segment, page by page as they are wanted. Raises NotFound."""
        return self._pages(functools.partial(asking.segment_contacts, segment_id))

    async def attach(self, segment_id: int, external_ids: Iterable[str] = (), contact_ids: Iterable[int] = ()) -> Moved:
        """Put up to 500 contacts into a static segment.

        Raises NotFound, Conflict for a dynamic one, BadRequest where nobody is named.
        """
        return await self._run(asking.move(segment_id, external_ids, contact_ids, "attach"))

    async def detach(self, segment_id: int, external_ids: Iterable[str] = (), contact_ids: Iterable[int] = ()) -> Moved:
        """Take up to 500 contacts out of a static segment. Raises as `attach` does."""
        return await self._run(asking.move(segment_id, external_ids, contact_ids, "detach"))

    async def empty_segment(self, segment_id: int) -> Moved:
        """Take all contacts out of a static segment. Raises NotFound, and Conflict for a dynamic one."""
        return await self._run(asking.empty_segment(segment_id))

    async def _pages(
        self, page_from: Callable[[int, int], asking.Ask[list[asking.Answer]]]
    ) -> AsyncIterator[asking.Answer]:
        first = 1
        while page := await self._run(page_from(first, limits.PAGE_ROWS)):
            for found in page:
                yield found
            if len(page) < limits.PAGE_ROWS:
                return
            first += len(page)

    async def _run(self, ask: asking.Ask[asking.Answer]) -> asking.Answer:
        attempt = 0
        while True:
            try:
                return await self._once(ask)
            except faults.TryAgain as fault:
                if (seconds := retrying.pause(ask, fault, attempt, self._retries)) is None:
                    raise
            await self._wait(seconds)
            attempt += 1

    async def _once(self, ask: asking.Ask[asking.Answer]) -> asking.Answer:
        headers = dict(ask.headers)
        if ask.body is not None:
            headers["Content-Type"] = "application/json; charset=UTF-8"
        try:
            response = await self._http.request(
                ask.method, ask.path, content=ask.body, headers=headers, params=ask.params or None
            )
        except (httpx2.RequestError, httpx2.InvalidURL) as fault:
            raise answers.unreached(fault, self._http.base_url) from fault
        return answers.read(response, ask.kind)

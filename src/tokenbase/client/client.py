"""The requests of the API that the uploader needs, typed. Works with any server of the API: what only ours answers is
optional here. Safe to use from several threads.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import urllib.parse
from typing import Any, TypeVar

import httpx2
import msgspec

import tokenbase
from tokenbase.client import faults

_Answer = TypeVar("_Answer")


class Failed(msgspec.Struct, rename="camel"):
    """A contact that could not be added. A server that does not tell the index leaves it out."""

    index: int | None = None
    external_customer_id: Any = None
    error_code: Any = None
    error_message: str | None = None
    path: str | None = None


class Notice(msgspec.Struct, rename="camel"):
    """A warning, or a contact that was skipped."""

    message: str | None = None
    path: str | None = None
    index: int | None = None
    error_code: Any = None


class Imported(msgspec.Struct, rename="camel"):
    """The answer to a bulk request. The counts are only told by servers that have finished when they answer."""

    async_session_id: str | None = None
    failed_contacts: list[Failed] | None = None
    skipped_contacts: list[Notice] | None = None
    warnings: list[Notice] | None = None
    mapping: list[Mapped] | None = None
    """What a dry run would do to each contact."""
    created: int | None = None
    updated: int | None = None
    unchanged: int | None = None
    restored: int | None = None


class Mapped(msgspec.Struct, rename="camel"):
    """What became of one contact of an import."""

    index: int | None = None
    contact_id: int | None = None
    result: str = ""
    changed: bool | None = None


class Status(msgspec.Struct, rename="camel"):
    """How far an import is."""

    status: str = ""
    mapping: list[Mapped] | None = None
    failed_contacts: list[Failed] | None = None
    created: int | None = None
    updated: int | None = None
    unchanged: int | None = None
    restored: int | None = None


class FieldName(msgspec.Struct):
    """An additional field, as far as it is to be found by its name."""

    id: int
    name: str = ""
    key: str = ""


class Client:
    """A connection to a server of the API."""

    def __init__(self, url: str, key: str, timeout: float = 120.0, connections: int = 8) -> None:
        """Take the server's base URL, with or without /api at its end, and an API key. `timeout` is in seconds."""
        self._http = httpx2.Client(
            base_url=url.rstrip("/").removesuffix("/api"),
            auth=httpx2.BasicAuth("", key),
            timeout=httpx2.Timeout(timeout, connect=10.0),
            limits=httpx2.Limits(max_connections=connections, max_keepalive_connections=connections),
            headers={"User-Agent": f"tokenbase/{tokenbase.__version__}", "Accept": "application/json"},
        )

    def __enter__(self) -> Client:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._http.close()

    def add_contacts(self, body: bytes, idempotency_key: str) -> Imported:
        """Send a bulk request whose JSON is ready."""
        return self._ask("POST", "/api/v1/contacts", Imported, body, {"Idempotency-Key": idempotency_key})

    def try_contacts(self, body: bytes) -> Imported:
        """Ask what a bulk request would do. Only for servers that are known to have dry runs: others would do it."""
        return self._ask("POST", "/api/v1/contacts", Imported, body, params={"dryRun": "true"})

    def version(self) -> dict[str, Any]:
        """Ask which program answers."""
        return self._ask("GET", "/api/v1/version", dict[str, Any])

    def token_owner(self, app: str, token: str) -> int:
        """Ask whose a token of an app is. Raises Refused with 404 where it is nobody's."""
        path = f"/api/v1/contact/token/{app}/{urllib.parse.quote(token, safe='')}/contactId"
        return self._ask("GET", path, dict[str, int])["contactId"]

    def import_status(self, session_id: str) -> Status:
        """Ask how far an import is."""
        return self._ask("GET", f"/api/v1/importstatus/{session_id}", Status)

    def contact(self, external_id: str) -> dict[str, Any]:
        """Ask for everything held of the contact with an external id."""
        return self._ask("GET", "/api/v1/contact", dict[str, Any], params={"externalCustomerId": external_id})

    def set_token_active(self, app: str, token: str, active: bool) -> None:
        """Switch a token of an app on or off. Raises Refused with 404 where no contact has it."""
        path = f"/api/v1/contact/token/activated/{app}/{urllib.parse.quote(token, safe='')}"
        self._ask("PUT", path, dict[str, Any], msgspec.json.encode({"active": active}))

    def fields(self) -> list[FieldName]:
        """Ask which additional fields there are."""
        return self._ask("GET", "/api/v1/additionalfields", list[FieldName])

    def create_field(self, name: str) -> FieldName:
        """Make an additional field for texts."""
        body = msgspec.json.encode({"name": name, "type": "text"})
        return self._ask("POST", "/api/v1/additionalfields", FieldName, body)

    def contacts(self, first: int, rows: int = 500) -> tuple[list[dict[str, Any]], int]:
        """Ask for a page of all contacts, the first being 1, and how many there are."""
        params = {"startindex": str(first), "maxrows": str(rows)}
        headers: dict[str, str] = {}
        page = self._ask("GET", "/api/v1/contacts", list[dict[str, Any]], params=params, told=headers)
        return page, int(headers.get("totalcount", 0))

    def account(self) -> dict[str, Any]:
        """Ask whose key this is."""
        return self._ask("GET", "/api/v1/account/info", dict[str, Any])

    def _ask(
        self,
        method: str,
        path: str,
        kind: type[_Answer],
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
        told: dict[str, str] | None = None,
    ) -> _Answer:
        headers = (
            {"Content-Type": "application/json; charset=UTF-8", **(headers or {})} if body is not None else headers
        )
        try:
            response = self._http.request(method, path, content=body, headers=headers, params=params)
        except httpx2.RequestError as fault:
            raise faults.TryAgain(f"the server at {self._http.base_url} cannot be reached: {_said(fault)}") from fault
        except httpx2.InvalidURL as fault:
            raise faults.Refused(f"{self._http.base_url} is not the address of a server: {fault}", 0) from fault
        if response.status_code in (401, 403):
            raise faults.NotAuthorised(_reason(response))
        if response.status_code in (408, 425, 429) or response.status_code >= 500:
            raise faults.TryAgain(_reason(response), _seconds(response.headers.get("retry-after")))
        if response.status_code >= 300:
            raise faults.Refused(_reason(response), response.status_code)
        if told is not None:
            told.update(response.headers)
        try:
            # Numbers may come as texts from servers that are not ours.
            return msgspec.json.decode(response.content, type=kind, strict=False)
        except msgspec.DecodeError as fault:
            raise faults.Refused(
                f"the server's answer is not one of this API: {fault}", response.status_code
            ) from fault


def _said(fault: Exception) -> str:
    return str(fault) or type(fault).__name__


def _reason(response: httpx2.Response) -> str:
    try:
        told = msgspec.json.decode(response.content, type=dict[str, Any])
    except msgspec.DecodeError:
        told = {}
    reason = told.get("errorMessage") or told.get("message") or response.text[:200].strip()
    return f"HTTP {response.status_code}: {reason}" if reason else f"HTTP {response.status_code}"


def _seconds(retry_after: str | None) -> float | None:
    """Return the seconds that a Retry-After header names, as a number or as a date."""
    if retry_after is None:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        moment = email.utils.parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    # HTTP dates are in GMT, also those that do not say so.
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)
    return max(0.0, (moment - dt.datetime.now(dt.UTC)).total_seconds())

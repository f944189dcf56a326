"""What a server answers, and what a fault of it means. What only our own server tells is optional."""

from __future__ import annotations

import datetime as dt
import email.utils
from typing import Any, TypeVar

import httpx2
import msgspec

from tokenbase.client import faults
from tokenbase.contract import problems

_Answer = TypeVar("_Answer")


class Failed(msgspec.Struct, rename="camel"):
    """A contact that could not be added. A server that does not tell the index leaves it out."""

    index: int | None = None
    external_customer_id: Any = None
    error_code: Any = None
    error_message: str | None = None
    path: str | None = None
    line: int | None = None
    """Of a CSV by link: where it stands."""


class Notice(msgspec.Struct, rename="camel"):
    """A warning, or a contact that was skipped."""

    message: str | None = None
    path: str | None = None
    index: int | None = None
    error_code: Any = None
    line: int | None = None


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
    error: str | None = None
    """Why an import by link ended before its end."""
    mapping: list[Mapped] | None = None
    failed_contacts: list[Failed] | None = None
    skipped_contacts: list[Notice] | None = None
    warnings: list[Notice] | None = None
    total: int | None = None
    created: int | None = None
    updated: int | None = None
    unchanged: int | None = None
    restored: int | None = None
    skipped: int | None = None
    failed: int | None = None


class Moved(msgspec.Struct):
    """How many contacts went into a segment or out of it, and who was passed over."""

    contacts: int | None = None
    warnings: list[problems.Problem] = []


class FieldName(msgspec.Struct):
    """An additional field, as far as it is to be found by its name."""

    id: int
    name: str = ""
    key: str = ""


def read(response: httpx2.Response, kind: type[_Answer]) -> _Answer:
    """Return what a server answered. Raises the fault that its status and its error code stand for."""
    if response.status_code >= 300:
        raise _fault(response)
    try:
        # Numbers may come as texts from servers that are not ours.
        return msgspec.json.decode(response.content, type=kind, strict=False)
    except msgspec.DecodeError as fault:
        raise faults.Refused(f"the server's answer is not one of this API: {fault}", response.status_code) from fault


def unreached(fault: httpx2.RequestError | httpx2.InvalidURL, url: object) -> problems.TokenbaseError:
    """Return the fault of a request that got no answer."""
    if isinstance(fault, httpx2.InvalidURL):
        return faults.Refused(f"{url} is not the address of a server: {fault}", 0)
    said = str(fault) or type(fault).__name__
    # Where no connection was made, nothing was sent.
    unknown = not isinstance(fault, (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout))
    return faults.TryAgain(f"the server at {url} cannot be reached: {said}", unknown=unknown)


def _fault(response: httpx2.Response) -> problems.TokenbaseError:
    status, reason = response.status_code, _reason(response)
    code, places = _told(response)
    if status in (401, 403):
        return faults.Unauthorised(reason) if status == 401 else faults.Forbidden(reason)
    if status in (408, 425, 429) or status >= 500:
        seconds = _seconds(response.headers.get("retry-after"))
        # A proxy that gave up cannot say what the server behind it did.
        kind = {429: faults.TooManyRequests, 503: faults.Unavailable}.get(status, faults.TryAgain)
        return kind(reason, seconds, unknown=status in (500, 502, 504))
    return faults.REFUSALS_BY_CODE.get(code, faults.REFUSALS.get(status, faults.Refused))(reason, status, places)


def _told(response: httpx2.Response) -> tuple[int, list[problems.Problem]]:
    try:
        told = msgspec.json.decode(response.content, type=problems.ErrorBody)
    except msgspec.DecodeError:
        return 0, []
    return told.error_code, told.errors


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

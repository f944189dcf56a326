"""The ASGI application: every request's way from its address to its answer, the same for all.

The key first, then the right, then the body, then the work in a thread; whatever goes wrong is told in one form.
"""

from __future__ import annotations

import datetime as dt
import re
import time
import uuid
from collections.abc import Callable, Mapping
from typing import TypeVar

import anyio.to_thread
import msgspec
import structlog
from anyio import CapacityLimiter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from tokenbase.accounts import keys, rights
from tokenbase.api import (
    bodies,
    confirmations,
    credentials,
    errors,
    operations,
    pages,
    processes,
    rates,
    routes,
    turns,
    working,
)
from tokenbase.api.operations import Slots
from tokenbase.contract import problems
from tokenbase.store import database

log = structlog.get_logger()

_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_Result = TypeVar("_Result")
_JSON = "application/json; charset=UTF-8"


class Api:
    """Everything below /api. So many requests of each sort are worked on at a time as `slots` says."""

    def __init__(
        self,
        base: database.Database,
        clock: Callable[[], dt.datetime],
        limiter: rates.Rates,
        means: operations.Means,
        slots: Mapping[Slots, int],
        importing: processes.Processes,
    ) -> None:
        """Take an open database, the number of slots of each sort, and who works on bulk requests."""
        self._base = base
        self._clock = clock
        self._rates = limiter
        self._means = means
        self._processes = importing
        self._turns = {sort: turns.Turns(many) for sort, many in slots.items()}
        self._budget = bodies.Budget()
        self._threads = CapacityLimiter(sum(slots.values()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        began = time.perf_counter()
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        told = headers.get("x-request-id", "")
        request_id = told if _SANE_ID.fullmatch(told) else uuid.uuid4().hex
        trace: dict[str, object] = {"request_id": request_id, "method": scope["method"], "route": None}
        unread = "content-length" in headers or "transfer-encoding" in headers
        try:
            try:
                operation, path, key = await self._admit(scope, headers, trace)
                async with self._budget.share(bodies.announced(headers)):
                    body = await bodies.read(receive)
                    unread = False
                    call = operations.Call(
                        database=self._base,
                        account_id=key.account_id,
                        path=path,
                        query=operations.query(operation, scope["query_string"]),
                        headers=headers,
                        body=body if operation.takes is not None else b"",
                        means=self._means,
                        clock=self._clock,
                    )
                    answer = await self._work(operation, call)
            except problems.TokenbaseError as fault:
                answer = _fault(fault, scope)
                if answer.status >= 500:
                    log.warning("request_failed", reason=fault.message, cause=repr(fault.__cause__), **trace)
            except bodies.HungUp:
                log.info("request", status="hung up", **trace)
                return
            except Exception:
                log.exception("request_broke", **trace)
                answer = _fault(problems.InternalError(), scope)
            await _send(scope, send, answer, request_id, close=unread)
            if unread and "expect" not in headers:
                known = "account_id" in trace
                await bodies.drain(receive, bodies.DRAIN_BYTES if known else bodies.STRANGERS_DRAIN_BYTES)
            if unread:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            log.info("request", status=answer.status, ms=round((time.perf_counter() - began) * 1000, 1), **trace)
        except OSError:
            log.info("request", status="hung up", **trace)

    async def _admit(
        self, scope: Scope, headers: Mapping[str, str], trace: dict[str, object]
    ) -> tuple[operations.Operation, dict[str, str], keys.Key]:
        """Return what to do for whom. Raises what keeps the request out, before a byte of its body is read."""
        secret = credentials.key(headers.get("authorization"))
        async with self._turns[Slots.LIGHT]:
            key = await self._in_thread(lambda: keys.authenticate(self._base, secret, self._clock()))
        trace["account_id"] = key.account_id
        found = routes.find(scope.get("raw_path", scope["path"].encode()).decode("latin-1"))
        if found is None:
            raise problems.NotFound("there is no such address; docs/reference/api.md lists those there are")
        trace["route"], path = found
        operation = routes.operation(found[0], scope["method"])
        if operation is None:
            raise problems.MethodNotAllowed(f"this address knows {', '.join(routes.methods(found[0]))}")
        if not rights.allows(key.rights, operation.needs):
            raise problems.Forbidden(f'a key with the right "{key.rights}" may not do this ({operation.needs.value})')
        self._rates.admit(key.account_id, key.id, operation)
        return operation, path, key

    async def _work(self, operation: operations.Operation, call: operations.Call) -> operations.Answer:
        if operation.slots is Slots.LIGHT and operation.method != "GET":
            self._turns[Slots.IMPORT].cede()
        async with self._turns[operation.slots]:
            if operation.slots is Slots.IMPORT:
                return await self._processes.work(operation, call)
            return await self._in_thread(lambda: working.work(operation, call))

    async def lightly(self, work: Callable[[], _Result]) -> _Result:
        """Do something small in a slot of the light requests. Raises Overloaded where none is free in time."""
        async with self._turns[Slots.LIGHT]:
            return await self._in_thread(work)

    async def _in_thread(self, work: Callable[[], _Result]) -> _Result:
        return await anyio.to_thread.run_sync(work, limiter=self._threads)


class _Name(bytes):
    """A header's name that uvicorn sends as it is written: old clients look for `TotalCount` to the letter.

    Those that uvicorn itself looks for have to be written in lower case.
    """

    def lower(self) -> bytes:
        return self


def _fault(fault: problems.TokenbaseError, scope: Scope) -> operations.Answer:
    found = errors.headers(fault)
    if isinstance(fault, problems.MethodNotAllowed):
        place = routes.find(scope.get("raw_path", scope["path"].encode()).decode("latin-1"))
        found["Allow"] = ", ".join(routes.methods(place[0])) if place else ""
    return operations.Answer(body=errors.body(fault), status=errors.status(fault), headers=found)


async def _send(scope: Scope, send: Send, answer: operations.Answer, request_id: str, close: bool) -> None:
    """Send an answer; with `close` the connection ends after it, and the caller has to end the body."""
    body = answer.body if answer.value is msgspec.UNSET else msgspec.json.encode(answer.value)
    headers = {"Content-Type": _JSON, "X-Request-Id": request_id, **answer.headers, "content-length": str(len(body))}
    if close:
        headers["connection"] = "close"
    raw = [(_Name(name.encode("latin-1")), value.encode("latin-1")) for name, value in headers.items()]
    start: Message = {"type": "http.response.start", "status": answer.status, "headers": raw}
    await send(start)
    content = b"" if scope["method"] == "HEAD" else body
    await send({"type": "http.response.body", "body": content, "more_body": close})


def create(
    base: database.Database,
    clock: Callable[[], dt.datetime],
    limiter: rates.Rates,
    means: operations.Means,
    slots: Mapping[Slots, int],
    importing: processes.Processes,
) -> Starlette:
    """Return the whole application: the API, and what tells an operator how the server is.

    It needs a connection of `base` for each slot but those of imports, and one more to hand out ids.
    """

    async def alive(request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def ready(request: Request) -> Response:
        try:
            await anyio.to_thread.run_sync(base.ping)
        except problems.Unavailable as fault:
            return PlainTextResponse(f"{fault.message}\n", status_code=503)
        return PlainTextResponse("ready\n")

    api = Api(base, clock, limiter, means, slots, importing)
    confirming = confirmations.routes(base, clock, limiter, means.secret, api.lightly)
    app = Starlette(routes=[Route("/healthz", alive), Route("/readyz", ready), *pages.ROUTES, *confirming])
    app.router.default = api
    return app

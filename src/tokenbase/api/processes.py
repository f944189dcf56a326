"""Bulk requests are worked on in processes of their own.

Reading a batch keeps an interpreter busy for as long as it takes, so in the process that listens it would hold up every
other request, and a second batch as well. That process only hands the request over and waits for the answer.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import multiprocessing
from collections.abc import Callable, Mapping
from concurrent import futures
from concurrent.futures import process
from typing import cast

import msgspec
import structlog

from tokenbase.api import operations, routes, working
from tokenbase.contract import problems
from tokenbase.ops import children
from tokenbase.store import database

log = structlog.get_logger()

CONNECTIONS = 2
"""The database connections of each process: that of its request, and one to take ids from."""
END_SECONDS = 5
"""How long a process may take to end once the server has given up waiting for its request."""


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """What a process needs to work on requests as the one that listens would; all of it can be pickled."""

    database_url: str
    means: operations.Means
    clock: Callable[[], dt.datetime]


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it is handed over: the operation by its place in the table, and what `operations.Call` has."""

    method: str
    route: str
    account_id: int
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class Processes:
    """So many processes at most, each begun when a request first needs it. Belongs to one event loop.

    Each is a pool of one: a pool ends all of its processes when one is killed, and theirs heed no signal.
    """

    def __init__(self, many: int, means: Means) -> None:
        """Take the number of processes, which is that of the requests at a time, and what they need."""
        self._means = means
        self._free = [self._begin() for _ in range(many)]

    async def work(self, operation: operations.Operation, call: operations.Call) -> operations.Answer:
        """Do what a request asks for in one of the processes. Raises Unavailable where that process was ended."""
        task = Task(
            method=operation.method,
            route=operation.path,
            account_id=call.account_id,
            path=call.path,
            query=call.query,
            headers=call.headers,
            body=call.body,
        )
        pool = self._free.pop()
        answer = None
        try:
            try:
                answer = pool.submit(_work, task)
            except process.BrokenProcessPool:
                # It was ended while it had nothing to do.
                pool = self._begin()
                answer = pool.submit(_work, task)
            return cast(operations.Answer, await asyncio.wrap_future(answer))
        except process.BrokenProcessPool as fault:
            log.error("import_process_ended", cure="another is begun")
            pool = self._begin()
            raise problems.Unavailable("the process that worked on it was ended: send it again") from fault
        except OSError as fault:
            if answer is not None:
                raise
            # The request is in the pool by now, which would work on it later.
            pool = self._begin()
            raise problems.Unavailable("no process can be begun to work on it: send it again") from fault
        finally:
            self._free.append(pool)

    def close(self) -> None:
        """End the processes. A request that is still under way, which nobody waits for any more, is undone."""
        for pool in self._free:
            pool.shutdown(wait=False, cancel_futures=True)
        for one in multiprocessing.active_children():
            one.join(END_SECONDS)
            one.kill()

    def _begin(self) -> futures.ProcessPoolExecutor:
        # Not forked: threads that hold locks would be missing in the copy.
        fresh = multiprocessing.get_context("spawn")
        return futures.ProcessPoolExecutor(1, mp_context=fresh, initializer=_start, initargs=(self._means,))


_means: Means | None = None
_base: database.Database | None = None


def _start(means: Means) -> None:
    """Make this process one that works on requests until the one that listens ends."""
    global _means
    _means = means
    children.settle()


class _Done:
    """An answer that arrives as itself, with what is to be freed once it is sent: the pool drops a result only then."""

    def __init__(self, answer: operations.Answer, leftovers: list[object]) -> None:
        self._answer = answer
        self._leftovers = leftovers

    def __reduce__(self) -> tuple[Callable[[operations.Answer], operations.Answer], tuple[operations.Answer]]:
        return _itself, (self._answer,)


def _itself(answer: operations.Answer) -> operations.Answer:
    return answer


def _work(task: Task) -> _Done:
    global _base
    assert _means is not None
    if _base is None:
        try:
            _base = database.connect(_means.database_url, size=CONNECTIONS)
        except problems.Unavailable as fault:
            # What the driver says of the way to the database is not for whoever sent the request.
            raise problems.Unavailable() from fault
    operation = routes.operation(task.route, task.method)
    assert operation is not None
    call = operations.Call(
        database=_base,
        account_id=task.account_id,
        path=task.path,
        query=task.query,
        headers=task.headers,
        body=task.body,
        means=_means.means,
        clock=_means.clock,
    )
    return _Done(working.work(operation, call), call.leftovers)

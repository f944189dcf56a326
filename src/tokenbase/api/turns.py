"""Turns of requests: those of one sort are worked on a few at a time, first come, first served.

Bulk requests cede to single ones. Each keeps a process and a database session busy, so as many as there are processors
leave none to whoever sends one contact and waits for it.
"""

from __future__ import annotations

import asyncio

import anyio

from tokenbase.contract import problems

TURN_SECONDS = 15.0
"""How long a request waits for its turn before it is told to come again."""
CEDED_SECONDS = 1.0
"""How long bulk requests stand back after a single one."""


class Turns:
    """So many at a time; to enter is to wait for a turn, to leave is to give it back. Belongs to one event loop."""

    def __init__(self, many: int) -> None:
        """Take the number of turns at a time."""
        self._many = many
        self._limiter = anyio.CapacityLimiter(many)
        self._ceded: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> None:
        """Wait for a turn. Raises Overloaded when none comes in time."""
        try:
            with anyio.fail_after(TURN_SECONDS):
                await self._limiter.acquire()
        except TimeoutError:
            raise problems.Overloaded() from None

    async def __aexit__(self, *_: object) -> None:
        """Give the turn back."""
        self._limiter.release()

    def cede(self) -> None:
        """For a second give no more than half of the turns, though always one; those that have one keep it."""
        if self._ceded is not None:
            self._ceded.cancel()
        self._limiter.total_tokens = max(1, self._many // 2)
        self._ceded = asyncio.get_running_loop().call_later(CEDED_SECONDS, self._resume)

    def _resume(self) -> None:
        self._limiter.total_tokens = self._many

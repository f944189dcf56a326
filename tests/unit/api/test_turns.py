"""Turns: a bounded number at a time, in order, and half as many while single contacts come in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from unittest import mock

import pytest

from tokenbase.api import turns
from tokenbase.contract import problems


class Requests:
    """Requests that wait for a turn, and keep it until they are told to go."""

    def __init__(self, given: turns.Turns) -> None:
        self.begun: list[str] = []
        self._given = given
        self._ends: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def come(self, *names: str) -> None:
        """Have requests ask for a turn, in this order."""
        for name in names:
            self._ends[name] = asyncio.Event()
            self._tasks[name] = asyncio.create_task(self._work(name))
            await settled()

    async def go(self, *names: str) -> None:
        """Have requests give their turns back."""
        for name in names:
            self._ends[name].set()
            await self._tasks[name]
            await settled()

    async def hang_up(self, name: str) -> None:
        """Have a request end before its time."""
        self._tasks[name].cancel()
        await settled()

    async def _work(self, name: str) -> None:
        async with self._given:
            self.begun.append(name)
            await self._ends[name].wait()


async def settled() -> None:
    """Give everything that can go on the time to."""
    for _ in range(10):
        await asyncio.sleep(0)


def run(many: int, story: Callable[[turns.Turns, Requests], Awaitable[None]]) -> None:
    """Run a story of so many turns at a time."""

    async def told() -> None:
        given = turns.Turns(many)
        await story(given, Requests(given))

    asyncio.run(told())


def test_so_many_have_a_turn_and_the_others_follow_in_order() -> None:
    async def story(_: turns.Turns, requests: Requests) -> None:
        await requests.come("a", "b", "c", "d")
        assert requests.begun == ["a", "b"]
        await requests.go("b")
        assert requests.begun == ["a", "b", "c"]
        await requests.go("a", "c", "d")
        assert requests.begun == ["a", "b", "c", "d"]

    run(2, story)


def test_whoever_gives_up_waiting_takes_no_turn() -> None:
    async def story(_: turns.Turns, requests: Requests) -> None:
        await requests.come("a", "b", "c")
        await requests.hang_up("b")
        await requests.go("a")
        assert requests.begun == ["a", "c"]
        await requests.hang_up("c")
        await requests.come("d")
        assert requests.begun == ["a", "c", "d"]
        await requests.go("d")

    run(1, story)


def test_after_a_single_contact_half_as_many_have_a_turn() -> None:
    async def story(given: turns.Turns, requests: Requests) -> None:
        await requests.come("a", "b", "c", "d")
        given.cede()
        await requests.come("e", "f")
        await requests.go("a", "b")
        assert requests.begun == ["a", "b", "c", "d"], "who had a turn kept it"
        await requests.go("c")
        assert requests.begun == ["a", "b", "c", "d", "e"]
        await requests.go("d", "e", "f")

    run(4, story)


@pytest.mark.parametrize("many", [1, 2, 3])
def test_one_always_has_a_turn(many: int) -> None:
    async def story(given: turns.Turns, requests: Requests) -> None:
        given.cede()
        await requests.come("a", "b")
        assert requests.begun == ["a"]
        await requests.go("a", "b")
        assert requests.begun == ["a", "b"]

    run(many, story)


def test_all_have_turns_again_once_no_single_contact_comes() -> None:
    async def story(given: turns.Turns, requests: Requests) -> None:
        await requests.come("a", "b", "c", "d")
        began = time.monotonic()
        given.cede()
        given.cede()
        while given._limiter.total_tokens < 2:
            await asyncio.sleep(0.01)
        assert time.monotonic() - began >= 0.45
        assert requests.begun == ["a", "b"], "no more than there are turns"
        given.cede()
        await requests.go("a")
        assert requests.begun == ["a", "b"]
        await requests.go("b")
        assert requests.begun == ["a", "b", "c"]
        await asyncio.sleep(0.7)
        assert requests.begun == ["a", "b", "c", "d"]
        await requests.go("c", "d")

    with mock.patch.object(turns, "CEDED_SECONDS", 0.5):
        run(2, story)


def test_each_single_contact_makes_them_stand_back_anew() -> None:
    async def story(given: turns.Turns, requests: Requests) -> None:
        given.cede()
        first = given._ceded
        await asyncio.sleep(0.01)
        given.cede()
        second = given._ceded
        assert first is not None
        assert second is not None
        assert first.cancelled()
        assert not second.cancelled()
        assert second.when() > first.when()
        second.cancel()

    run(2, story)


def test_whoever_waits_too_long_is_told_to_come_again() -> None:
    async def story(_: turns.Turns, requests: Requests) -> None:
        await requests.come("a")
        with pytest.raises(problems.Overloaded):
            await requests._work("b")
        assert requests.begun == ["a"]
        await requests.go("a")
        await requests.come("c")
        assert requests.begun == ["a", "c"]
        await requests.go("c")

    with mock.patch.object(turns, "TURN_SECONDS", 0.05):
        run(1, story)

"""How many requests are under way at once: learned from answers, bounded by what was asked for."""

from __future__ import annotations

import time

import pytest

from tokenbase.uploader import pace


def test_quick_answers_make_room_up_to_the_most() -> None:
    learned = pace.Pace(6, None)
    assert learned.slots == 2
    for _ in range(40):
        learned.answered(0.1)
    assert learned.slots == 6


def test_one_is_never_more_than_one() -> None:
    learned = pace.Pace(1, None)
    for _ in range(10):
        learned.answered(0.1)
    assert learned.slots == 1


def test_a_refusal_halves_and_those_of_one_moment_count_once() -> None:
    learned = pace.Pace(16, None)
    for _ in range(200):
        learned.answered(0.1)
    for _ in range(5):
        learned.refused()
    assert learned.slots == 8


def test_there_is_always_room_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    learned = pace.Pace(8, None)
    moments = iter(range(0, 1000, 10))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(moments)))
    for _ in range(20):
        learned.refused()
    assert learned.slots == 1
    learned.answered(0.1)
    learned.answered(0.1)
    assert learned.slots == 2


def test_answers_that_become_slow_make_room_for_fewer_and_slow_servers_are_not_blamed() -> None:
    learned = pace.Pace(8, None)
    for _ in range(100):
        learned.answered(5.0)
    assert learned.slots == 8
    quick = pace.Pace(8, None)
    for _ in range(100):
        quick.answered(0.2)
    quick.answered(9.0)
    assert quick.slots == 6


def test_rows_wait_for_their_turn_when_there_is_a_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    learned = pace.Pace(4, 1_000.0)
    assert [learned.delay(3_000), learned.delay(500), learned.delay(1)] == [0.0, 3.0, 3.5]
    assert pace.Pace(4, None).delay(3_000) == 0.0

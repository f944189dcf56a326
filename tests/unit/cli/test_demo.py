"""`tokenbase demo` and a signal that comes at a bad moment."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator

import pytest

from tokenbase.cli import demo

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Freed:
    """Somebody sends a signal while it is freed; what is raised then is passed over."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __del__(self) -> None:
        os.kill(os.getpid(), self._number)


@pytest.fixture(autouse=True)
def _attentive() -> Iterator[None]:
    """Signals are heard, and are as they were afterwards."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in NUMBERS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", NUMBERS)
def test_a_signal_that_python_passes_over_ends_it_when_everything_is_shown(
    monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    passed_over: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda fault: passed_over.append(fault.exc_type))
    told = demo._end_in_order()
    freed = Freed(number)
    del freed
    assert passed_over == [KeyboardInterrupt]
    # It would wait for ever.
    demo._stay_up(told)
    assert told == [number]

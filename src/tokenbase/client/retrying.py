"""When a request is sent again: after the seconds that the server names, or after longer and longer ones."""

from __future__ import annotations

import random

from tokenbase.client import faults
from tokenbase.client.asking import Answer, Ask

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0
LONGEST_NAMED = 300.0
"""The most seconds that a server may name."""


def pause(ask: Ask[Answer], fault: faults.TryAgain, attempt: int, retries: int) -> float | None:
    """Return the seconds to wait before the next attempt, the first being 0; None where there is none."""
    if attempt >= retries or (fault.unknown and not ask.repeatable):
        return None
    if fault.seconds is not None:
        return min(fault.seconds, LONGEST_NAMED)
    # A little chance keeps many clients from coming back all at once.
    return min(FIRST_PAUSE * 2.0**attempt, LONGEST_PAUSE) * random.uniform(0.5, 1.0)  # noqa: S311

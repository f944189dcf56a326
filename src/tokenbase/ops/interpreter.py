"""How Python itself is set for a process that imports."""

from __future__ import annotations

import gc
import sys

SWITCH_SECONDS = 0.0002
"""How long a thread may compute before another gets its turn: one that reads a batch would else hold up each answer of
the database that another waits for, 5 ms every time."""

GARBAGE_OBJECTS = 600_000
"""How many more objects there must be before cycles are looked for: a batch makes some 100,000, and none in cycles."""


def tune() -> None:
    """Set the interpreter of this process; to be called once all modules are loaded."""
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS)
    sys.setswitchinterval(SWITCH_SECONDS)

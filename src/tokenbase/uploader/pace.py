"""How fast an upload goes: as many requests at once as the server takes well, and as many rows a second as allowed."""

from __future__ import annotations

import threading
import time

SLOW_TIMES, SLOW_SECONDS = 4.0, 2.0
"""An answer is slow that takes so many times as long as the quickest of late, and so many seconds."""
_FORGETS = 1.02
_CALMS_SECONDS = 1.0


class Pace:
    """Learns from each answer. Safe to use from several threads."""

    def __init__(self, most: int, rate: float | None) -> None:
        """Take the most requests at once, and the most rows a second, None for any number."""
        self._most = most
        self._limit = float(min(2, most))
        self._rate = rate
        self._quickest = float("inf")
        self._changed = 0.0
        self._due = time.monotonic()
        self._lock = threading.Lock()

    @property
    def slots(self) -> int:
        """How many requests may be under way at once now."""
        return int(self._limit)

    def answered(self, seconds: float) -> None:
        """Take note of an answer: a quick one makes room for more, a slow one for fewer."""
        with self._lock:
            self._quickest = min(self._quickest * _FORGETS, seconds)
            if seconds > SLOW_SECONDS and seconds > self._quickest * SLOW_TIMES:
                self._fall(0.75)
            else:
                self._limit = min(self._limit + 1 / self._limit, float(self._most))

    def refused(self) -> None:
        """Take note of a server that has too much to do, or none that answers."""
        with self._lock:
            self._fall(0.5)

    def delay(self, rows: int) -> float:
        """Return how many seconds to wait before so many rows may be sent, and count them as sent."""
        if self._rate is None:
            return 0.0
        now = time.monotonic()
        self._due = max(self._due, now)
        waits = self._due - now
        self._due += rows / self._rate
        return waits

    def _fall(self, share: float) -> None:
        # Requests that were under way together fail together: they count once.
        now = time.monotonic()
        if now - self._changed >= _CALMS_SECONDS:
            self._changed = now
            self._limit = max(1.0, self._limit * share)

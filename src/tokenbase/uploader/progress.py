"""How far an upload is, on standard error: a bar on a terminal, a line now and then elsewhere, nothing when quiet."""

from __future__ import annotations

import sys
import time
from typing import Protocol

import rich.console
import rich.progress

LINE_SECONDS = 5.0


class Progress(Protocol):
    """Is told of every batch that was answered."""

    def show(self, rows: int, done: int, size: int) -> None:
        """Show `rows` accounted for, and `done` of the source's `size` bytes read (0: unknown)."""

    def close(self) -> None:
        """Leave the screen as it is."""


class Quiet:
    """Shows nothing."""

    def show(self, rows: int, done: int, size: int) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Do nothing."""


class Lines:
    """Plain lines, a few seconds apart."""

    def __init__(self) -> None:
        """Begin now."""
        self._began = self._last = time.monotonic()

    def show(self, rows: int, done: int, size: int) -> None:
        """Write a line if it is time for one."""
        now = time.monotonic()
        if now - self._last >= LINE_SECONDS:
            self._last = now
            rate = rows / (now - self._began)
            share = done / size if size else 0
            left = (now - self._began) / share * (1 - share) if share else None
            rest = f", {share:.0%}, {left:.0f} s left" if left is not None else ""
            sys.stderr.write(f"{rows:,} rows, {rate:,.0f} a second{rest}\n")

    def close(self) -> None:
        """Do nothing."""


class Bar:
    """A bar with rows, rate and time left."""

    def __init__(self) -> None:
        """Make it; it is drawn when there is something to show, so that nothing stands in the way of an error."""
        self._bar = rich.progress.Progress(
            rich.progress.TextColumn("{task.fields[rows]:>12,} rows"),
            rich.progress.BarColumn(),
            rich.progress.TaskProgressColumn(),
            rich.progress.TextColumn("{task.fields[rate]:,.0f}/s"),
            rich.progress.TimeRemainingColumn(),
            console=rich.console.Console(stderr=True),
        )
        self._began = time.monotonic()
        self._task = self._bar.add_task("upload", total=None, rows=0, rate=0.0)

    def show(self, rows: int, done: int, size: int) -> None:
        """Move it."""
        self._bar.start()
        rate = rows / max(time.monotonic() - self._began, 0.001)
        self._bar.update(self._task, completed=done, total=size or None, rows=rows, rate=rate)

    def close(self) -> None:
        """Leave it as it is."""
        if self._bar.live.is_started:
            self._bar.stop()


def on_standard_error(quiet: bool) -> Progress:
    """Return what suits where standard error goes."""
    if quiet:
        return Quiet()
    return Bar() if sys.stderr.isatty() else Lines()

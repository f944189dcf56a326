"""What an upload comes to, in numbers that add up."""

from __future__ import annotations

from collections import Counter

import msgspec


class Summary(msgspec.Struct, kw_only=True, rename="camel"):
    """`read` is the sum of `created`, `updated`, `unchanged`, `skipped`, `failed` and `unsent`.

    `restored` and `uncounted` are among `updated`; `unsent` rows were read when an upload ended early. `seconds` is the
    time it took.
    """

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    unsent: int = 0
    restored: int = 0
    uncounted: int = 0
    """Rows that the server took without saying whether they were new to it."""
    resumed: int = 0
    """Rows that were answered for before the upload was resumed."""
    contested: int = 0
    """Tokens that came with another person than before: they went to the one seen last."""
    warnings: int = 0
    requests: int = 0
    retried: int = 0
    seconds: float = 0.0
    stopped_by: str | None = None
    """Why the upload ended before the source did."""
    report: str | None = None
    rejects: str | None = None
    common: list[tuple[int, str]] = []
    """The commonest messages, each with how often it was told."""

    @property
    def adds_up(self) -> bool:
        """Tell whether every row is accounted for."""
        parts = (self.created, self.updated, self.unchanged, self.skipped, self.failed, self.unsent)
        return self.read == sum(parts) and min(parts) >= 0

    def text(self) -> str:
        """Return the summary as lines for people."""
        restored = f"  ({self.restored:,} restored)" if self.restored else ""
        lines = [
            f"read       {self.read:>12,}",
            f"created    {self.created:>12,}",
            f"updated    {self.updated:>12,}{restored}",
            f"unchanged  {self.unchanged:>12,}",
            f"skipped    {self.skipped:>12,}",
            f"failed     {self.failed:>12,}",
        ]
        if self.unsent:
            lines.append(f"unsent     {self.unsent:>12,}")
        rate = f", {self.read / self.seconds:,.0f} rows a second" if self.seconds > 0.5 else ""
        retried = f", {self.retried} tried again" if self.retried else ""
        lines.append(f"in {self.seconds:.1f} s{rate}; {self.requests:,} requests{retried}; {self.warnings:,} warnings")
        lines += [f"  {times:,} times: {message}" for times, message in self.common]
        if self.resumed:
            lines.append(f"{self.resumed:,} of the rows were answered for before the upload was resumed")
        if self.contested:
            lines.append(f"{self.contested:,} tokens came with several people: each went to the one seen with it last")
        if self.uncounted:
            lines.append(f"{self.uncounted:,} of the updated may have been created: the server does not say")
        if self.report:
            lines.append(f"what was wrong with which line: {self.report}")
        if self.rejects:
            lines.append(f"the rejected rows, to be mended and uploaded again: {self.rejects}")
        if self.stopped_by:
            lines.append(f"stopped: {self.stopped_by}")
        if not self.adds_up:
            lines.append("these numbers do not add up: the server told of other rows than were sent to it")
        return "\n".join(lines)


class Messages:
    """Counts messages that differ only in their values."""

    def __init__(self) -> None:
        """Begin with none."""
        self._counts: Counter[str] = Counter()

    def add(self, message: str) -> None:
        """Count one; when there are very many different ones the rare are dropped."""
        self._counts[message] += 1
        if len(self._counts) > 2_000:
            self._counts = Counter(dict(self._counts.most_common(1_000)))

    def common(self) -> list[tuple[int, str]]:
        """Return the commonest five."""
        return [(times, message) for message, times in self._counts.most_common(5)]

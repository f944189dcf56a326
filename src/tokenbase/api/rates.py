"""How many requests a second one key may send to one address: counted in this process, in its memory.

Of each key and address the moments of the last second are kept, so that no second anywhere has more than the rate; what
is refused is not counted.
"""

from __future__ import annotations

import collections
import difflib
import time
from collections.abc import Callable, Mapping

from tokenbase.api import routes
from tokenbase.api.operations import Operation
from tokenbase.contract import limits, problems
from tokenbase.ops import settings

LINK_RATE = 10
"""Requests a second with one link of a confirmation mail; no setting changes it."""
STRANGERS_RATE = 100
"""Requests a second, all together, with links that this server did not sign."""

MOST_KEPT = 10_000
"""Keys and addresses after which those that were quiet for a second are forgotten."""


def contracted(operation: Operation) -> int:
    """Return the requests a second that the contract gives to an operation; 0 is no limit."""
    return limits.RATES.get(f"{operation.method} {operation.path}", limits.REQUESTS_PER_SECOND)


class Rates:
    """The limits of all addresses and what is left of them. For one thread: between look and note nothing may come."""

    def __init__(self, chosen: Mapping[str, int], clock: Callable[[], float] = time.monotonic) -> None:
        """Take the rates that replace the contract's. Raises BadSetting for an address that there is not."""
        names = [f"{operation.method} {operation.path}" for operation in routes.OPERATIONS]
        for name in chosen.keys() - {*names, "*"}:
            near = difflib.get_close_matches(name, names, n=1, cutoff=0)
            raise settings.BadSetting(f'TOKENBASE_RATE_LIMITS names "{name}", which is no address; is it {near[0]}?')
        everywhere = chosen.get("*")
        self._rates = {
            name: chosen.get(name, contracted(operation) if everywhere is None else everywhere)
            for name, operation in zip(names, routes.OPERATIONS, strict=True)
        }
        self._clock = clock
        self._last: dict[tuple[int, int, str], collections.deque[float]] = {}

    def admit(self, account_id: int, key_id: int, operation: Operation) -> None:
        """Count a request. Raises RateLimited where it is one too many; one second later the next may come."""
        name = f"{operation.method} {operation.path}"
        rate = self._rates.get(name, 0)
        if rate and not self._count((account_id, key_id, name), rate):
            raise problems.RateLimited(
                f"this key may send {name} {rate} times a second: wait for the seconds that Retry-After names"
            )

    def admit_stranger(self, account_id: int, contact_id: int) -> None:
        """Count a request without a key, of who has a link for a contact; 0 and 0 is everybody who has none.

        Raises RateLimited where it is one too many.
        """
        if not self._count((account_id, contact_id, "link"), LINK_RATE if contact_id else STRANGERS_RATE):
            raise problems.RateLimited("too many requests: come again in a second")

    def _count(self, place: tuple[int, int, str], rate: int) -> bool:
        now = self._clock()
        moments = self._last.get(place)
        if moments is None:
            if len(self._last) >= MOST_KEPT:
                self._last = {kept: last for kept, last in self._last.items() if last[-1] > now - 1}
            moments = self._last[place] = collections.deque()
        while moments and moments[0] <= now - 1:
            moments.popleft()
        if len(moments) >= rate:
            return False
        moments.append(now)
        return True

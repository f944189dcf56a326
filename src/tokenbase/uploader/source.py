"""A source and its mapping together: what yields the items to send, and the rows that cannot be sent."""

from __future__ import annotations

import functools
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import msgspec

from tokenbase.uploader import batches, ledger, making, mapping, reading, targets
from tokenbase.uploader.batches import Item
from tokenbase.uploader.rows import Row
from tokenbase.uploader.sources import feeds, sql

LOOKED_AT = 100
"""Rows of a source without headings whose keys are looked at to guess a mapping before it is used."""
KEYS = 10_000
"""Different keys that are taken note of: objects whose keys are values have no end of them."""


class Source:
    """An open source. `plan` is None where its rows are contacts already; `guessed` tells that nobody gave the plan."""

    def __init__(
        self,
        names: str | Sequence[str],
        wanted: str | None,
        given: mapping.Plan | None,
        *,
        asked: sql.Wanted | None = None,
        apps: dict[str, str] | None = None,
        needs_plan: bool = True,
    ) -> None:
        """Open a source by its names. Raises BadSource and BadMapping.

        Where no heading is known that is a BadMapping; without `needs_plan` the plan stays None then.
        """
        self._needs_plan = needs_plan
        asked = asked or sql.Wanted()
        names = [names] if isinstance(names, str) else names
        if given is not None and asked == sql.Wanted() and feeds.is_database(names):
            asked = sql.Wanted(given.query)
        self.feed = feeds.opened(names, wanted, asked, given.rows if given is not None else None)
        self._apps = apps or {}
        self.plan = None if given is None else self._with_apps(given)
        self.guessed = False
        self.notices: Counter[str] = Counter()
        """What is odd about the source as a whole, with how many rows it is so of."""
        self.dropped: Callable[[str], None] = lambda word: None
        """Is told of the words that stand for no token."""
        self._seen: set[str] = set()
        try:
            self._open()
        except BaseException:
            self.feed.close()
            raise

    def _open(self) -> None:
        feed = self.feed
        self._rows = feed.rows()
        self.columns = list(feed.columns)
        if feed.columns:
            if self.plan is None:
                self._guess(feed.columns)
        else:
            self._look()
        if self.plan is not None:
            if feed.columns:
                self.notices.update(mapping.check_headings(self.plan, feed.columns, feed.name))
                self.notices.update(mapping.warnings(self.plan))
            self._contact = self._compiled()

    def _compiled(self) -> making.Make:
        assert self.plan is not None
        return making.compiled(
            self.plan,
            self.feed.headings,
            self._notice,
            lambda name: self.field(name),
            lambda word: self.dropped(word),
        )

    @functools.cached_property
    def field(self) -> making.Fields:
        """What resolves the names of additional fields; without a server there is none."""
        return making.Fields({})

    def _notice(self, message: str) -> None:
        self.notices[message] += 1

    def options(self) -> dict[str, object]:
        """Return what the source and its mapping say of the requests; the mapping has the last word."""
        known = {
            name: value for name, value in self.feed.options.items() if name in mapping.OPTIONS and value is not None
        }
        if self.plan is None:
            return known
        return {**known, **self.plan.options}

    def items(self, dedupe_on: str | None, owners: ledger.Ledger | None = None) -> Iterator[Item | tuple[Row, str]]:
        """Yield what to send, and each row that cannot be sent with the reason.

        `owners` decides whose a token is that comes with several people.
        """
        claims = self._claims()
        for claim in claims if owners is None else owners.settled(claims):
            if isinstance(claim, ledger.Claim):
                made = batches.item(claim.row, claim.contact, claim.raw, dedupe_on)
                if isinstance(made, Item):
                    made.notes = claim.notes
                    yield made
                else:
                    yield claim.row, made
            else:
                yield claim

    def _claims(self) -> Iterator[ledger.Claim | tuple[Row, str]]:
        """Yield each row as a contact, or with the reason why it cannot be one."""
        for row in self._rows:
            if row.fault is not None:
                yield row, row.fault
                continue
            if self._is_contact(row.cells):
                yield ledger.Claim(row, cast(dict[str, Any], row.cells), row.text.encode() or None)
                continue
            if self.plan is None:
                yield row, "it has no channels: send contacts as the API takes them, or give a mapping by --map"
                continue
            if isinstance(row.cells, dict) and not row.cells.keys() <= self._seen and len(self._seen) < KEYS:
                self._widen(row.cells)
            made = self._contact(row.cells)
            yield (row, made) if isinstance(made, making.Passed) else ledger.Claim(row, made, None)
        if self.plan is not None and self._seen and not self.feed.columns:
            self.notices.update(mapping.warnings(self.plan))
        if self.plan is not None and not self.guessed and not self.feed.columns and 0 < len(self._seen) < KEYS:
            self.notices.update(mapping.check_headings(self.plan, sorted(self._seen), self.feed.name))

    def _is_contact(self, cells: reading.Cells) -> bool:
        """Tell whether a row is a contact as the API takes it; other systems have channels of other kinds."""
        if isinstance(cells, list) or "channels" not in cells or (self.plan is not None and self.plan.title):
            return False
        channels = cells["channels"]
        return not isinstance(channels, list) or not channels or isinstance(channels[0], dict)

    def missing_fields(self) -> list[str]:
        """Return what to tell of additional fields that the server does not have."""
        return [
            f'the server has no additional field "{name}": it is left out of {rows:,} rows; --fields create makes it'
            for name, rows in self.field.missing.items()
        ]

    def _widen(self, cells: dict[str, object]) -> None:
        """Take note of keys that no row before had; a guessed mapping grows by them."""
        new = [key for key in cells if key not in self._seen]
        self._seen.update(new)
        if self.plan is None or not self.guessed:
            return
        taken = self.plan.columns
        more = {key: target for key, target in targets.guess(new).items() if target not in taken.values()}
        if more:
            self.plan = msgspec.structs.replace(self.plan, columns={**taken, **more})
            self.columns += [key for key in new if key not in self.columns]
            self._contact = self._compiled()

    def _guess(self, headings: list[str]) -> None:
        if self._needs_plan or targets.guess(headings):
            self.plan, self.guessed = self._with_apps(mapping.guess(headings, self.feed.name)), True

    def _with_apps(self, plan: mapping.Plan) -> mapping.Plan:
        return msgspec.structs.replace(plan, apps={**plan.apps, **self._apps})

    def _look(self) -> None:
        """Guess the mapping of objects that are not contacts yet from the keys of the first of them."""
        first = list(itertools.islice(self._rows, LOOKED_AT))
        whole = len(first) < LOOKED_AT
        self._rows = itertools.chain(first, self._rows)
        flat = [row.cells for row in first if row.fault is None and not self._is_contact(row.cells)]
        self.columns = list(dict.fromkeys(key for cells in flat for key in cells))
        if self.plan is not None and self.columns and whole:
            self.notices.update(mapping.check_headings(self.plan, self.columns, self.feed.name))
        if self.plan is None and self.columns:
            self._guess(self.columns)


def shown(source: Source) -> str:
    """Return a guessed mapping as it is shown before it is used."""
    if source.plan is None or not source.guessed:
        return ""
    width = max(len(heading) for heading in source.columns)
    lines = [f"  {heading:<{width}}  →  {source.plan.columns.get(heading, '(left out)')}" for heading in source.columns]
    return "columns, as their headings suggest:\n" + "\n".join(lines)

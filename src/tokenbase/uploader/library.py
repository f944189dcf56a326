"""The uploader for Python programs: `tokenbase.upload`, `tokenbase.check`, `tokenbase.verify`. Prints nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tokenbase.uploader import checking, findings, mapping, orders, presets, progress, summary, verifying
from tokenbase.uploader import source as sources
from tokenbase.uploader import upload as uploading
from tokenbase.uploader.sources import sql

Told = Callable[[int, int, int], None]
"""Is told of every answer: rows accounted for so far, bytes read of the source, its size in bytes (0: unknown)."""
Names = str | Path | Sequence[str | Path]


class _Calls(progress.Quiet):
    """Progress that is handed to a function."""

    def __init__(self, told: Told) -> None:
        self._told = told

    def show(self, rows: int, done: int, size: int) -> None:
        self._told(rows, done, size)


def upload(
    source: Names,
    *,
    to: str,
    key: str,
    preset: str | None = None,
    plan: mapping.Plan | Path | None = None,
    told: Told | None = None,
    **more: Any,
) -> summary.Summary:
    """Upload a base and return its summary, which says what ended it early and whether it adds up.

    `preset` and `plan` are `--from` and `--map`; `more` are the other fields of `orders.Order`, such as `apps`,
    `batch`, `resume` or `report`. Raises BadCall, BadMapping and BadSource before anything is sent.
    """
    order = orders.Order(source=_names(source), to=to, key=key, plan=_plan(preset, plan), **more)
    return uploading.upload(order, _shows(told))


def check(
    source: Names, *, preset: str | None = None, plan: mapping.Plan | Path | None = None, **more: Any
) -> findings.Checked:
    """Look at a whole source and return what it is like; `more` may be `format`, `query`, `table` and `apps`."""
    asked = sql.Wanted(more.get("query"), more.get("table"))
    given = _plan(preset, plan)
    opened = sources.Source(_names(source), more.get("format"), given, asked=asked, apps=more.get("apps"))
    return checking.check(opened, dt.datetime.now(dt.UTC))


def verify(
    source: Names,
    *,
    to: str,
    key: str,
    preset: str | None = None,
    plan: mapping.Plan | Path | None = None,
    told: Told | None = None,
    **more: Any,
) -> verifying.Verified:
    """Ask a server about every row of a source and return what is there, missing or different."""
    order = orders.Order(source=_names(source), to=to, key=key, plan=_plan(preset, plan), **more)
    return verifying.Verification(order, _shows(told)).run()


def _names(source: Names) -> list[str]:
    return [str(source)] if isinstance(source, (str, Path)) else [str(name) for name in source]


def _plan(preset: str | None, plan: mapping.Plan | Path | None) -> mapping.Plan | None:
    if preset is not None:
        return presets.load(preset)
    return mapping.read(plan) if isinstance(plan, Path) else plan


def _shows(told: Told | None) -> progress.Progress:
    return progress.Quiet() if told is None else _Calls(told)

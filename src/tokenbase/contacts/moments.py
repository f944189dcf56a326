"""Date-times as they are sent: `YYYY-MM-DDTHH:mm`, seconds and an offset allowed (contract 1)."""

from __future__ import annotations

import datetime as dt
import zoneinfo


def parse(text: str, zone: str | None) -> dt.datetime:
    """Return an aware moment; a time without an offset is in `zone`, a tz database name, or else in UTC.

    Raises ValueError with what would be right.
    """
    try:
        moment = dt.datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zoneinfo.ZoneInfo(zone) if zone else dt.UTC)
        moment = moment.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        raise ValueError(f'"{text[:50]}" is not a date-time: write it as 2026-11-23T17:05:00Z') from None
    if not 1970 <= moment.year <= 9000:
        raise ValueError(f'"{text[:50]}" is no time at which an app can have been used')
    return moment


def cell(moment: dt.datetime) -> str:
    """Return a moment as PostgreSQL writes it in UTC, such as `2026-11-23 17:05:00.5+00`."""
    text = moment.astimezone(dt.UTC).isoformat(sep=" ").removesuffix("+00:00")
    return f"{text.rstrip('0') if '.' in text else text}+00"

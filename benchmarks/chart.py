"""A plot of a benchmark: groups of bars as an SVG file that any browser shows."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path

_COLOURS = ("#2563eb", "#93c5fd", "#64748b", "#cbd5e1")
_HEIGHT, _BAR, _GAP = 240, 28, 36


def write(path: Path, title: str, groups: Mapping[str, Mapping[str, float]]) -> None:
    """Write a bar for each series of each group, from 0, with its number above it."""
    series = list(dict.fromkeys(name for values in groups.values() for name in values))
    top = max(value for values in groups.values() for value in values.values()) or 1.0
    parts, x = [], _GAP
    for group, values in groups.items():
        middle = x + _BAR * len(series) / 2
        for place, name in enumerate(series):
            height = values.get(name, 0.0) / top * (_HEIGHT - 60)
            left, up = x + place * _BAR, _HEIGHT - 30 - height
            fill = _COLOURS[place % len(_COLOURS)]
            parts.append(f'<rect x="{left}" y="{up:.1f}" width="{_BAR - 4}" height="{height:.1f}" fill="{fill}"/>')
            parts.append(f'<text x="{left + _BAR / 2 - 2}" y="{up - 4:.1f}">{values.get(name, 0.0):.2f}</text>')
        parts.append(f'<text x="{middle}" y="{_HEIGHT - 12}">{escape(group)}</text>')
        x += _BAR * len(series) + _GAP
    legend = "   ".join(
        f'<tspan fill="{_COLOURS[n % len(_COLOURS)]}">■</tspan> {escape(s)}' for n, s in enumerate(series)
    )
    parts.append(f'<text x="{x / 2}" y="16">{escape(title)}   {legend}</text>')
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{x}" height="{_HEIGHT}" font-family="sans-serif" '
        f'font-size="11" text-anchor="middle"><rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>\n'
    )

"""A check as one HTML page that needs nothing else: no script, no font, no picture from elsewhere."""

from __future__ import annotations

import html
from collections.abc import Mapping

from tokenbase.uploader.findings import Checked

_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2430;background:#fff}
h1{font-size:1.35rem;overflow-wrap:anywhere}h2{font-size:1.05rem;margin-top:2rem}
.figures{display:flex;flex-wrap:wrap;gap:1rem}
.figures div{border:1px solid #d6dde6;border-radius:6px;padding:.6rem 1rem}
.figures b{display:block;font-size:1.5rem}table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.35rem .6rem .35rem 0;border-top:1px solid #e3e8ee}
td.count{text-align:right;font-variant-numeric:tabular-nums}code{overflow-wrap:anywhere}
.error{color:#a3160c}.warning{color:#8a5a00}.note{color:#47586b}svg text{font-size:12px;fill:#1c2430}
@media(prefers-color-scheme:dark){body{background:#12171d;color:#e6ebf1}svg text{fill:#e6ebf1}
.error{color:#ff8b80}.warning{color:#f0c060}.note{color:#a9b8c8}.figures div,td,th{border-color:#2c3744}}
"""


def page(found: Checked) -> str:
    """Return the page."""
    said = html.escape
    figures = (
        ("rows", found.rows),
        ("to send", found.contacts),
        ("people", found.people),
        ("tokens", found.tokens),
        ("e-mail addresses", found.emails),
        ("phones", found.phones),
    )
    boxes = "".join(f"<div><b>{count:,}</b>{name}</div>" for name, count in figures)
    charts = "".join(
        f"<h2>{title}</h2>{_bars(counts)}"
        for title, counts in (
            ("Kinds of tokens", found.kinds),
            ("Systems", found.systems),
            ("Apps", found.apps),
            ("Last seen within", found.ages),
        )
        if counts
    )
    rows = "".join(
        f'<tr><td class="{one.level}">{one.level}</td><td class="count">{one.count:,}</td><td>{said(one.title)}<br>'
        f"<small>{said(one.cure)}</small><br><code>"
        + "<br>".join(said(f"{e.file + ':' if e.file else 'line '}{e.line}  {e.value}") for e in one.examples)
        + "</code></td></tr>"
        for one in found.findings
    )
    table = (
        f"<table><tr><th></th><th></th><th>what was found</th></tr>{rows}</table>" if rows else "<p>Nothing is odd.</p>"
    )
    stopped = f'<p class="error">{said(found.stopped_by)}</p>' if found.stopped_by else ""
    columns = "".join(f"<tr><td>{said(name)}</td><td>{said(target)}</td></tr>" for name, target in found.mapped.items())
    columns += "".join(f"<tr><td>{said(name)}</td><td class=note>left out</td></tr>" for name in found.left_out)
    notices = "".join(f"<p class=warning>{said(notice)}</p>" for notice in found.notices)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{said(found.source)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style><h1>{said(found.source)}</h1>'
        f'<div class="figures">{boxes}</div>{stopped}{notices}<h2>Findings</h2>{table}{charts}'
        + (f"<h2>Columns</h2><table>{columns}</table>" if columns else "")
        + "</html>\n"
    )


def _bars(counts: Mapping[str, int]) -> str:
    most = max(counts.values())
    shown = sorted(counts.items(), key=lambda pair: -pair[1])[:12]
    bars = "".join(
        f'<text x="0" y="{18 + 24 * place}">{html.escape(word[:40])}</text>'
        f'<rect x="280" y="{5 + 24 * place}" width="{max(1, round(300 * count / most))}" height="16" fill="#4a7fb5"/>'
        f'<text x="{290 + round(300 * count / most)}" y="{18 + 24 * place}">{count:,}</text>'
        for place, (word, count) in enumerate(shown)
    )
    return f'<svg viewBox="0 0 680 {24 * len(shown) + 4}" width="680" role="img">{bars}</svg>'

"""HTML pages without script and without a file from elsewhere: their style, and the policy that forbids all else."""

from __future__ import annotations

import base64
import hashlib
import importlib.resources


def style(name: str) -> str:
    """Return a style sheet of this package, to stand in the page itself."""
    return (importlib.resources.files("tokenbase.api") / name).read_text(encoding="utf-8")


def headers(style: str, forms: str = "'none'") -> dict[str, str]:
    """Return the headers of a page with this style alone; `forms` is where its forms may go."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return {
        "Content-Security-Policy": f"default-src 'none'; base-uri 'none'; form-action {forms}; frame-ancestors 'none'; "
        f"style-src 'sha256-{digest}'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }

"""Mappings for what other systems export: data files that read like anybody's own mapping."""

from __future__ import annotations

import difflib
import importlib.resources

from tokenbase.uploader import mapping
from tokenbase.uploader.faults import BadCall

_FILES = importlib.resources.files(__name__)


def names() -> list[str]:
    """Return the names of all presets."""
    return sorted(file.name.removesuffix(".toml") for file in _FILES.iterdir() if file.name.endswith(".toml"))


def text(name: str) -> str:
    """Return a preset as it is written. Raises BadCall where there is none of that name."""
    known = names()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        raise BadCall(f'there is no preset "{name}"{f"; did you mean {near[0]}?" if near else f": {known}"}')
    return (_FILES / f"{name}.toml").read_text(encoding="utf-8")


def load(name: str) -> mapping.Plan:
    """Return a preset as a mapping. Raises BadCall where there is none of that name."""
    return mapping.parsed(text(name), f"the preset {name}")

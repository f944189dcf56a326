"""Languages and time zones as contacts and devices name them, brought to their canonical form."""

from __future__ import annotations

import functools
import zoneinfo

import langcodes

# What phones and old clients say in place of a valid tag.
_LANGUAGE_ALIASES = {"ua": "uk", "cz": "cs", "gr": "el", "jp": "ja", "kz": "kk", "dk": "da", "iw": "he", "in": "id"}
_REMEMBERED_CHARACTERS = 200
"""Longer texts are no tags, and strangers could fill the memory with them."""
_REGION_ALIASES = {"uk": "GB", "en": "GB"}


def canonical(tag: str) -> str | None:
    """Return an RFC 5646 tag in canonical case (`en-us` → `en-US`), or None when it is not one."""
    return _canonical(tag) if len(tag) <= _REMEMBERED_CHARACTERS else None


def of_locale(locale: str) -> str | None:
    """Return the language, and the script where one is named, of a device's locale (`uk-UA` → `uk`)."""
    return _of_locale(locale) if len(locale) <= _REMEMBERED_CHARACTERS else None


@functools.lru_cache(maxsize=4096)
def _canonical(tag: str) -> str | None:
    parts = tag.strip().split(".")[0].replace("_", "-").split("-")
    parts[0] = _LANGUAGE_ALIASES.get(parts[0].lower(), parts[0])
    if len(parts) == 2:
        parts[1] = _REGION_ALIASES.get(parts[1].lower(), parts[1])
    tag = "-".join(parts)
    if len(tag) > 35 or not tag.isascii() or not langcodes.tag_is_valid(tag):
        return None
    return langcodes.standardize_tag(tag)


@functools.lru_cache(maxsize=4096)
def _of_locale(locale: str) -> str | None:
    tag = canonical(locale)
    if tag is None:
        return None
    language = langcodes.Language.get(tag, normalize=False)
    return "-".join(part for part in (language.language, language.script) if part) or None


_ZONES = frozenset(zoneinfo.available_timezones())
_ZONES_BY_LOWER = {name.lower(): name for name in _ZONES}


def time_zone(name: str) -> str | None:
    """Return a name of the tz database in its own case, or None when it has none such."""
    name = name.strip()
    return name if name in _ZONES else _ZONES_BY_LOWER.get(name.lower())

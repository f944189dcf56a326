"""Free texts: trimmed, of a bounded length, without control characters."""

from __future__ import annotations

import re

CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""Control characters: in a token or an id they are a fault of the export, and PostgreSQL stores no NUL."""
_PLAIN = re.compile(r"[ -~]*")
_LONG = 64
"""From so many characters on, as tokens have, the pattern tells sooner than Python that all are plain ones."""


class TooLong(ValueError):
    """The text has more characters than it may have; `cut` is as much of it as may be kept."""

    def __init__(self, text: str, most: int) -> None:
        """Take the text and the most characters it may have."""
        self.cut = text[:most].rstrip()
        super().__init__(f"at most {most} characters, this has {len(text)}")


def clean(text: str, most: int) -> str:
    """Return the text trimmed. Raises TooLong, and ValueError for control characters."""
    text = text.strip()
    if len(text) > most:
        raise TooLong(text, most)
    plain = text.isprintable() if len(text) < _LONG else _PLAIN.fullmatch(text)
    if not plain and (found := CONTROLS.search(text)) is not None:
        raise ValueError(f"it has a control character (U+{ord(found[0]):04X}) at position {found.start() + 1}")
    return text

"""What a decoder says of a wrong type, in the words of JSON."""

from __future__ import annotations

import re

_TYPES = re.compile(r"Expected `(?P<types>[^`]*)`, got `(?P<got>[^`]*)`")
_WORDS = {"int": "a number", "float": "a number", "str": "a text", "bool": "true or false", "array": "a list"}


def of_type(message: str) -> str:
    """Return msgspec's message about a type in plain words; any other message as it is, without its place."""
    message = message.split(" - at ", maxsplit=1)[0]
    if (found := _TYPES.fullmatch(message)) is None:
        return message
    types = dict.fromkeys(_word(name) for name in found["types"].split(" | ") if name != "null")
    return f"expected {' or '.join(types)}, got {_word(found['got'])}"


def _word(name: str) -> str:
    return _WORDS.get(name, "null" if name == "null" else f"an {name}")

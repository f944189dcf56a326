"""Which first and last names are stored (contract 2). A name that breaks the rules is dropped, its contact is not."""

from __future__ import annotations

import unicodedata

from tokenbase.contract import limits

_APOSTROPHES = "'\u2019\u02bc"
_HYPHENS = "-\u2010\u2011"


def first(value: str) -> str:
    """Return a first name with single spaces. Raises ValueError with the rule that it breaks."""
    return _checked(value, many_words=False)


def last(value: str) -> str:
    """Return a last name, of any number of words. Raises ValueError with the rule that it breaks."""
    return _checked(value, many_words=True)


def _checked(value: str, many_words: bool) -> str:
    if value.isalpha() and len(value) <= limits.NAME_CHARACTERS:
        return value
    words = value.split()
    name = " ".join(words)
    if len(name) > limits.NAME_CHARACTERS:
        raise ValueError(f"a name has at most {limits.NAME_CHARACTERS} characters, this one has {len(name)}")
    if sum(character.isdecimal() for character in name) > 3:
        raise ValueError("a name has at most 3 digits")
    if not any(map(_is_letter, name)):
        raise ValueError("a name has at least one letter")
    for word in words:
        if word not in _HYPHENS:
            _check_word(word)
    if not many_words:
        long = sum(len(word) > 3 for word in words)
        if long > 3 or len(words) - long > 3:
            raise ValueError("a first name has at most 3 words of over 3 characters, and 3 shorter ones")
    return name


def _check_word(word: str) -> None:
    body = word
    if word.endswith("."):
        body = word[:-1]
        if not 1 <= len(body) <= 3:
            raise ValueError("in a name a dot only follows a word of up to 3 letters")
    for place, character in enumerate(body):
        if _is_letter(character) or character.isdecimal():
            continue
        inside = 0 < place < len(body) - 1
        if not (inside and character in _APOSTROPHES + _HYPHENS):
            raise ValueError(
                f'a name has no "{character}" there: only letters, and apostrophes and hyphens inside a word'
            )


def _is_letter(character: str) -> bool:
    # Marks too: Indic and Arabic vowels are not letters to Unicode, but are to those who bear the name.
    return unicodedata.category(character)[0] in "LM"

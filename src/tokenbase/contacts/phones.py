"""What a telephone number is: international, stored as E.164 digits (contract 2)."""

from __future__ import annotations

import re

import phonenumbers

_PUNCTUATION = re.compile(r"[\s()./\u00a0\u2010-\u2015-]+")
_PLAIN = re.compile(r"[1-9][0-9]{10,12}")
_COUNTRIES = frozenset(str(code) for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
_REASONS = {
    phonenumbers.ValidationResult.TOO_SHORT: "it is too short",
    phonenumbers.ValidationResult.TOO_LONG: "it is too long",
    phonenumbers.ValidationResult.INVALID_COUNTRY_CODE: "it does not begin with a country's code",
}


def clean(value: str) -> str:
    """Return the digits of an international number. Raises ValueError with what is wrong with it."""
    digits = _PUNCTUATION.sub("", value).removeprefix("+")
    if digits.startswith("00"):
        digits = digits[2:]
    if _PLAIN.fullmatch(digits) and not _COUNTRIES.isdisjoint((digits[:1], digits[:2], digits[:3])):
        return digits
    shown = f'"{value[:50]}" is not an international telephone number'
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"{shown}: write digits, with the country's code, such as +380 67 123 4567")
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        raise ValueError(f"{shown}: it does not begin with a country's code") from None
    verdict = phonenumbers.is_possible_number_with_reason(number)
    if verdict != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise ValueError(f"{shown}: {_REASONS.get(verdict, 'its length is not one of that country')}")
    return digits

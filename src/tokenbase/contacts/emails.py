"""What an e-mail address is. Syntax only: nothing is looked up (contract 2)."""

from __future__ import annotations

import re

import email_validator

# Plain ASCII addresses, nearly all there are, in a hundredth of the library's time. Whatever this refuses the library
# decides, so the pattern may be strict but never wrong.
_PLAIN = re.compile(
    r"(?=.{6,254}\Z)(?=[^@]{1,64}@)"
    r"[A-Za-z0-9_+-]++(?:\.[A-Za-z0-9_+-]++)*+@"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}"
)


def clean(value: str) -> str:
    """Return the address, trimmed, its case kept. Raises ValueError with what is wrong with it."""
    value = value.strip()
    if _PLAIN.fullmatch(value):
        return value
    try:
        found = email_validator.validate_email(value, check_deliverability=False, test_environment=True, strict=True)
    except email_validator.EmailNotValidError as fault:
        raise ValueError(f'"{value[:100]}" is not an e-mail address: {fault}') from None
    return found.normalized

"""What stands in an address: numbers in its path, texts and flags in its query."""

from __future__ import annotations

from tokenbase.api.operations import Call
from tokenbase.contacts import naming, texts
from tokenbase.contract import problems

DIGITS = 50
"""How much of what was sent is shown again."""


def contact_id(call: Call) -> int:
    """Return the contact's id in the path. Raises NotFound for what is no number."""
    return number(call, "id", "contact")


def number(call: Call, name: str, what: str) -> int:
    """Return a number in the path. Raises NotFound for what is none."""
    return whole(call.path[name], what)


def whole(text: str, what: str) -> int:
    """Return the number that a text is. Raises NotFound for what is none."""
    if not (text.isascii() and text.isdigit()) or int(text) >= 2**63:
        raise problems.NotFound(f'there is no {what} "{text[:DIGITS]}" in this account: an id is a number')
    return int(text)


def text(call: Call, name: str) -> str | None:
    """Return a text of the query, None for none. Raises BadValue for control characters."""
    found = call.query.get(name, "").strip()
    if texts.CONTROLS.search(found):
        raise problems.bad_value(name, "it has a control character")
    return found or None


def flag(call: Call, name: str) -> bool:
    """Return a flag of the query, false when it is not there. Raises BadValue for anything but true and false."""
    found = call.query.get(name, "").lower()
    if found not in ("", "true", "false"):
        raise problems.bad_value(name, f'"{found[:DIGITS]}" is neither true nor false')
    return found == "true"


def ids(call: Call, name: str, most: int) -> list[int]:
    """Return a list of ids in the query, separated by commas. Raises BadValue for none, too many and no numbers."""
    parts = [part.strip() for part in call.query.get(name, "").split(",") if part.strip()]
    if not parts:
        raise problems.bad_value(name, "required: ids of contacts, separated by commas")
    if len(parts) > most:
        raise problems.bad_value(name, f"at most {most} ids, this has {len(parts):,}")
    for part in parts:
        if not naming.number(part):
            raise problems.bad_value(name, f'"{part[:DIGITS]}" is not the id of a contact')
    return [naming.number(part) for part in parts]

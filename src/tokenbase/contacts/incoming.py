"""What a request says of one contact, once every value in it is known to be good."""

from __future__ import annotations

import msgspec

Columns = dict[str, str]
"""Cells by the name of their column: each the text that PostgreSQL writes for a value, "" for null. No column that can
be null holds an empty text. Of what is sent only what the request carries is there, and "" clears."""


class Incoming(msgspec.Struct, kw_only=True):
    """One contact of a request. `index` is its place there, `lone` says that the request is this contact."""

    index: int
    lone: bool
    external_id: str = ""
    """The customer's id, "" for none."""
    contact_id: int | None = None
    values: Columns
    """Columns of the table `contact`, external_id excepted."""
    fields: dict[int, str | None]
    """Additional fields by id; None clears one."""
    tokens: dict[str, Columns]
    """Columns of the table `token`, by key, in the order in which they were sent."""
    groups: list[str]
    """Names of static segments that the contact itself carries."""
    digest: str = ""
    """What the same contact of the same request will be known by (imports/unchanged.py); "" where it may not be."""

    def path(self, name: str) -> str:
        """Return the path of a value of this contact in its request."""
        return name if self.lone else f"contacts[{self.index}].{name}".rstrip(".")

"""What a request says of one contact, once every value in it is known to be good."""

from __future__ import annotations

import msgspec

Columns = dict[str, object]
"""Values by the name of their column. Only what the request carries is there."""


class Incoming(msgspec.Struct, kw_only=True):
    """One contact of a request. `index` is its place there, `path` what the paths of its values begin with."""

    index: int
    path: str
    external_id: str | None = None
    contact_id: int | None = None
    values: Columns
    """Columns of the table `contact`, external_id excepted."""
    fields: dict[int, str | None]
    """Additional fields by id; None clears one."""
    tokens: dict[str, Columns]
    """Columns of the table `token`, by key, in the order in which they were sent."""
    groups: list[str]
    """Names of static segments that the contact itself carries."""

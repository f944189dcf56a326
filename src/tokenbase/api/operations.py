"""What an address of the API does: the types that every table of operations is made of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

import msgspec

from tokenbase.accounts import rights
from tokenbase.store import database


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request that may be worked on: its key is valid and has the right, its body is read and inflated."""

    database: database.Database
    account_id: int
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """By their names in lower case."""
    body: bytes
    clock: Callable[[], dt.datetime]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent back: JSON that is ready, or a value to be encoded as JSON."""

    body: bytes = b""
    value: object = msgspec.UNSET
    status: int = 200
    headers: Mapping[str, str] = {}


Handler = Callable[[Call], Answer]


class Operation(msgspec.Struct, frozen=True):
    """A method on an address. `path` has {names} for its variable segments; handlers run in threads.

    `heavy` operations have slots of their own, so that bulk requests never stand in the way of light ones.
    """

    method: str
    path: str
    needs: rights.Permission
    handler: Handler
    heavy: bool = False

"""What an address of the API does: the types that every table of operations is made of."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

import msgspec

from tokenbase.accounts import rights
from tokenbase.store import database


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """What the program around the API gives to its operations, beside the base and the clock."""

    secret: Callable[[], str]
    """The secret that encrypts and signs; asked for only when it is needed, since it may have to be made."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request that may be worked on: its key is valid and has the right, its body is read and inflated."""

    database: database.Database
    account_id: int
    path: Mapping[str, str]
    query: Mapping[str, str]
    """The parameters that the operation declares: it sees no other."""
    headers: Mapping[str, str]
    """By their names in lower case."""
    body: bytes
    means: Means
    clock: Callable[[], dt.datetime]
    leftovers: list[object] = msgspec.field(default_factory=list)
    """What the work has made and nobody needs any more, where to free it takes so long that the answer goes first."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent back: JSON that is ready, or a value to be encoded as JSON."""

    body: bytes = b""
    value: object = msgspec.UNSET
    status: int = 200
    headers: Mapping[str, str] = {}


Handler = Callable[[Call], Answer]


class Parameter(msgspec.Struct, frozen=True):
    """What a request may say beside its body: in the query, in a header, or as a variable segment of the path."""

    name: str
    told: str
    example: str
    kind: object = str
    place: str = "query"


class Slots(enum.Enum):
    """Requests of one sort are worked on a few at a time, so that they never stand in the way of those of another."""

    LIGHT = "light"
    IMPORT = "import"
    """Bulk requests."""
    SEARCH = "search"
    """Questions that may read a whole account, however the sender words them."""


class Operation(msgspec.Struct, frozen=True):
    """A method on an address. `path` has {names} for its variable segments; handlers run in threads.

    What comes after `slots` is what api/description.py tells the world, with the first line of the handler's docstring.
    """

    method: str
    path: str
    needs: rights.Permission
    handler: Handler
    slots: Slots = Slots.LIGHT
    takes: object = None
    """What the body is: a type that carries an EXAMPLE, or a list of such. Without it the handler gets no body."""
    required: tuple[str, ...] = ()
    """The keys of the body that may not be left out, where its type is wider than that."""
    gives: object = None
    """What the answer is: a type that carries an EXAMPLE, a list of such, or None for an empty body."""
    parameters: tuple[Parameter, ...] = ()
    statuses: tuple[int, ...] = ()
    """The statuses that it can answer with beyond those that all its like can."""


def query(operation: Operation, sent: bytes) -> dict[str, str]:
    """Return what a query string says of the parameters that an operation declares."""
    known = {parameter.name for parameter in operation.parameters if parameter.place == "query"}
    said = parse_qsl(sent.decode("latin-1"), keep_blank_values=True)
    return {name: value for name, value in said if name in known}

"""`tokenbase field`: make and list additional fields."""

from __future__ import annotations

import cyclopts

from tokenbase.accounts import accounts
from tokenbase.cli import options
from tokenbase.contacts import fields
from tokenbase.contract.fields import FieldDefinition

field = cyclopts.App(name="field")


@field.command
def create(
    *,
    account: int,
    name: str,
    type: str = "text",
    id: int | None = None,
    key: str | None = None,
    list: str | None = None,
    allowed: str | None = None,
    place: options.Place | None = None,
) -> None:
    """Make an additional field and print its id.

    Parameters
    ----------
    account
        The account's id.
    name
        What people call it.
    type
        text, textarea, number, decimal, date, datetime, select or checkbox.
    id
        Its number, where the uploads name one already.
    key
        Its short name; made of the name by default.
    list
        The list it stands in; CUSTOM by default.
    allowed
        The allowed values of a select or checkbox field, separated by commas.
    """
    with options.base(place) as base:
        accounts.read(base, account)
        values = allowed.split(",") if allowed else None
        definition = FieldDefinition(id=id, key=key, name=name, type=type, list_name=list, allowed_values=values)
        created = fields.create(base, account, definition, options.now())
    print(created.id)


@field.command(name="list")
def everyone(*, account: int, place: options.Place | None = None) -> None:
    """List the additional fields of an account: id, type, list, key, name, separated by tabs.

    Parameters
    ----------
    account
        The account's id.
    """
    with options.base(place) as base, base.transaction() as conn:
        for found in fields.load(conn, account).values():
            print(found.id, found.type, found.list_name, found.key, found.name, sep="\t")

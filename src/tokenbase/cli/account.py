"""`tokenbase account`: make and list accounts."""

from __future__ import annotations

import cyclopts

from tokenbase.accounts import accounts
from tokenbase.cli import options
from tokenbase.contacts import fields

account = cyclopts.App(name="account")


@account.command
def create(*, name: str, email: str, place: options.Place | None = None) -> None:
    """Make an account and print its id.

    Parameters
    ----------
    name
        The organisation's name.
    email
        Its owner's e-mail address.
    """
    with options.base(place) as base:
        account_id = accounts.create(base, name, email, options.now())
        fields.create_personal(base, account_id, options.now())
    print(account_id)


@account.command(name="list")
def everyone(*, place: options.Place | None = None) -> None:
    """List the accounts: id, e-mail, name, separated by tabs."""
    with options.base(place) as base:
        for found in accounts.everyone(base):
            print(found.id, found.email, found.name, sep="\t")

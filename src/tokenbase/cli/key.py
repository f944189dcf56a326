"""`tokenbase key`: make, list, switch and delete API keys."""

from __future__ import annotations

import cyclopts

from tokenbase.accounts import keys
from tokenbase.cli import options

key = cyclopts.App(name="key")


@key.command
def create(*, account: int, rights: str = "full", name: str = "", place: options.Place | None = None) -> None:
    """Make a key and print it. It cannot be shown again.

    Parameters
    ----------
    account
        The account's id.
    rights
        full, events, events-and-contacts, events-and-contacts-add or messages.
    name
        What it is for.
    """
    with options.base(place) as base:
        secret = keys.create(base, account, rights, name, options.now())
    print(secret)


@key.command(name="list")
def everyone(*, account: int, place: options.Place | None = None) -> None:
    """List the keys of an account: id, beginning, rights, on or off, last use, name, separated by tabs.

    Parameters
    ----------
    account
        The account's id.
    """
    with options.base(place) as base:
        for found in keys.everyone(base, account, options.now()):
            used = f"{found.last_used_at:%Y-%m-%dT%H:%MZ}"
            print(
                found.id, f"{found.prefix}…", found.rights, "on" if found.enabled else "off", used, found.name, sep="\t"
            )


@key.command
def enable(*, account: int, id: int, place: options.Place | None = None) -> None:
    """Switch a key on.

    Parameters
    ----------
    account
        The account's id.
    id
        The key's id, as key list shows it.
    """
    with options.base(place) as base:
        keys.switch(base, account, id, True, options.now())


@key.command
def disable(*, account: int, id: int, place: options.Place | None = None) -> None:
    """Switch a key off; requests with it are answered 401 from now on.

    Parameters
    ----------
    account
        The account's id.
    id
        The key's id, as key list shows it.
    """
    with options.base(place) as base:
        keys.switch(base, account, id, False, options.now())


@key.command
def delete(*, account: int, id: int, place: options.Place | None = None) -> None:
    """Delete a key for good.

    Parameters
    ----------
    account
        The account's id.
    id
        The key's id, as key list shows it.
    """
    with options.base(place) as base:
        keys.delete(base, account, id)

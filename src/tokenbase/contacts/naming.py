"""Contacts that a request names by their ids or external ids. Whom it describes is decided in `matching`."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tokenbase.contacts import loading
from tokenbase.contract import contacts, problems, segments
from tokenbase.store import database, queries

sql = queries.load("tokenbase.contacts")


def counted(names: segments.ContactNames) -> int:
    """Return how many contacts are named."""
    return len(_listed(names.contact_ids)) + len(_listed(names.external_customer_ids))


def find(
    conn: loading.Connection, account_id: int, names: segments.ContactNames
) -> tuple[list[int], list[problems.Problem]]:
    """Return the ids of those that are there, in their order, and a problem for each name that is nobody's."""
    by_id = [number(text) for text in _listed(names.contact_ids)]
    external_ids = [str(text).strip() for text in _listed(names.external_customer_ids)]
    known = loading.external_ids(conn, account_id, filter(None, external_ids))
    asked = [*by_id, *(known.get(external_id, 0) for external_id in external_ids)]
    alive = living(conn, account_id, [contact_id for contact_id in asked if contact_id])
    paths = [f"contactIds[{place}]" for place in range(len(by_id))]
    paths += [f"externalCustomerIds[{place}]" for place in range(len(external_ids))]
    message = "there is no such contact in this account; it was passed over"
    unknown = [
        problems.Problem(path=path, message=message)
        for path, contact_id in zip(paths, asked, strict=True)
        if contact_id not in alive
    ]
    return [contact_id for contact_id in dict.fromkeys(asked) if contact_id in alive], unknown


def living(conn: loading.Connection, account_id: int, ids: Collection[int]) -> dict[int, str]:
    """Return those of these contacts that are there and not deleted, each with when it was last changed, as a text."""
    if not ids:
        return {}
    return dict(conn.execute(sql.living_contacts, {"account_id": account_id, "ids": list(set(ids))}).fetchall())


def check(conn: loading.Connection, account_id: int, contact_id: int) -> None:
    """Raise NotFound for a contact that is not in the account or is deleted."""
    if contact_id not in living(conn, account_id, [contact_id]):
        raise problems.NotFound(f"there is no contact {contact_id} in this account")


def emails(database: database.Database, account_id: int, ids: list[int]) -> dict[int, str]:
    """Return the e-mail addresses of those of these contacts that have one."""
    with database.transaction() as conn:
        return dict(conn.execute(sql.emails_of_contacts, {"account_id": account_id, "ids": ids}).fetchall())


def number(given: contacts.Text) -> int:
    """Return an id sent as a number or as a numeric text; 0, which is no contact, for anything else."""
    text = str(given).strip()
    found = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    return found if found < 2**63 else 0


def _listed(given: Sequence[contacts.Text] | contacts.Text | None) -> Sequence[contacts.Text]:
    if given is None:
        return ()
    return (given,) if isinstance(given, str | int | float) else given

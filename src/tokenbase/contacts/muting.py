"""Tokens that are kept and not sent to, for as long as somebody wants it so: whoever uploads them again, wherever they
move (contract 7). Whether a token works at all is another matter: that is its `active`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from tokenbase.contacts import loading, tokens
from tokenbase.contract import apps as shapes
from tokenbase.contract import limits, problems
from tokenbase.store import database, queries

sql = queries.load("tokenbase.contacts")


def mute(
    database: database.Database, account_id: int, app: str, values: Sequence[str], now: dt.datetime
) -> shapes.Muted:
    """Mute tokens of an app. Raises BadValue for too many; one that nobody has is told as a warning."""
    return _set(database, account_id, app, values, now)


def unmute(database: database.Database, account_id: int, app: str, values: Sequence[str]) -> shapes.Muted:
    """Let tokens of an app be sent to again. Raises and warns as `mute` does."""
    return _set(database, account_id, app, values, None)


def among(conn: loading.Connection, account_id: int, keys: Iterable[str]) -> set[str]:
    """Return those of these keys of tokens that are muted."""
    asked = ",".join(keys)
    if not asked:
        return set()
    rows = conn.execute(sql.muted_tokens, {"account_id": account_id, "keys": asked})
    return {key.replace("-", "") for (key,) in rows}


def _set(
    database: database.Database, account_id: int, app: str, values: Sequence[str], muted_at: dt.datetime | None
) -> shapes.Muted:
    if len(values) > limits.CONTACTS_PER_REQUEST:
        message = f"at most {limits.CONTACTS_PER_REQUEST:,} tokens, this has {len(values):,}"
        raise problems.bad_value("tokens", message)
    keys = [tokens.key(app, value) for value in values]
    with database.transaction() as conn:
        # Else a token could be muted while its contact is erased, and the note would outlive it.
        loading.lock(conn, account_id)
        held = loading.match(conn, account_id, sorted(set(keys)))
        parameters = {"account_id": account_id, "keys": ",".join(held), "now": muted_at}
        conn.execute(sql.unmute_tokens if muted_at is None else sql.mute_tokens, parameters)
    warnings = [
        problems.Problem(path=f"tokens[{place}]", message="no contact of this account has that token of that app")
        for place, key in enumerate(keys)
        if key not in held
    ]
    return shapes.Muted(len(held), warnings)

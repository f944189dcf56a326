"""Idempotency-Key: the same key and body get the first answer again, the same key with another body is refused."""

from __future__ import annotations

import datetime as dt
import hashlib

import msgspec

from tokenbase.contract import problems
from tokenbase.imports import sessions
from tokenbase.store import queries

sql = queries.load("tokenbase.imports")


class Repeat(msgspec.Struct, frozen=True):
    """A request that may be sent again: its key, and the hash of its body."""

    key: str
    body_hash: bytes


def of(key: str, body: bytes) -> Repeat:
    """Return what to remember of a request. Raises BadValue for a key that is empty or over 255 characters."""
    if not 0 < len(key) <= 255:
        raise problems.BadValue("the Idempotency-Key has 1 to 255 characters")
    return Repeat(key, hashlib.sha256(body).digest())


def first_answer(conn: sessions.Connection, account_id: int, repeat: Repeat) -> bytes | None:
    """Return what the key was answered before. The account must be locked, so that of two at once one is the first."""
    row = conn.execute(sql.first_answer, {"account_id": account_id, "key": repeat.key}).fetchone()
    if row is None:
        return None
    body_hash, answer = row
    if body_hash != repeat.body_hash:
        raise problems.IdempotencyConflict()
    return bytes(answer)


def keep(conn: sessions.Connection, account_id: int, repeat: Repeat, answer: bytes, now: dt.datetime) -> None:
    """Remember the answer, in the transaction that made it true."""
    parameters = {"account_id": account_id, "key": repeat.key, "body_hash": repeat.body_hash}
    conn.execute(sql.keep_answer, {**parameters, "answer": answer, "now": now})

"""Bring a database's schema to this program's: numbered SQL files, forward only, each once, whoever else tries too."""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib.resources

import msgspec
import psycopg
from psycopg import errors

from tokenbase.contract import problems
from tokenbase.store import database, queries

sql = queries.load("tokenbase.store")

OLDEST_SERVER = 150_000


class SchemaError(problems.TokenbaseError):
    """The database's schema is not one that this program can work with."""

    code = 701


class Migration(msgspec.Struct, frozen=True):
    """One file: its name without the ending, its text, and the text's SHA-256."""

    name: str
    text: str

    @property
    def checksum(self) -> str:
        """Return what tells whether the file was changed since it was applied."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def known() -> list[Migration]:
    """Return this program's migrations in their order: `NNNN_{pre,post}_verb_noun.sql`."""
    folder = importlib.resources.files("tokenbase.store") / "migrations"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    return [Migration(file.name.removesuffix(".sql"), file.read_text(encoding="utf-8")) for file in files]


def apply(url: str, now: dt.datetime, migrations: list[Migration] | None = None) -> list[str]:
    """Apply what is missing and return its names. Several processes may call this at once.

    Raises SchemaError for a server older than PostgreSQL 15, a database that a newer program migrated, and a migration
    that was changed after it was applied.
    """
    migrations = known() if migrations is None else migrations
    try:
        with database.dial(url, autocommit=True, application_name="tokenbase migrate") as conn:
            return _apply(conn, migrations, now)
    except errors.InsufficientPrivilege as fault:
        raise SchemaError(
            f"the database's user may not do this: {fault.diag.message_primary}; make it the owner of the database"
        ) from fault
    except psycopg.OperationalError as fault:
        raise problems.Unavailable(f"the database was not migrated: {fault}") from fault


def _apply(conn: database.Connection, migrations: list[Migration], now: dt.datetime) -> list[str]:
    version = conn.execute(sql.version).fetchone()
    if version is None or version[0] < OLDEST_SERVER:
        raise SchemaError("Tokenbase needs PostgreSQL 15 or newer: point DATABASE_URL to such a server")
    if (encoding := conn.info.parameter_status("server_encoding")) != "UTF8":
        raise SchemaError(
            f"the database's encoding is {encoding}, which cannot hold every name: "
            "make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
        )
    conn.execute(sql.lock_migrations)
    try:
        conn.execute(sql.create_migrations)
        done: dict[str, str] = dict(conn.execute(sql.applied).fetchall())
        _check(done, migrations)
        missing = [migration for migration in migrations if migration.name not in done]
        for migration in missing:
            with conn.transaction():
                conn.execute("SET LOCAL lock_timeout = '10s'")
                conn.execute("SET LOCAL statement_timeout = '1h'")
                conn.execute(migration.text.encode())
                conn.execute(sql.record_migration, {"name": migration.name, "checksum": migration.checksum, "now": now})
        return [migration.name for migration in missing]
    finally:
        conn.execute(sql.unlock_migrations)


def _check(done: dict[str, str], migrations: list[Migration]) -> None:
    checksums = {migration.name: migration.checksum for migration in migrations}
    for name, checksum in done.items():
        if name not in checksums:
            raise SchemaError(f"the database was migrated by a newer Tokenbase ({name}): upgrade this program")
        if checksums[name] != checksum:
            raise SchemaError(f"the migration {name} was changed after it was applied here: restore the file")

"""Transactions and what the database's troubles mean to a caller; databases that cannot be worked with."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import re
import secrets
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import psycopg_pool
import pytest
from psycopg import conninfo, errors, sql

from tokenbase.contract import problems
from tokenbase.ops import settings
from tokenbase.store import binaries, database, home, migrate

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)


@pytest.fixture
def make(postgres: str) -> Iterator[Callable[[str], str]]:
    """Make a database with options of CREATE DATABASE, and give its URL."""
    made = []

    def create(options: str = "") -> str:
        made.append(sql.Identifier(f"tokenbase_other_{secrets.token_hex(6)}"))
        with psycopg.connect(postgres, autocommit=True) as conn:
            conn.execute(sql.SQL("CREATE DATABASE {} ").format(made[-1]) + sql.SQL(options))  # type: ignore[arg-type]
        return conninfo.make_conninfo(postgres, dbname=made[-1]._obj[0])

    yield create
    with psycopg.connect(postgres, autocommit=True) as conn:
        for name in made:
            conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def used(url: str) -> list[str]:
    """Open a base as every verb does, take an id, and return the schemas that its tables are in."""
    with home.open_base(settings.Settings(database_url=url), os.environ, NOW) as base:
        assert base.blocks.take("account", 1) == range(1, 2)
        with base.transaction() as conn:
            rows = conn.execute(
                b"SELECT DISTINCT schemaname FROM pg_tables WHERE tablename IN ('contact', 'migration')"
            )
            return [row[0] for row in rows]


def test_transactions_see_what_was_committed_before_each_statement_whatever_the_database_defaults_to(
    make: Callable[[str], str],
) -> None:
    url = make("")
    with psycopg.connect(url, autocommit=True) as conn:
        name = sql.Identifier(conn.info.dbname)
        conn.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_isolation = 'serializable'").format(name))
    with contextlib.closing(database.connect(url)) as base, base.transaction() as conn:
        assert conn.execute(b"SHOW transaction_isolation").fetchone() == ("read committed",)


def test_moments_are_read_however_the_database_writes_them(make: Callable[[str], str]) -> None:
    url = make("")
    with psycopg.connect(url) as conn:
        name = sql.Identifier(conn.info.dbname)
        conn.execute(sql.SQL("ALTER DATABASE {} SET datestyle = 'German'").format(name))
    with contextlib.closing(database.connect(url)) as base, base.transaction() as conn:
        row = conn.execute(
            b"SELECT now, now::text FROM CAST('2026-11-23 17:05:00.5+00' AS timestamptz) AS now"
        ).fetchone()
        assert row == (dt.datetime(2026, 11, 23, 17, 5, 0, 500_000, dt.UTC), "2026-11-23 17:05:00.5+00")


def test_a_transaction_is_kept_whole_or_not_at_all(base: database.Database) -> None:
    insert = b"INSERT INTO account VALUES (%s, '', '', now())"
    with base.transaction() as conn:
        conn.execute(insert, (1,))
    with contextlib.suppress(ZeroDivisionError), base.transaction() as conn:
        conn.execute(insert, (2,))
        raise ZeroDivisionError
    with base.transaction() as conn:
        assert conn.execute(b"SELECT id FROM account").fetchall() == [(1,)]
        assert conn.execute(b"SHOW timezone").fetchone() == ("UTC",)
        assert conn.execute(b"SHOW application_name").fetchone() == ("tokenbase",)


def test_connections_ended_by_the_server_cost_no_more_than_the_request_at_hand(base: database.Database) -> None:
    with pytest.raises(problems.Unavailable), base.transaction() as conn:
        conn.execute(b"SELECT pg_terminate_backend(pg_backend_pid())")
    end = b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = %s"
    with base.transaction() as conn:
        name = conn.info.dbname
    with psycopg.connect(conn.info.dsn, password=conn.info.password, autocommit=True) as other:
        other.execute(end, (name,))
    base.ping()


def test_of_two_transactions_that_wait_for_one_another_one_is_told_to_come_again(base: database.Database) -> None:
    with base.transaction() as conn:
        conn.execute(b"CREATE TABLE door (id integer PRIMARY KEY, n integer)")
        conn.execute(b"INSERT INTO door VALUES (1, 0), (2, 0)")
    both, outcomes = threading.Barrier(2), []

    def through(*doors: int) -> None:
        try:
            with base.transaction() as conn:
                conn.execute(b"UPDATE door SET n = n + 1 WHERE id = %s", (doors[0],))
                both.wait(10)
                conn.execute(b"UPDATE door SET n = n + 1 WHERE id = %s", (doors[1],))
            outcomes.append("kept")
        except problems.Unavailable as fault:
            outcomes.append(type(fault.__cause__).__name__)

    threads = [threading.Thread(target=through, args=doors) for doors in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["DeadlockDetected", "kept"]
    with base.transaction() as conn:
        assert conn.execute(b"SELECT n FROM door").fetchall() == [(1,), (1,)]


def test_a_server_that_only_reads_for_the_moment_is_unavailable(base: database.Database) -> None:
    with pytest.raises(problems.Unavailable), base.transaction() as conn:
        conn.execute(b"SET TRANSACTION READ ONLY; DELETE FROM contact")


def test_what_the_database_will_never_take_is_not_asked_for_again(base: database.Database) -> None:
    with base.transaction() as conn:
        conn.execute(b"CREATE TABLE long (text text PRIMARY KEY)")
    with pytest.raises(errors.ProgramLimitExceeded), base.transaction() as conn:
        conn.execute(b"INSERT INTO long VALUES (%s)", (secrets.token_hex(6000),))


def test_when_every_connection_is_taken_ids_and_transactions_are_unavailable(database_url: str) -> None:
    pool = psycopg_pool.ConnectionPool[database.Connection](
        database_url, min_size=1, max_size=1, timeout=0.2, open=True
    )
    base = database.Database(database_url, pool)
    with base.transaction():
        for wanted in (base.ping, lambda: base.blocks.take("account", 1)):
            with pytest.raises(problems.Unavailable):
                wanted()
    base.ping()
    assert base.blocks.take("account", 1) == range(1, 2)
    base.close()


def test_the_search_path_of_the_url_holds_for_the_tables_and_for_their_use(make: Callable[[str], str]) -> None:
    url = make("")
    with psycopg.connect(url) as conn:
        conn.execute("CREATE SCHEMA apart")
    assert used(conninfo.make_conninfo(url, options="-c search_path=apart")) == ["apart"]


@pytest.mark.parametrize(
    "url",
    ["nonsense", "mysql://me:s3cret@host/base", "postgres:/me:s3cret@host/base", "postgresql://me:s3cret@[::1/base"],
)
def test_what_is_no_url_is_told_without_repeating_a_password(url: str) -> None:
    for reach in (lambda: migrate.apply(url, NOW), lambda: database.connect(url)):
        with pytest.raises(settings.BadSetting, match="DATABASE_URL is not an address of PostgreSQL") as raised:
            reach()
        assert "s3cret" not in str(raised.value)
        assert raised.value.__cause__ is None


def test_a_database_that_does_not_exist_is_named(postgres: str) -> None:
    with pytest.raises(problems.Unavailable, match='database "not_there" does not exist'):
        used(conninfo.make_conninfo(postgres, dbname="not_there"))


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_hold_every_name_is_refused(make: Callable[[str], str], encoding: str) -> None:
    url = make(f"ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(migrate.SchemaError, match=f"encoding is {encoding}.*ENCODING 'UTF8' TEMPLATE template0"):
        used(url)


def test_a_user_who_may_not_make_tables_is_told_the_cure(make: Callable[[str], str]) -> None:
    url, role = make(""), f"clerk_{secrets.token_hex(4)}"
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x'".encode())
        try:
            with pytest.raises(migrate.SchemaError, match="permission denied for schema public; make it the owner"):
                used(conninfo.make_conninfo(url, user=role, password="x"))
        finally:
            conn.execute(f"DROP ROLE {role}".encode())


@pytest.mark.skipif("DATABASE_URL" in os.environ, reason="needs the dump program of the server's own version")
def test_two_databases_that_were_migrated_in_pieces_and_at_once_are_dumped_alike(
    make: Callable[[str], str], directory: Path
) -> None:
    pieces, once = make(""), make("")
    for count in range(1, len(migrate.known()) + 1):
        migrate.apply(pieces, NOW, migrate.known()[:count])
    migrate.apply(once, NOW)
    assert migrate.apply(once, NOW) == []
    program = binaries.folder(os.environ, binaries.owner(directory), directory) / "pg_dump"
    dumps = []
    for url in (pieces, once):
        command = [str(program), "--schema-only", f"--dbname={url}"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        dumps.append(re.sub(r"^\\(un)?restrict .*$", "", done.stdout, flags=re.MULTILINE))
    assert dumps[0] == dumps[1]
    assert "CREATE TABLE public.identity" in dumps[0]

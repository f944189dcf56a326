"""Migrations, blocks of ids, partitions, retention and the loading of statements, on a real server."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import subprocess
import sys
import uuid

import psycopg
import pytest
from psycopg import conninfo

from tokenbase.contract import problems
from tokenbase.store import database, migrate, partitions, queries, retention

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)


@pytest.fixture
def bare_url(postgres: str) -> str:
    """A database that was never migrated."""
    name = f"tokenbase_bare_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(postgres, autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name}".encode())
    return conninfo.make_conninfo(postgres, dbname=name)


def columns(url: str) -> list[tuple[str, ...]]:
    with psycopg.connect(url) as conn:
        return conn.execute(
            "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns"
            " WHERE table_schema = 'public' ORDER BY 1, 2"
        ).fetchall()


def test_several_processes_migrate_one_empty_database_at_once(bare_url: str) -> None:
    program = (
        "import datetime, sys; from tokenbase.store import migrate;"
        "print(len(migrate.apply(sys.argv[1], datetime.datetime.now(datetime.timezone.utc))))"
    )
    command = [sys.executable, "-c", program, bare_url]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    applied = sorted(int(process.communicate(timeout=60)[0]) for process in running)
    assert [process.returncode for process in running] == [0, 0, 0, 0]
    assert applied == [0, 0, 0, len(migrate.known())]


def test_the_schema_is_the_sum_of_its_migrations_however_they_are_applied(bare_url: str, database_url: str) -> None:
    known = migrate.known()
    for count in range(1, len(known) + 1):
        assert migrate.apply(bare_url, NOW, known[:count]) == [known[count - 1].name]
    assert [row for row in columns(bare_url) if not row[0].startswith("event_20")] == [
        row for row in columns(database_url) if not row[0].startswith("event_20")
    ]


def test_a_migration_that_fails_leaves_nothing_of_itself(bare_url: str) -> None:
    broken = migrate.Migration("0002_pre_break", "CREATE TABLE half (); SELECT 1 / 0;")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate.apply(bare_url, NOW, [*migrate.known(), broken])
    assert "half" not in {row[0] for row in columns(bare_url)}
    assert migrate.apply(bare_url, NOW) == []


def test_a_changed_migration_and_a_newer_database_are_refused(database_url: str) -> None:
    first, *rest = migrate.known()
    changed = migrate.Migration(first.name, first.text + "\n-- changed")
    with pytest.raises(migrate.SchemaError, match="was changed after it was applied"):
        migrate.apply(database_url, NOW, [changed, *rest])
    with pytest.raises(migrate.SchemaError, match="newer Tokenbase"):
        migrate.apply(database_url, NOW, rest)


def test_a_database_out_of_reach_is_told() -> None:
    for reach in (lambda url: migrate.apply(url, NOW), database.connect):
        with pytest.raises(problems.Unavailable, match="cannot be reached"):
            reach("postgresql://nobody@127.0.0.1:9/none?connect_timeout=2")


def test_no_id_is_handed_out_twice_by_threads_and_processes(database_url: str) -> None:
    bases = [database.connect(database_url, size=4) for _ in range(2)]

    def take(number: int) -> list[int]:
        return [found for _ in range(50) for found in bases[number % 2].blocks.take("contact", number + 1)]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        taken = [found for part in pool.map(take, range(8)) for found in part]
    assert len(taken) == len(set(taken)) == 50 * 36
    assert min(taken) >= 1
    for base in bases:
        base.close()


def test_partitions_are_made_ahead_once_and_hold_their_month(base: database.Database) -> None:
    later = NOW + dt.timedelta(days=90)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        made = [name for part in pool.map(lambda _: partitions.ensure(base, later), range(4)) for name in part]
    assert sorted(made) == ["event_2027_02", "event_2027_03", "event_2027_04"]
    insert = b"INSERT INTO event VALUES (1, 1, 1, 1, %s, '', '{}') RETURNING tableoid::regclass::text"
    with base.transaction() as conn:
        assert conn.execute(insert, (later,)).fetchone() == ("event_2027_02",)
        assert conn.execute(insert, (NOW + dt.timedelta(days=900),)).fetchone() == ("event_default",)
    assert "event_2029_05" not in partitions.ensure(base, NOW + dt.timedelta(days=900))


def test_sessions_are_kept_30_days_and_answers_one(base: database.Database) -> None:
    session = b"""
        INSERT INTO import_session
        VALUES (1, gen_random_uuid(), 'FINISHED', %s, %s, 0, 0, 0, 0, 0, 0, 0, '{}', '', '[]')
    """
    with base.transaction() as conn:
        for days in (29, 31):
            conn.execute(session, (NOW - dt.timedelta(days=days),) * 2)
        for hours in (23, 25):
            kept = (f"k{hours}", NOW - dt.timedelta(hours=hours))
            conn.execute(b"INSERT INTO idempotent_answer VALUES (1, %s, '', '', %s)", kept)
        mail = b"INSERT INTO confirmation_mail VALUES (1, %s, 1, gen_random_uuid(), 'sent', 1, %s, %s)"
        for days in (29, 31):
            conn.execute(mail, (days, *(NOW - dt.timedelta(days=days),) * 2))
    retention.sweep(base, NOW)
    with base.transaction() as conn:
        assert conn.execute(b"SELECT started_at FROM import_session").fetchall() == [(NOW - dt.timedelta(days=29),)]
        assert conn.execute(b"SELECT id FROM confirmation_mail").fetchall() == [(29,)]
        assert conn.execute(b"SELECT key FROM idempotent_answer").fetchall() == [("k23",)]


def test_a_missing_statement_names_its_file() -> None:
    with pytest.raises(AttributeError, match=r"tokenbase.store/queries.sql has no statement \"nonsense\""):
        _ = queries.load("tokenbase.store").nonsense

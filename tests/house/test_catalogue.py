"""The migrated database itself keeps to what several machines can hold (docs/decisions/0003-schema.md)."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg

SOURCE = Path(__file__).parents[2] / "src" / "tokenbase"

# Unique keys of the coordinating machine's small tables, and of the digest that finds a key's account.
LOCAL = {("account", "id"), ("id_block", "name"), ("migration", "name"), ("api_key", "hash")}
# Where SQL is composed of names that no parameter can stand for.
COMPOSES = {"store/partitions.py", "store/migrate.py", "segments/dynamic.py"}
# SQLite's statements, for a file that one upload alone sees and removes; the uploader may not ask for the store's.
SCRATCH = {"uploader/ledger.py"}


def ask(url: str, statement: str) -> list[tuple[str, ...]]:
    with psycopg.connect(url) as conn:
        return conn.execute(statement.encode()).fetchall()


def test_the_account_comes_first_in_every_unique_key(database_url: str) -> None:
    keys = ask(
        database_url,
        "SELECT t.relname, a.attname FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid"
        " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
        " WHERE i.indisunique AND t.relnamespace = 'public'::regnamespace",
    )
    assert {key for key in keys if key[1] != "account_id"} == LOCAL


def test_every_table_has_a_primary_key(database_url: str) -> None:
    without = ask(
        database_url,
        "SELECT relname FROM pg_class t WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        " AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = t.oid AND indisprimary)",
    )
    assert without == []


def test_there_are_no_foreign_keys_triggers_functions_sequences_or_rules(database_url: str) -> None:
    here = "'public'::regnamespace"
    assert ask(database_url, "SELECT conname FROM pg_constraint WHERE contype = 'f'") == []
    assert ask(database_url, "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal") == []
    assert ask(database_url, f"SELECT proname FROM pg_proc WHERE pronamespace = {here}") == []
    assert (
        ask(database_url, f"SELECT relname FROM pg_class WHERE relkind IN ('S', 'v', 'm') AND relnamespace = {here}")
        == []
    )
    assert ask(database_url, "SELECT tablename FROM pg_rules WHERE schemaname = 'public'") == []


def test_no_column_takes_its_value_from_the_clock_or_a_sequence(database_url: str) -> None:
    defaults = ask(
        database_url,
        "SELECT attrelid::regclass::text, attname FROM pg_attribute WHERE (atthasdef OR attidentity <> '')"
        " AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)",
    )
    assert defaults == []


def test_sql_stands_in_queries_files_and_nowhere_else() -> None:
    written = re.compile(r"[\"'](SELECT|INSERT|UPDATE|DELETE|COPY|WITH|CREATE|ALTER|DROP|MERGE) (?!/)")
    found = {str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py") if written.search(path.read_text())}
    assert found <= COMPOSES | SCRATCH

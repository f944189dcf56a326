"""The SQL keeps to what a cluster of several machines can run too (docs/decisions/0003-schema.md)."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from tokenbase.store import queries

SOURCE = Path(__file__).parents[2] / "src" / "tokenbase"
ROOMS = sorted(path.parent.name for path in SOURCE.glob("*/queries.sql"))
MIGRATIONS = sorted((SOURCE / "store" / "migrations").glob("*.sql"))

# The statements that look for work of any account: docs/decisions/0011-double-opt-in.md and 0012-job-queue.md.
ANYBODYS = {("jobs", "claim"), ("jobs", "due"), ("jobs", "take_turns"), ("optin", "claim_mail")}
# Tables of the coordinating machine, which are small and never spread.
LOCAL = {"account", "id_block", "migration"}


def bare(sql: str) -> str:
    return re.sub(r"--.*", "", sql)


def test_rooms_with_statements_are_found() -> None:
    assert {"accounts", "contacts", "imports", "segments", "store"} <= set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_every_statement_is_used_and_every_used_one_exists(room: str) -> None:
    code = "".join(path.read_text() for path in (SOURCE / room).glob("*.py"))
    used = set(re.findall(r"\bsql\.(\w+)", code))
    assert used - {"SQL", "Identifier"} == queries.load(f"tokenbase.{room}").names


@pytest.mark.parametrize("room", ROOMS)
def test_statements_name_the_account_and_use_nothing_that_is_local_to_one_machine(room: str) -> None:
    loaded = queries.load(f"tokenbase.{room}")
    for name in loaded.names:
        statement = bare(getattr(loaded, name).decode())
        assert not re.search(r"\b(now\(\)|current_timestamp|MERGE|TEMP|nextval|TRUNCATE)\b", statement, re.I), name
        if (room, name) in ANYBODYS:
            continue
        assert "FOR UPDATE" not in statement, name
        if room not in ("store", "accounts") and not statement.lstrip().startswith("COPY"):
            # Rows that come as JSON carry their account each.
            assert "%(account_id)s" in statement or "account_id = new.account_id" in statement, name


@pytest.mark.parametrize("migration", MIGRATIONS, ids=lambda path: path.stem)
def test_tables_can_be_spread(migration: Path) -> None:
    assert re.fullmatch(r"\d{4}_(pre|post)_\w+", migration.stem)
    text = bare(migration.read_text())
    assert not re.search(r"\b(REFERENCES|TRIGGER|plpgsql|SERIAL|IDENTITY BY|DEFAULT now)\b", text, re.I)
    for table, body in re.findall(r"CREATE TABLE (\w+) \((.*?)\n\)", text, re.S):
        keys = re.findall(r"(?:PRIMARY KEY|UNIQUE) \(([^)]*)\)", body)
        if table not in LOCAL:
            assert keys, table
            assert all(key.startswith("account_id") for key in keys), table


def test_every_room_binds_its_statements_when_it_is_imported() -> None:
    for room in ROOMS:
        for path in (SOURCE / room).glob("*.py"):
            if re.search(r"\bsql = queries\.load", path.read_text()):
                module = importlib.import_module(f"tokenbase.{room}.{path.stem}")
                assert module.sql.room == f"tokenbase.{room}"


FORGETTING = {
    "copy_tokens": "the batch gives its contact another digest",
    "update_tokens": "the batch gives its contact another digest",
    "delete_tokens": "the batch gives its contact another digest",
    "erase_tokens": "its contact goes with it",
    "set_token_active": "followed by forget_digests",
}
"""Statements that change tokens, and why the digest of the contact does not outlive that (decision 9)."""


@pytest.mark.parametrize("room", ROOMS)
def test_what_changes_a_contact_or_a_token_forgets_how_it_was_imported(room: str) -> None:
    loaded = queries.load(f"tokenbase.{room}")
    for name in loaded.names:
        statement = bare(getattr(loaded, name).decode())
        if re.search(r"\bUPDATE contact\b", statement):
            assert "digest = " in statement, name
        if re.search(r"\b(UPDATE|INSERT INTO|DELETE FROM|COPY) token\b", statement):
            assert name in FORGETTING, f"{name} changes tokens: call loading.forget after it, and say so here"

"""What every test may ask for: a real PostgreSQL, an empty migrated database, a running server."""

from __future__ import annotations

import datetime as dt
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo, sql

from tokenbase.store import cluster, database, migrate, partitions

pytest_plugins = ["server", "filehost"]

TEMPLATE = "tokenbase_template"


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory that PostgreSQL's own user can reach, which pytest's are not for root."""
    made = Path(tempfile.mkdtemp(prefix="tokenbase-test-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a server: the one that DATABASE_URL names, or an embedded one of this test process's own."""
    if url := os.environ.get("DATABASE_URL"):
        yield url
        return
    made = Path(tempfile.mkdtemp(prefix="tokenbase-test-", dir="/tmp"))
    made.chmod(0o755)
    embedded = cluster.Cluster(made, os.environ)
    yield embedded.start()
    embedded.stop()
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="session")
def template(postgres: str) -> str:
    """The name of a migrated database to copy."""
    name = f"{TEMPLATE}_{secrets.token_hex(4)}"
    _administer(postgres, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = conninfo.make_conninfo(postgres, dbname=name)
    migrate.apply(url, now())
    opened = database.connect(url)
    partitions.ensure(opened, now())
    opened.close()
    return name


def _fresh(postgres: str, template: str) -> Iterator[str]:
    name = f"tokenbase_test_{secrets.token_hex(6)}"
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    _administer(postgres, statement.format(sql.Identifier(name), sql.Identifier(template)))
    yield conninfo.make_conninfo(postgres, dbname=name)
    _administer(postgres, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def database_url(postgres: str, template: str) -> Iterator[str]:
    """An empty, migrated database of this test's own."""
    yield from _fresh(postgres, template)


@pytest.fixture(scope="module")
def module_database_url(postgres: str, template: str) -> Iterator[str]:
    """An empty, migrated database for the tests of one file."""
    yield from _fresh(postgres, template)


@pytest.fixture
def base(database_url: str) -> Iterator[database.Database]:
    """An empty base, open."""
    opened = database.connect(database_url)
    yield opened
    opened.close()


def _administer(url: str, statement: sql.Composed) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(statement)

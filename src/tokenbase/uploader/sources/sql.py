"""Any SQL database: a table, or what a query says, read as a stream in a transaction that can only read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from tokenbase.uploader.faults import BadCall, BadSource
from tokenbase.uploader.rows import Row
from tokenbase.uploader.sources import extras, objects

_ROWS = 2_000
# The drivers that the extra brings, where the URL names none.
_DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}

_READ_ONLY = dict.fromkeys(("mysql", "mariadb"), "SET SESSION TRANSACTION READ ONLY")
_READ_ONLY["sqlite"] = "PRAGMA query_only = ON"


class Wanted(msgspec.Struct, frozen=True):
    """What to read of a database: one of both."""

    query: str | None = None
    table: str | None = None


class Query:
    """Rows of a database. `name` is its URL without the password; `columns` are the names of the columns."""

    def __init__(self, url: str, wanted: Wanted) -> None:
        """Connect and ask. Raises BadCall and BadSource."""
        self._sa = extras.needed("sqlalchemy", "sql", "this source is a database")
        if (wanted.query is None) == (wanted.table is None):
            raise BadCall("a database needs --table or --query, one of both: what to read")
        try:
            parsed = self._sa.make_url(url)
        except self._sa.exc.ArgumentError:
            raise BadCall("that is not the URL of a database: write it as postgresql://user@host/name") from None
        self.name = parsed.render_as_string(hide_password=True)
        if parsed.drivername in _DRIVERS:
            parsed = parsed.set(drivername=_DRIVERS[parsed.drivername])
        self._opened = contextlib.ExitStack()
        try:
            self._ask(parsed, wanted)
        except (self._sa.exc.SQLAlchemyError, ModuleNotFoundError) as fault:
            self.close()
            raise BadSource(self._said(fault)) from None
        except BaseException:
            self.close()
            raise

    def _ask(self, url: Any, wanted: Wanted) -> None:
        sa = self._sa
        if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
            raise BadSource(f"{self.name} cannot be read: there is no file {url.database}")
        engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
        self._opened.callback(engine.dispose)
        connection = self._opened.enter_context(engine.connect())
        statement = sa.text(wanted.query) if wanted.query else self._whole(connection, str(wanted.table))
        connection.rollback()
        if url.get_backend_name() == "postgresql":
            connection.execution_options(postgresql_readonly=True)
        elif (guard := _READ_ONLY.get(url.get_backend_name())) is not None:
            connection.exec_driver_sql(guard)
        self._result = connection.execution_options(stream_results=True, yield_per=_ROWS).execute(statement)
        if not self._result.returns_rows:
            raise BadCall("the query gives no rows: write a SELECT")
        self.columns = list(map(str, self._result.keys()))

    def _whole(self, connection: Any, table: str) -> Any:
        """Return a statement for a whole table, in the order of its primary key, so that it can be resumed."""
        schema, _, name = table.rpartition(".")
        inspected = self._sa.inspect(connection)
        if not inspected.has_table(name, schema=schema or None):
            known = ", ".join(sorted(inspected.get_table_names(schema=schema or None))[:20])
            raise BadCall(f"{self.name} has no table {table}; there are {known or 'none'}")
        keys = inspected.get_pk_constraint(name, schema=schema or None).get("constrained_columns") or []
        chosen = self._sa.select(self._sa.text("*")).select_from(self._sa.table(name, schema=schema or None))
        return chosen.order_by(*(self._sa.column(key) for key in keys))

    def rows(self) -> Iterator[Row]:
        """Yield the rows, numbered from 1. Raises BadSource where the database breaks off."""
        number = 0
        columns = self.columns
        try:
            for values in self._result:
                number += 1
                yield Row(number, "", dict(zip(columns, map(objects.plain, values), strict=True)))
        except self._sa.exc.SQLAlchemyError as fault:
            raise BadSource(f"after row {number}: {self._said(fault)}") from None
        if not number:
            raise BadSource(f"{self.name}: there are no rows")

    def close(self) -> None:
        """Close the connection."""
        self._opened.close()

    def _said(self, fault: BaseException) -> str:
        if isinstance(fault, ModuleNotFoundError):
            return f"{self.name}: the driver {fault.name} is not installed: pip install 'tokenbase[sql]' or that driver"
        first = str(getattr(fault, "orig", None) or fault).strip().splitlines()
        return f"{self.name} cannot be read: {first[0] if first else type(fault).__name__}"

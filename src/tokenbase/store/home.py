"""Open the base that the settings name, ready to work with: started if it is the embedded one, and migrated."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator, Mapping

from tokenbase.ops import settings
from tokenbase.store import cluster, database, migrate, partitions


@contextlib.contextmanager
def open_base(
    chosen: settings.Settings, environ: Mapping[str, str], now: dt.datetime, serving: bool = False
) -> Iterator[database.Database]:
    """Give the database; afterwards close it and stop the embedded server if nobody else uses it.

    `serving` is for the one server on a data directory: it also keeps the embedded PostgreSQL up.
    """
    with contextlib.ExitStack() as stack:
        url = chosen.database_url
        if url is None:
            embedded = cluster.Cluster(chosen.data_dir, environ)
            if serving:
                embedded.claim()
            url = embedded.start()
            stack.callback(embedded.stop)
            if serving:
                embedded.watch()
        migrate.apply(url, now)
        base = database.connect(url, size=chosen.connections)
        stack.callback(base.close)
        partitions.ensure(base, now)
        yield base

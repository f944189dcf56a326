"""The job of a link: fetched, read, and imported portion by portion, from where an earlier attempt was stopped."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Sequence

import msgspec

from tokenbase.accounts import sealing
from tokenbase.contacts import fields, loading
from tokenbase.contract import imports, problems
from tokenbase.imports import portions
from tokenbase.jobs import queue, worker
from tokenbase.links import fetching, tables
from tokenbase.ops import settings
from tokenbase.store import database


class Progress(msgspec.Struct, frozen=True):
    """How far a job has come: the rows that are imported, a digest of them, the details that are told of them."""

    rows: int = 0
    digest: str = ""
    told: int = 0


class Importer:
    """Works on jobs of links, in several threads at once."""

    def __init__(
        self,
        base: database.Database,
        secret: Callable[[], str],
        opened: Sequence[settings.Network],
        most: int,
        clock: Callable[[], dt.datetime],
    ) -> None:
        """Take what unseals links, the networks that the operator opened, and the most bytes of a file."""
        self._base = base
        self._secret = secret
        self._opened = opened
        self._most = most
        self._clock = clock
        # However many files are being fetched, requests find the base as busy as one more request makes it.
        self._turn = threading.Lock()

    def kind(self) -> worker.Kind:
        """Return how jobs of links are worked on."""
        return worker.Kind(self.work, self.give_up)

    def work(self, job: queue.Job, lease: worker.Lease) -> None:
        """Import what is left of a job's file, and finish the job. Raises Passing, Failed, Lost and Stopping."""
        progress = msgspec.json.decode(job.progress, type=Progress) if job.progress else Progress()
        with self._base.transaction() as conn:
            queue.extend(conn, job, self._clock())
            portions.begin(conn, job.account_id, job.id)
            known = fields.load(conn, job.account_id)
        named = {field.name.casefold(): field.id for field in known.values()}
        kept = fetching.fetch(self._link(job), self._opened, self._most, lease.check)
        with kept:
            options = msgspec.json.decode(job.payload, type=imports.ImportRequest)
            file = tables.File(kept, options.dedupe_on, lambda name: named.get(name.casefold()))
            # Whoever names a column after a field means it for known contacts as well.
            options = msgspec.structs.replace(options, custom_fields_ids=list(file.field_ids))
            for read in file.read(progress.rows, progress.digest):
                lease.check()
                progress = self._store(job, lease, read, options, progress)
        with self._base.transaction() as conn:
            now = self._clock()
            queue.finish(conn, job, now)
            portions.end(conn, job.account_id, job.id, None, now)

    def give_up(self, conn: queue.Connection, job: queue.Job, reason: str) -> None:
        """End the session of a job that failed; what was imported stays."""
        portions.end(conn, job.account_id, job.id, reason, self._clock())

    def _link(self, job: queue.Job) -> str:
        assert job.sealed is not None
        try:
            return sealing.unseal(self._secret(), job.sealed).decode()
        except problems.BadValue:
            raise worker.Passing(
                "the link was encrypted by a server with another secret: all of them need the same TOKENBASE_SECRET_KEY"
            ) from None

    def _store(
        self,
        job: queue.Job,
        lease: worker.Lease,
        read: tables.Read,
        options: imports.ImportRequest,
        progress: Progress,
    ) -> Progress:
        def come(told: int) -> Progress:
            return Progress(read.rows, read.digest, told)

        def keep(conn: queue.Connection, told: int) -> None:
            lease.advance(conn, msgspec.json.encode(come(told)).decode(), self._clock())

        try:
            with self._turn:
                told = loading.persist(
                    self._base,
                    job.account_id,
                    lambda: portions.store(
                        self._base, job.account_id, job.id, read.portion, options, progress.told, keep, self._clock
                    ),
                )
        except problems.BadRequest as fault:
            raise worker.Failed(fault.message) from None
        return come(told)

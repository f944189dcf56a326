"""`tokenbase serve`: the server, from its settings to its graceful end."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator

import structlog
import uvicorn

from tokenbase.api import app, operations, processes, rates
from tokenbase.api.operations import Slots
from tokenbase.cli import options
from tokenbase.links import background
from tokenbase.ops import interpreter, secret, settings
from tokenbase.optin import carriers, posting
from tokenbase.store import home, housekeeping

log = structlog.get_logger()

GRACE_SECONDS = 30
RESTING_SECONDS = background.END_SECONDS + 1
"""How long what the server does by itself may take to come to a resting place when it ends."""

SEARCHES = 2
"""Questions worked on at a time that may read a whole account."""

BACKLOG = 2048
"""Connections that may wait to be accepted."""


def serve(*, listen: str | None = None, rate_limits: str | None = None, place: options.Place | None = None) -> None:
    """Run the server until SIGTERM or Ctrl-C; requests that are being answered are finished first.

    Parameters
    ----------
    listen
        Host and port, such as 127.0.0.1:8080 (TOKENBASE_LISTEN); port 0 takes any free one.
    rate_limits
        on, off, or own numbers of requests a second such as "*=400" (TOKENBASE_RATE_LIMITS).
    """
    chosen = options.chosen(place, listen=listen, rate_limits=rate_limits)
    limiter = rates.Rates(chosen.rates)
    means = operations.Means(secret=functools.partial(secret.load, chosen))
    with _listener(chosen) as listener:
        # uvicorn ends by raising the signal again, which must not end the embedded PostgreSQL's orderly stop; one that
        # comes before uvicorn listens to them is remembered.
        told: list[int] = []
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda found, _: told.append(found))
        with (
            home.open_base(chosen, os.environ, options.now(), serving=True) as base,
            contextlib.closing(
                processes.Processes(
                    chosen.imports, processes.Means(database_url=base.url, means=means, clock=options.now)
                )
            ) as importing,
        ):
            # One is the housekeeper's and that of ids, one is the postman's, and one is for looking for links; they
            # are patient, requests are not.
            light = chosen.connections - SEARCHES - 3
            slots = {Slots.LIGHT: light, Slots.IMPORT: chosen.imports, Slots.SEARCH: SEARCHES}
            application = app.create(base, options.now, limiter, means, slots, importing)
            server = uvicorn.Server(
                uvicorn.Config(
                    application,
                    http="httptools",
                    lifespan="off",
                    log_config=None,
                    access_log=False,
                    server_header=False,
                    timeout_graceful_shutdown=GRACE_SECONDS,
                    backlog=BACKLOG,
                )
            )
            links = background.Means(
                database_url=base.url,
                secret=means.secret,
                opened=chosen.open_networks,
                most=chosen.link_megabytes * 1024 * 1024,
                clock=options.now,
            )
            post = posting.Post(
                carrier=_carrier(chosen),
                sender=chosen.sender,
                public_url=(chosen.public_url or _url(listener)).rstrip("/"),
                secret=means.secret,
            )
            with _doing(
                lambda stopping: housekeeping.keep(base, options.now, stopping),
                lambda stopping: background.keep(base, links, stopping),
                lambda stopping: posting.keep(base, post, options.now, stopping),
            ):
                interpreter.tune()
                # From here on whoever connects waits for uvicorn, rather than being refused.
                with _taking_address(chosen):
                    listener.listen(BACKLOG)
                log.info("listening", url=_url(listener))
                with server.capture_signals():
                    server.should_exit = bool(told)
                    server.run(sockets=[listener])
            log.info("stopped")


@contextlib.contextmanager
def _doing(*works: Callable[[threading.Event], object]) -> Iterator[None]:
    """Do what the server does by itself, each in a thread; at the end it is told to come to a resting place."""
    stopping = threading.Event()
    threads = [threading.Thread(target=work, args=(stopping,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        until = time.monotonic() + RESTING_SECONDS
        for thread in threads:
            thread.join(max(0, until - time.monotonic()))


def _carrier(chosen: settings.Settings) -> carriers.Carrier:
    if chosen.smtp_host is None:
        return carriers.Directory(chosen.data_dir / "mail")
    return carriers.Smtp(
        host=chosen.smtp_host,
        port=chosen.smtp_port or settings.SMTP_PORTS[chosen.smtp_security],
        security=chosen.smtp_security,
        user=chosen.smtp_user,
        password=chosen.smtp_password,
    )


def _listener(chosen: settings.Settings) -> socket.socket:
    host, port = chosen.address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with _taking_address(chosen):
        listener.bind((host, port))
    return listener


@contextlib.contextmanager
def _taking_address(chosen: settings.Settings) -> Iterator[None]:
    """Raise BadSetting for an address that cannot be had; of two servers that take it at once, one learns it late."""
    try:
        yield
    except OSError as fault:
        raise settings.BadSetting(
            f"cannot listen on {chosen.listen}: {fault.strerror}; choose another address with --listen"
        ) from None


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

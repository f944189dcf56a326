"""Connections for fetching: only to addresses that the guard lets pass, and none that outlives its time."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import httpcore2

from tokenbase.jobs import worker
from tokenbase.links import guard
from tokenbase.ops import settings

SILENT_SECONDS = 30.0
"""How long a server may say nothing."""
CONNECT_SECONDS = 10.0
_GLANCE_SECONDS = 1.0


class Watch:
    """The end of the time that a fetch has, and what else may end it."""

    def __init__(self, seconds: float, check: Callable[[], None]) -> None:
        """Take the seconds that there are; `check` raises what ends the fetch early."""
        self._seconds = seconds
        self._until = time.monotonic() + seconds
        self._check = check

    def check(self) -> None:
        """Raise what ends the fetch, Passing when its time is over."""
        self._check()
        if time.monotonic() > self._until:
            raise worker.Passing(f"the file did not arrive within {self._seconds / 60:.0f} minutes")


class Backend(httpcore2.NetworkBackend):
    """Connects to hosts as the guard allows it."""

    def __init__(self, opened: Sequence[settings.Network], watch: Watch, ask: guard.Lookup) -> None:
        """Take the networks that the operator opened and what resolves names."""
        self._opened = opened
        self._watch = watch
        self._ask = ask
        self._plain = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to the first address of a host that takes the connection. Raises Failed and Passing by the guard."""
        found = guard.addresses(host, port, self._opened, self._ask, self._watch.check)
        fault: Exception = httpcore2.ConnectError("no address")
        for address in found[:4]:
            self._watch.check()
            try:
                stream = self._plain.connect_tcp(address, port, CONNECT_SECONDS, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as refused:
                fault = refused
            else:
                return _Watched(stream, self._watch)
        raise fault


class _Watched(httpcore2.NetworkStream):
    """A connection that looks up from its reading every second."""

    def __init__(self, inner: httpcore2.NetworkStream, watch: Watch) -> None:
        self._inner = inner
        self._watch = watch

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        silent_until = time.monotonic() + SILENT_SECONDS
        while True:
            self._watch.check()
            try:
                return self._inner.read(max_bytes, _GLANCE_SECONDS)
            except httpcore2.ReadTimeout:
                if time.monotonic() > silent_until:
                    raise

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._watch.check()
        self._inner.write(buffer, SILENT_SECONDS)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _Watched(self._inner.start_tls(ssl_context, server_hostname, CONNECT_SECONDS), self._watch)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)

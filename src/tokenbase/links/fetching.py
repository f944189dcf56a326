"""A file from a link into a temporary file, whole and checked, before a row of it is imported.

So a file that breaks off, or that is none, changes nothing; and the server that it comes from need not wait for ours.
"""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Callable, Sequence
from typing import IO
from urllib.parse import unquote

import httpcore2
import httpx2

import tokenbase
from tokenbase.contract import problems
from tokenbase.imports import uploads
from tokenbase.jobs import worker
from tokenbase.links import connecting, guard, unpacking
from tokenbase.ops import settings

REDIRECTS = 5
SECONDS = 3_600.0
"""How long a file may take to arrive."""
_REDIRECTING = frozenset({301, 302, 303, 307, 308})
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


def fetch(
    link: str,
    opened: Sequence[settings.Network],
    most: int,
    check: Callable[[], None],
    ask: guard.Lookup = guard.lookup,
    seconds: float = SECONDS,
) -> IO[bytes]:
    """Return the file behind a link: UTF-8 of at most `most` bytes, unpacked, at its beginning. It has no name on disk.

    `check` is called at least each second and may raise. Raises Failed and Passing; neither shows more of the link
    than its host.
    """
    watch = connecting.Watch(seconds, check)
    url = uploads.address(link)
    credentials = _credentials(url)
    kept = tempfile.TemporaryFile("w+b")  # noqa: SIM115 - the caller's
    try:
        with httpcore2.ConnectionPool(network_backend=connecting.Backend(opened, watch, ask)) as pool:
            for _ in range(REDIRECTS + 1):
                further = _get(pool, url, credentials, kept, most, watch)
                if further is None:
                    kept.seek(0)
                    return kept
                if _origin(further) != _origin(url):
                    # What is meant for one server is no other's.
                    credentials = None
                url = further
        raise worker.Failed(f"{url.host} redirects more than {REDIRECTS} times")
    except BaseException:
        kept.close()
        raise


def _get(
    pool: httpcore2.ConnectionPool,
    url: httpx2.URL,
    credentials: bytes | None,
    kept: IO[bytes],
    most: int,
    watch: connecting.Watch,
) -> httpx2.URL | None:
    """Fetch one address into `kept`; return where it leads to instead, None for nowhere."""
    host = url.host
    headers = [
        (b"Host", url.netloc),
        (b"User-Agent", f"tokenbase/{tokenbase.__version__}".encode()),
        (b"Accept", b"text/csv, */*;q=0.1"),
        (b"Accept-Encoding", b"gzip"),
        *([(b"Authorization", credentials)] if credentials else []),
    ]
    target = httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    try:
        with pool.stream("GET", target, headers=headers) as answer:
            said = {name.lower(): value for name, value in answer.headers}
            if answer.status in _REDIRECTING and b"location" in said:
                return _further(url, said[b"location"])
            if answer.status != 200:
                kind = worker.Passing if answer.status in _PASSING else worker.Failed
                raise kind(f"{host} answers with HTTP {answer.status}")
            length = said.get(b"content-length", b"0")
            if length.isdigit() and int(length[:20]) > most:
                raise worker.Failed(
                    f"the file has {int(length[:20]) / 1024**2:,.0f} MB, more than the {most / 1024**2:,.0f} that are "
                    "fetched: link it in parts, or have the server's operator raise TOKENBASE_LINK_MEGABYTES"
                )
            spool = unpacking.Spool(kept, most, _packed(host, said.get(b"content-encoding", b"")))
            for chunk in answer.iter_stream():
                watch.check()
                spool.write(chunk)
            spool.close()
    except httpcore2.TimeoutException:
        raise worker.Passing(f"{host} does not answer in time") from None
    except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.UnsupportedProtocol) as fault:
        raise worker.Passing(f"{host} cannot be fetched from: {fault or type(fault).__name__}") from None
    return None


def _further(url: httpx2.URL, location: bytes) -> httpx2.URL:
    try:
        further = url.join(location.decode("ascii"))
        # Of a redirect nobody may name a user: it is the link's to say who asks.
        return uploads.address(str(further.copy_with(userinfo=b"")))
    except (httpx2.InvalidURL, ValueError, problems.BadValue):
        raise worker.Failed(f"{url.host} redirects to what is no http or https address") from None


def _packed(host: str, encoding: bytes) -> bool:
    word = encoding.strip().lower()
    if word not in (b"", b"identity", b"gzip", b"x-gzip"):
        raise worker.Failed(f"{host} sends the file in an encoding that was not asked for")
    return word in (b"gzip", b"x-gzip")


def _credentials(url: httpx2.URL) -> bytes | None:
    if not url.userinfo:
        return None
    user, _, password = url.userinfo.partition(b":")
    plain = f"{unquote(user.decode())}:{unquote(password.decode())}"
    return b"Basic " + base64.b64encode(plain.encode())


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port

"""A little HTTP server with files, for what the server under test fetches: each path is answered as a test says."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator

import pytest


class Visit(http.server.BaseHTTPRequestHandler):
    """One request to the host."""

    protocol_version = "HTTP/1.1"
    server: Host

    def do_GET(self) -> None:
        self.server.visits.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        self.close_connection = True
        try:
            self.server.pages[self.path](self)
        except (BrokenPipeError, ConnectionResetError):
            self.server.broken_off += 1

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), "Connection": "close", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Host(http.server.ThreadingHTTPServer):
    """Answers `pages`; `visits` are the requests so far, `broken_off` those whose client went away."""

    daemon_threads = True

    def __init__(self, address: str = "127.0.0.1") -> None:
        super().__init__((address, 0), Visit)
        self.pages: dict[str, Callable[[Visit], None]] = {}
        self.visits: list[tuple[str, dict[str, str]]] = []
        self.broken_off = 0
        self.url = f"http://{address}:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def file(self, path: str, text: str | bytes, **headers: str) -> str:
        """Offer a file, and return its address."""
        body = text.encode() if isinstance(text, str) else text
        return self.page(path, lambda visit: visit.answer(200, body, **headers))

    def page(self, path: str, answer: Callable[[Visit], None]) -> str:
        """Let a path be answered somehow, and return its address."""
        self.pages[path] = answer
        return self.url + path

    def close(self) -> None:
        self.shutdown()
        self.server_close()


@pytest.fixture
def host() -> Iterator[Host]:
    """A host on loopback."""
    opened = Host()
    yield opened
    opened.close()

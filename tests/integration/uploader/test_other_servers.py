"""Servers of the same API that say less, later or stranger things than ours; stand-ins for them, not for ours."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tokenbase.client import faults
from tokenbase.uploader import orders, progress, summary
from tokenbase.uploader import upload as uploading

Answer = tuple[int, object] | tuple[int, object, dict[str, str]]
Script = Callable[[str, int, int], Answer]
"""An answer by the method, how many requests of it there were before, and the contacts sent."""


class Foreign(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script: Script
    asked: dict[str, int]
    lock = threading.Lock()

    def do_POST(self) -> None:
        self._answer(len(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["contacts"]))

    def do_GET(self) -> None:
        self._answer(0)

    def _answer(self, contacts: int) -> None:
        with self.lock:
            number = self.asked.get(self.command, 0)
            self.asked[self.command] = number + 1
        status, told, *headers = type(self).script(self.command, number, contacts)
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        self.send_response(status)
        for name, value in {**(headers[0] if headers else {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


Run = Callable[..., tuple[uploading.Upload, summary.Summary]]


@pytest.fixture
def upload(tmp_path: Path) -> Iterator[Run]:
    handler = type("Handler", (Foreign,), {"asked": {}})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()

        def run(script: Script, rows: int = 10, **more: Any) -> tuple[uploading.Upload, summary.Summary]:
            handler.script = staticmethod(script)  # type: ignore[attr-defined]
            (tmp_path / "a.csv").write_text("user_id,token\n" + "".join(f"u{n},t{n}\n" for n in range(rows)))
            order = orders.Order(
                source=str(tmp_path / "a.csv"),
                to=f"http://127.0.0.1:{server.server_port}",
                key="k",
                report=tmp_path / "report",
                rejects=tmp_path / "rejects",
                journal=tmp_path / "journal",
                **{"retries": 2, "parallel": 1, **more},
            )
            job = uploading.Upload(order, progress.Quiet())
            return job, job.run()

        yield run
        server.shutdown()
        thread.join()


LITTLE = {"id": 0, "asyncSessionId": "s", "failedContacts": []}


def later(status: Callable[[int], Answer]) -> Script:
    """A server that answers before it has imported."""
    return lambda method, number, contacts: (200, LITTLE) if method == "POST" else status(number)


def test_null_stands_for_what_is_not_told(upload: Run) -> None:
    nothing = dict.fromkeys(("failedContacts", "skippedContacts", "warnings", "unchanged", "restored"))
    _, done = upload(lambda method, number, contacts: (200, {**nothing, "created": contacts}))
    assert (done.created, done.adds_up) == (10, True)


def test_numbers_may_come_as_texts(upload: Run) -> None:
    failed = [{"index": "3", "errorMessage": "no"}]
    _, done = upload(lambda method, number, contacts: (200, {"created": "9", "failedContacts": failed}))
    assert (done.created, done.failed, done.adds_up) == (9, 1, True)


def test_counts_that_leave_rows_out_are_not_made_up_for(upload: Run) -> None:
    _, done = upload(lambda method, number, contacts: (200, {**LITTLE, "created": 1, "updated": 0}))
    assert not done.adds_up
    assert "do not add up" in done.text()


def test_an_import_that_ended_with_an_error_is_no_success(upload: Run, tmp_path: Path) -> None:
    _, done = upload(later(lambda number: (200, {"status": "ERROR"})))
    assert (done.failed, done.updated, done.adds_up) == (10, 0, True)
    assert len((tmp_path / "rejects").read_text().splitlines()) == 11


def test_a_hiccup_while_the_status_is_asked_for_does_not_end_the_upload(upload: Run) -> None:
    status = {"status": "FINISHED", "created": 10, "updated": 0}
    _, done = upload(later(lambda number: (503, {}) if number == 0 else (200, status)))
    assert (done.created, done.unsent, done.stopped_by) == (10, 0, None)


@pytest.mark.parametrize("status", [403, 404])
def test_a_status_that_may_not_be_read_leaves_it_open_what_was_new(upload: Run, status: int) -> None:
    job, done = upload(later(lambda number: (status, {})))
    assert (done.updated, done.uncounted, done.adds_up, job.fault) == (10, 10, True, None)
    assert "may have been created" in done.text()


def test_what_the_status_says_was_skipped_is_not_counted_as_updated(upload: Run) -> None:
    mapping = [{"index": n, "contactId": n, "result": "skipped" if n < 2 else "created"} for n in range(10)]
    for counts in ({"created": 8, "updated": 0}, {}):
        _, done = upload(later(lambda number, told=counts: (200, {"status": "FINISHED", "mapping": mapping, **told})))  # type: ignore[misc]
        assert (done.created, done.updated, done.skipped, done.adds_up) == (8, 0, 2, True)


@pytest.mark.parametrize("date", ["Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 -0000"])
def test_a_date_without_a_zone_in_retry_after_is_in_gmt(upload: Run, date: str) -> None:
    _, done = upload(
        lambda method, number, contacts: (
            (429, {}, {"Retry-After": date}) if number == 0 else (200, {**LITTLE, "created": contacts})
        )
    )
    assert (done.created, done.retried) == (10, 1)


def test_an_answer_that_cannot_be_unpacked_is_asked_for_again(upload: Run) -> None:
    job, done = upload(lambda method, number, contacts: (200, b"nonsense", {"Content-Encoding": "gzip"}), retries=1)
    assert (done.unsent, done.retried, done.adds_up) == (10, 1, True)
    assert isinstance(job.fault, faults.TryAgain)


def test_of_a_batch_that_was_halved_what_went_in_is_counted_when_the_rest_does_not(upload: Run) -> None:
    def script(method: str, number: int, contacts: int) -> Answer:
        return [(413, {}), (200, {**LITTLE, "created": contacts}), (401, {"errorMessage": "no"})][number]  # type: ignore[return-value]

    job, done = upload(script)
    assert (done.created, done.unsent, done.adds_up) == (5, 5, True)
    assert isinstance(job.fault, faults.NotAuthorised)


def test_a_contact_that_is_too_large_alone_is_rejected_and_the_others_go_in(upload: Run, tmp_path: Path) -> None:
    def script(method: str, number: int, contacts: int) -> Answer:
        return (413, {"errorMessage": "large"}) if number < 3 else (200, {**LITTLE, "created": contacts})

    _, done = upload(script, rows=4)
    assert (done.created, done.failed, done.adds_up) == (3, 1, True)
    assert (tmp_path / "rejects").read_text() == "user_id,token\nu0,t0\n"

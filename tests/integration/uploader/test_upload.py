"""`tokenbase upload` as people run it, against a running server."""

from __future__ import annotations

import csv
import gzip
import http.server
import json
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from server import TOKENBASE, Account, Server
from tokenbase.uploader import mapping, orders, sample, sending
from tokenbase.uploader import upload as uploading


def run(
    directory: Path, *arguments: str, given: bytes | None = None, **environ: str
) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TOKENBASE_")}
    done = subprocess.run(
        [TOKENBASE, "upload", *arguments], cwd=directory, env={**clean, **environ}, input=given, capture_output=True
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def to(account: Account) -> list[str]:
    return ["--to", account.server.url, "--key", account.secret, "--output", "json"]


def write_sample(path: Path, contacts: int) -> sample.Sample:
    made = sample.Sample(contacts)
    path.write_text("".join(sample.csv_lines(made)), encoding="utf-8")
    return made


def test_a_base_goes_in_and_every_row_is_accounted_for(tmp_path: Path, account: Account) -> None:
    made = write_sample(tmp_path / "base.csv", 5_000)

    done = run(tmp_path, "base.csv", *to(account))

    told = json.loads(done.stdout)
    broken = sum(made.flaws[name] for name in ("bad_emails", "nothing_identifies", "ragged_rows", "long_ids"))
    assert made.flaws["bad_emails"] > 0
    assert done.returncode == 3
    assert told["read"] == made.rows
    assert told["failed"] == broken
    assert told["read"] == sum(told[name] for name in ("created", "updated", "unchanged", "skipped", "failed"))
    assert account.rows("SELECT count(*) FROM contact WHERE account_id = %s") == [(told["created"],)]
    assert account.secret not in done.stderr + done.stdout
    assert "user_id" in done.stderr
    assert "externalCustomerId" in done.stderr


def test_the_same_base_again_is_unchanged(tmp_path: Path, account: Account) -> None:
    rows = "".join(f"u{n},t{n},a{n}@b.co\n" for n in range(4_000))
    (tmp_path / "base.csv").write_text(f"user_id,token,email\n{rows}")
    assert run(tmp_path, "base.csv", *to(account)).returncode == 0
    again = run(tmp_path, "base.csv", *to(account), "--batch", "700", "--parallel", "8")
    told = json.loads(again.stdout)
    assert (again.returncode, told["unchanged"], told["read"], told["requests"]) == (0, 4_000, 4_000, 6)
    assert list(tmp_path.iterdir()) == [tmp_path / "base.csv"]


def test_rejected_rows_are_told_mended_and_fed_again(tmp_path: Path, account: Account) -> None:
    text = 'user_id;note;email;token\nu1;"a;b";a@b.co;t1\nu2;x;joe@;t2\n\nu3;too;many;cells;here\nu4;;b@b.co;t4\n'
    (tmp_path / "base.csv").write_text(text)

    done = run(tmp_path, "base.csv", *to(account))

    assert (done.returncode, json.loads(done.stdout)["failed"]) == (3, 2)
    report = [json.loads(line) for line in (tmp_path / "base.report.jsonl").read_text().splitlines()]
    told = {(line["line"], line["result"], line["externalCustomerId"], line["path"]) for line in report}
    assert told == {(3, "failed", "u2", "contacts[1].channels[1].value"), (5, "failed", None, "")}
    rejects = tmp_path / "base.rejects.csv"
    assert sorted(rejects.read_text().splitlines()) == [
        "u2;x;joe@;t2",
        "u3;too;many;cells;here",
        "user_id;note;email;token",
    ]
    rejects.write_text(
        rejects.read_text().replace("joe@", "joe@b.co").replace("u3;too;many;cells;here", "u3;x;c@b.co;t3")
    )
    assert run(tmp_path, "base.rejects.csv", *to(account)).returncode == 0
    assert account.rows("SELECT count(*) FROM contact WHERE account_id = %s") == [(4,)]


def test_json_lines_give_their_rejected_lines_back(tmp_path: Path, account: Account) -> None:
    lines = ['{"user_id":"u1","token":"t1"}', "{broken", '{"user_id":"u2","email":"joe@"}']
    (tmp_path / "base.jsonl").write_text("\n".join(lines))
    assert run(tmp_path, "base.jsonl", *to(account)).returncode == 3
    assert (tmp_path / "base.rejects.jsonl").read_text().splitlines() == lines[1:]


def test_standard_input_and_gzip_and_contacts_as_the_api_takes_them(tmp_path: Path, account: Account) -> None:
    contacts = [
        {"externalCustomerId": f"u{n}", "channels": [{"type": "mobilepush", "value": f"t{n}"}]} for n in range(10)
    ]
    given = gzip.compress("\n".join(map(json.dumps, contacts)).encode())
    done = run(tmp_path, "-", *to(account), given=given)
    assert (done.returncode, json.loads(done.stdout)["created"]) == (0, 10)
    body = json.dumps({"contacts": contacts, "groupNames": ["Moved"], "dedupeOn": "externalCustomerId"}).encode()
    assert run(tmp_path, "-", *to(account), given=body).returncode == 0
    assert account.contact("u3")["groups"][0]["name"] == "Moved"


def test_rows_without_a_person_are_matched_by_token_then_email_then_phone(tmp_path: Path, account: Account) -> None:
    (tmp_path / "base.csv").write_text(
        "user_id,token,email,phone\nu1,t1,,\n,t2,,\n,,a@b.co,\n,null,,380671234567\n,,,\n"
    )
    for created in (4, 0):
        told = json.loads(run(tmp_path, "base.csv", *to(account)).stdout)
        assert (told["created"], told["unchanged"], told["failed"]) == (created, 4 - created, 1)


def test_a_mapping_is_written_edited_and_used(tmp_path: Path, account: Account) -> None:
    account.field(id=7, name="Plan", type="text")
    (tmp_path / "base.csv").write_text("Kundennr,Gerät,plan\n1,t1,pro\n")
    assert run(tmp_path, "base.csv", *to(account)).returncode == 2
    plan = mapping.Plan(
        columns={"Kundennr": "externalCustomerId", "Gerät": "mobilepush", "plan": "fields.7"},
        constants={"languageCode": "de", "device.os": "ios"},
        options={"groupNames": ["Moved"]},
    )
    (tmp_path / "mapping.toml").write_text(mapping.write(plan))
    assert run(tmp_path, "base.csv", *to(account), "--map", "mapping.toml").returncode == 0
    contact = account.contact("1")
    assert (contact["languageCode"], contact["fields"]) == ("de", [{"id": 7, "value": "pro"}])
    (tmp_path / "again.csv").write_text("Kundennr,Gerät,plan\n1,t1,free\n")
    assert run(tmp_path, "again.csv", *to(account), "--map", "mapping.toml").returncode == 0
    assert account.contact("1")["fields"] == [{"id": 7, "value": "free"}]
    assert contact["channels"][0]["device"]["os"] == "iOS"
    assert run(tmp_path, "base.csv", "--map", "mapping.toml", "--write-map", "again.toml").returncode == 0
    assert mapping.read(tmp_path / "again.toml") == plan
    assert run(tmp_path, "base.csv", "--map", "mapping.toml", "--write-map", "again.toml").returncode == 2


def test_a_mapping_is_written_where_no_heading_is_known(tmp_path: Path) -> None:
    (tmp_path / "base.csv").write_text("Kunde,Zeichen\nu1,t1\n")
    assert run(tmp_path, "base.csv", "--write-map", "mapping.toml").returncode == 0
    text = (tmp_path / "mapping.toml").read_text()
    assert '"Kunde" = ""' in text
    (tmp_path / "mapping.toml").write_text(text.replace('"Kunde" = ""', '"Kunde" = "externalCustomerId"'))
    done = run(tmp_path, "base.csv", "--map", "mapping.toml", "--dry-run")
    assert (done.returncode, json.loads(done.stdout)["externalCustomerId"]) == (0, "u1")
    assert "warning: no column is a push token" in done.stderr


def test_lists_where_one_value_is_meant_are_told_with_how_many(tmp_path: Path) -> None:
    rows = ({"user_id": f"u{n}", "token": ["a", "b"] if n else "c"} for n in range(3))
    (tmp_path / "base.jsonl").write_text("\n".join(map(json.dumps, rows)))
    done = run(tmp_path, "base.jsonl", "--dry-run")
    assert (
        'warning: "token" holds a list where one value is meant: it is taken as its JSON text (2 rows)' in done.stderr
    )


def test_a_full_disk_under_the_report_ends_the_upload_in_order(tmp_path: Path, account: Account) -> None:
    (tmp_path / "base.csv").write_text("user_id,email\n" + "".join(f"u{n},joe@\n" for n in range(2_000)))
    done = run(tmp_path, "base.csv", *to(account), "--report", "/dev/full", "--batch", "200", "--parallel", "1")
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert told["stoppedBy"] == "/dev/full cannot be written: No space left on device"
    assert told["read"] == told["failed"] + told["unsent"]


def test_a_dry_run_shows_contacts_and_sends_nothing(tmp_path: Path) -> None:
    (tmp_path / "base.csv").write_text("user_id,token\nu1,t1\n,\n")
    done = run(tmp_path, "base.csv", "--dry-run")
    assert done.returncode == 3
    assert json.loads(done.stdout)["externalCustomerId"] == "u1"
    assert "2 rows: 1 would be sent (1 by externalCustomerId), 1 cannot be" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["missing.csv", "--to", "http://127.0.0.1:9", "--key", "k"], 1, "No such file"),
        (["base.csv", "--key", "k"], 2, "TOKENBASE_URL"),
        (["base.csv", "--to", "http://127.0.0.1:9"], 2, "TOKENBASE_KEY"),
        (["base.csv", "--to", "", "--key", "k"], 2, "--to is empty"),
        (["base.csv", "--to", "http://127.0.0.1:9", "--key", ""], 2, "--key is empty"),
        (["base.csv", "--to", "http://127.0.0.1:9", "--key", "k", "--report", "none/x"], 2, "none/x cannot be written"),
        (["base.csv", "--write-map", "none/x"], 2, "none/x cannot be written"),
        (["base.csv", "--to", "http://127.0.0.1:9", "--key", "k", "--retries", "0"], 75, "cannot be reached"),
        (["base.csv", "--to", "nonsense", "--key", "k", "--retries", "0"], 2, "is not the address of a server"),
        (["base.csv", "--to", "http://127.0.0.1:9", "--key", "k", "--batch", "5000"], 2, "3,000"),
        (["base.csv", "--to", "http://127.0.0.1:9", "--key", "k", "--map", "none.toml"], 2, "none.toml"),
        (["base.csv", "--to", "http://127.0.0.1:9", "--key", "k", "--rejects", "base.csv"], 2, "over their source"),
        ([], 2, ""),
        (["base.csv", "--colour"], 2, ""),
    ],
)
def test_a_wrong_call_ends_with_its_code_and_the_cure(
    tmp_path: Path, arguments: list[str], code: int, told: str
) -> None:
    (tmp_path / "base.csv").write_text("user_id,token\nu1,t1\n")
    done = run(tmp_path, *arguments, TOKENBASE_URL="", TOKENBASE_KEY="")
    assert done.returncode == code, done.stderr
    assert told in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_a_key_that_is_not_accepted_ends_at_once_with_4(tmp_path: Path, account: Account) -> None:
    (tmp_path / "base.csv").write_text("user_id,token\n" + "".join(f"u{n},t{n}\n" for n in range(20_000)))
    for key in ("wrong", account.key("messages")):
        done = run(tmp_path, "base.csv", "--to", account.server.url, "--key", key, "--output", "json", "--batch", "100")
        assert done.returncode == 4
        told = json.loads(done.stdout)
        assert told["read"] == told["unsent"]
        assert told["requests"] < 20


@pytest.mark.parametrize("name", ["base.csv.gz", "base.json"])
def test_a_source_that_breaks_off_is_uploaded_as_far_as_it_goes_and_told(
    tmp_path: Path, account: Account, name: str
) -> None:
    if name == "base.json":
        people = [json.dumps({"user_id": f"u{n}", "token": f"t{n}"}) for n in range(5_000)]
        (tmp_path / name).write_text("[\n" + ",\n".join(people) + "\n}")
    else:
        rows = "".join(f"u{n},{random.Random(n).randbytes(32).hex()}\n" for n in range(20_000))
        (tmp_path / name).write_bytes(gzip.compress(f"user_id,token\n{rows}".encode(), mtime=0)[:-2_000])
    done = run(tmp_path, name, *to(account))
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert told["created"] == told["read"] > 3_000
    assert "breaks off after line" in told["stoppedBy"] or "line 5002" in told["stoppedBy"]
    assert account.rows("SELECT count(*) FROM contact WHERE account_id = %s") == [(told["created"],)]


def test_url_and_key_come_from_the_environment_too(tmp_path: Path, account: Account) -> None:
    (tmp_path / "base.csv").write_text("user_id,token\nu1,t1\n")
    environ = {"TOKENBASE_URL": account.server.url + "/api/", "TOKENBASE_KEY": account.secret}
    assert run(tmp_path, "base.csv", **environ).returncode == 0


def test_one_person_in_many_batches_at_once_ends_as_the_last_row_says(tmp_path: Path, account: Account) -> None:
    rows = [[f"u{n % 7}", f"t{n}", "Ann" if n < 990 else "Last"] for n in range(1_000)]
    with (tmp_path / "base.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["user_id", "token", "first_name"], *rows])
    done = run(tmp_path, "base.csv", *to(account), "--batch", "10", "--parallel", "8")
    assert done.returncode == 0
    assert {account.contact(f"u{n}")["firstName"] for n in range(7)} == {"Last"}
    assert account.rows("SELECT count(*) FROM token WHERE account_id = %s") == [(1_000,)]


def test_ctrl_c_ends_in_order_and_says_what_is_there(tmp_path: Path, account: Account) -> None:
    write_sample(tmp_path / "base.csv", 40_000)
    command = [TOKENBASE, "upload", "base.csv", *to(account), "--batch", "200", "--parallel", "2"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 30
        while account.rows("SELECT count(*) FROM contact WHERE account_id = %s") == [(0,)]:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    told = json.loads(out)
    assert process.returncode == 130
    assert 0 < told["created"] < 40_000
    assert account.rows("SELECT count(*) FROM contact WHERE account_id = %s") == [(told["created"],)]
    assert told["read"] == sum(told[n] for n in ("created", "updated", "unchanged", "skipped", "failed", "unsent"))


class Awkward(http.server.BaseHTTPRequestHandler):
    """Passes requests on to the real server, but answers as `plan` says; a stand-in for the network, not the server."""

    protocol_version = "HTTP/1.1"
    plan: Callable[[int], str]
    account: Account
    keys: list[str | None]
    lock = threading.Lock()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.lock:
            number = len(self.keys)
            self.keys.append(self.headers["Idempotency-Key"])
        act = type(self).plan(number)
        headers = {"Idempotency-Key": self.headers["Idempotency-Key"]}
        if act in ("pass", "lose"):
            answer = self.account.post(self.path, content=body, headers=headers)
            if act == "lose":
                self.close_connection = True
                return
            self._answer(answer.status_code, answer.content)
        elif act == "foreign":
            found = self.account.post(self.path, content=body, headers=headers).json()
            kept = {name: found[name] for name in ("id", "asyncSessionId", "failedContacts")}
            self._answer(200, json.dumps(kept).encode())
        else:
            self._answer(int(act), b'{"errorMessage": "awkward"}', {"Retry-After": "0"} if act == "429" else {})

    def do_GET(self) -> None:
        answer = self.account.get(self.path)
        self._answer(answer.status_code, answer.content)

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def awkward(account: Account) -> Iterator[tuple[str, type[Awkward]]]:
    handler = type("Handler", (Awkward,), {"account": account, "keys": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", handler
        server.shutdown()
        thread.join()


def order(tmp_path: Path, url: str, account: Account, rows: int = 100, **more: Any) -> orders.Order:
    (tmp_path / "base.csv").write_text("user_id,token\n" + "".join(f"u{n},t{n}\n" for n in range(rows)))
    paths = {"report": tmp_path / "report.jsonl", "rejects": tmp_path / "rejects.csv", "journal": tmp_path / "journal"}
    return orders.Order(source=str(tmp_path / "base.csv"), to=url, key=account.secret, **paths, **more)


def test_what_may_pass_is_tried_again_under_the_same_idempotency_key(
    tmp_path: Path, account: Account, awkward: tuple[str, type[Awkward]]
) -> None:
    url, handler = awkward
    answers = ["429", "500", "lose", "503", "pass"]
    handler.plan = staticmethod(lambda number: answers[number])  # type: ignore[assignment]

    done = uploading.upload(order(tmp_path, url, account))

    assert (done.created, done.retried, done.adds_up) == (100, 4, True)
    assert len(set(handler.keys)) == 1
    assert account.rows("SELECT count(*) FROM import_session WHERE account_id = %s") == [(1,)]


def test_waiting_for_its_turn_is_no_failure_of_a_request(
    tmp_path: Path, account: Account, awkward: tuple[str, type[Awkward]]
) -> None:
    url, handler = awkward
    handler.plan = staticmethod(lambda number: "429" if number < 15 else "pass")  # type: ignore[assignment]
    done = uploading.upload(order(tmp_path, url, account, retries=3))
    assert (done.created, done.retried, done.unsent) == (100, 15, 0)


def test_a_server_that_never_has_a_turn_ends_the_upload(
    tmp_path: Path, account: Account, awkward: tuple[str, type[Awkward]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "TURN_SECONDS", 0.3)
    url, handler = awkward
    handler.plan = staticmethod(lambda number: "429")  # type: ignore[assignment]
    done = uploading.upload(order(tmp_path, url, account, retries=2))
    assert (done.created, done.unsent) == (0, 100)
    assert len(handler.keys) < 20


def test_a_batch_that_is_too_large_is_halved(
    tmp_path: Path, account: Account, awkward: tuple[str, type[Awkward]]
) -> None:
    url, handler = awkward
    handler.plan = staticmethod(lambda number: "413" if number in (0, 1) else "pass")  # type: ignore[assignment]
    done = uploading.upload(order(tmp_path, url, account, rows=9, parallel=1))
    assert (done.created, done.read, done.adds_up) == (9, 9, True)


def test_a_server_of_the_same_api_that_tells_no_counts_is_asked_for_them(
    tmp_path: Path, account: Account, awkward: tuple[str, type[Awkward]]
) -> None:
    url, handler = awkward
    handler.plan = staticmethod(lambda number: "foreign")  # type: ignore[assignment]
    assert uploading.upload(order(tmp_path, url, account, batch=30)).created == 100
    again = uploading.upload(order(tmp_path, url, account, rows=120, batch=30))
    assert (again.created, again.unchanged, again.adds_up) == (20, 100, True)


def test_a_refused_request_ends_the_upload_with_the_servers_reason(tmp_path: Path, account: Account) -> None:
    plan = mapping.Plan(columns={"user_id": "externalCustomerId"}, options={"dedupeOn": "fieldId", "fieldId": 4711})
    done = uploading.upload(order(tmp_path, account.server.url, account, plan=plan))
    assert (done.read, done.unsent, done.adds_up) == (100, 100, True)
    assert "additional field 4711" in str(done.stopped_by)


def test_a_base_link_to_a_server_in_a_mapping_or_argument_is_not_shown_with_its_key(
    server: Server, tmp_path: Path
) -> None:
    account = server.account()
    (tmp_path / "base.csv").write_text("user_id,token\nu1,t1\n")
    done = run(tmp_path, "base.csv", "--to", server.url, "--key", account.secret)
    assert account.secret not in done.stdout + done.stderr + server.log.read_text()

"""An upload that is interrupted, shared, slowed and contested: what is there in the end is what there should be."""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from server import TOKENBASE, Account
from tokenbase.uploader import faults, orders, progress
from tokenbase.uploader import upload as uploading


def command(account: Account, *arguments: str) -> list[str]:
    return [TOKENBASE, "upload", *arguments, "--to", account.server.url, "--key", account.secret, "--output", "json"]


def run(directory: Path, account: Account, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(command(account, *arguments), cwd=directory, capture_output=True, text=True)
    assert done.returncode in (0, 3), done.stderr
    told = json.loads(done.stdout)
    assert isinstance(told, dict)
    return told


def count(account: Account, table: str) -> int:
    ((found,),) = account.rows(f"SELECT count(*) FROM {table} WHERE account_id = %s")
    return int(found)


def flawed(path: Path, rows: int) -> None:
    """Rows of which each 50th has a broken address and each 70th a cell too few; some people have two."""
    with path.open("w") as file:
        file.write("user_id,token,email\n")
        for n in range(rows):
            email = "joe@" if n % 50 == 0 else f"u{n}@b.co"
            file.write(f"u{n}\n" if n % 70 == 1 else f"u{n // 2 * 2 if n % 10 == 0 else n},t{n},{email}\n")


def test_killed_ten_times_and_resumed_it_ends_with_the_counts_of_one_upload(tmp_path: Path, account: Account) -> None:
    rows = int(os.environ.get("TOKENBASE_TEST_ROWS", "40000"))
    batch, parallel = min(rows // 200, 3_000), 4
    flawed(tmp_path / "base.csv", rows)
    other = account.server.account()
    whole = run(tmp_path, other, "base.csv", "--batch", str(batch), "--report", "whole", "--rejects", "whole.csv")
    arguments = ["base.csv", "--batch", str(batch), "--parallel", str(parallel)]
    chance = random.Random(5)
    kills = 0
    while kills < 10:
        resume = ["--resume"] if kills else []
        process = subprocess.Popen(
            command(account, *arguments, *resume), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        before, deadline = count(account, "import_session"), time.monotonic() + 60
        while count(account, "import_session") < before + 3 and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(chance.random() * 0.2)
        assert process.poll() is None, "it ended before it could be killed ten times"
        process.kill()
        process.communicate()
        kills += 1

    told = run(tmp_path, account, *arguments, "--resume")

    same = ("read", "created", "updated", "unchanged", "skipped", "failed", "warnings", "common")
    assert {name: told[name] for name in same} == {name: whole[name] for name in same}
    assert told["resumed"] > 0
    assert count(account, "contact") == count(other, "contact")
    assert count(account, "token") == count(other, "token")
    # One session a batch: whatever was sent again was known by its key.
    batches = count(other, "import_session")
    assert count(account, "import_session") == batches
    posted = sum(event.get("path") == "/api/v1/contacts" for event in account.server.events())
    assert posted <= 2 * batches + kills * parallel
    for ours, theirs in (("base.report.jsonl", "whole"), ("base.rejects.csv", "whole.csv")):
        assert sorted((tmp_path / ours).read_text().splitlines()) == sorted(
            (tmp_path / theirs).read_text().splitlines()
        )
    assert not (tmp_path / "base.journal").exists()


def test_ctrl_c_prints_the_command_that_goes_on_and_it_does(tmp_path: Path, account: Account) -> None:
    (tmp_path / "base.csv").write_text("user_id,token\n" + "".join(f"u{n},t{n}\n" for n in range(30_000)))
    started = command(account, "base.csv", "--batch", "200", "--parallel", "2")
    with subprocess.Popen(started, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while count(account, "contact") < 1_000:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    first = json.loads(out)
    (line,) = re.findall(r"^to go on: (.*)$", err, re.M)
    assert account.secret not in line
    key, *words = shlex.split(line)
    assert (process.returncode, key, words[0], words[-1]) == (130, "TOKENBASE_KEY=…", "tokenbase", "--resume")
    environ = {**os.environ, "TOKENBASE_KEY": account.secret}
    done = subprocess.run([TOKENBASE, *words[1:]], cwd=tmp_path, env=environ, capture_output=True, text=True)
    told = json.loads(done.stdout)
    assert (done.returncode, told["read"], told["created"]) == (0, 30_000, 30_000)
    assert told["resumed"] == first["created"]


def test_without_resume_it_begins_anew_and_says_so(tmp_path: Path, account: Account) -> None:
    (tmp_path / "base.csv").write_text("user_id,token\nu1,t1\n")
    (tmp_path / "base.journal").write_text("something old\n")
    done = subprocess.run(command(account, "base.csv"), cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0
    assert "base.journal was of an upload that did not end: beginning anew" in done.stderr
    assert not (tmp_path / "base.journal").exists()


def order(tmp_path: Path, account: Account, **more: Any) -> orders.Order:
    given = {"to": account.server.url, "journal": tmp_path / "journal", "report": tmp_path / "report", **more}
    return orders.Order(source=str(tmp_path / "base.csv"), key=account.secret, rejects=tmp_path / "rejects", **given)


def stopped_after(rows: int, tmp_path: Path, account: Account) -> None:
    """Upload in batches of a hundred, one at a time, and stop after so many rows."""
    job = uploading.Upload(order(tmp_path, account, batch=100, parallel=1), progress.Quiet())

    class Stops(progress.Quiet):
        def show(self, accounted: int, done: int, size: int) -> None:
            if accounted >= rows:
                job.stop()

    job._shows = Stops()
    assert job.run().created == rows
    assert job.resumable


def test_a_journal_with_a_torn_last_line_is_good_up_to_it(tmp_path: Path, account: Account) -> None:
    (tmp_path / "base.csv").write_text("user_id,token\n" + "".join(f"u{n},t{n}\n" for n in range(1_000)))
    stopped_after(300, tmp_path, account)
    with (tmp_path / "journal").open("ab") as file:
        file.write(b'{"number":3,"digest":"ab')
    told = uploading.upload(order(tmp_path, account, batch=100, resume=True))
    assert (told.created, told.resumed, told.requests, told.adds_up) == (1_000, 300, 7, True)


def test_a_source_that_changed_is_sent_again_where_it_did(tmp_path: Path, account: Account) -> None:
    rows = [f"u{n},t{n}\n" for n in range(400)]
    (tmp_path / "base.csv").write_text("user_id,token\n" + "".join(rows))
    stopped_after(300, tmp_path, account)
    rows[150] = "u150,other\n"
    (tmp_path / "base.csv").write_text("user_id,token\n" + "".join(rows))
    told = uploading.upload(order(tmp_path, account, batch=100, resume=True))
    assert (told.created, told.unchanged, told.updated, told.resumed) == (300, 99, 1, 200)


@pytest.mark.parametrize(
    ("more", "text", "told"),
    [
        ({"resume": True}, None, "is not there"),
        ({"resume": True}, "", "has nothing in it yet"),
        ({"resume": True}, "nonsense\n", "is no journal"),
        ({"resume": True}, '{"id":"x","to":"http://other","source":[],"batch":3000}\n', "another server"),
        ({"journal": Path("/none/x")}, None, "/none/x cannot be written"),
        ({"rate": 0.0}, None, "--rate"),
        ({"limit": 0}, None, "--limit"),
        ({"sample": 2.0}, None, "--sample"),
        ({"shard": (5, 4)}, None, "--shard"),
    ],
)
def test_what_cannot_be_resumed_or_meant_is_told(
    tmp_path: Path, account: Account, more: dict[str, Any], text: str | None, told: str
) -> None:
    (tmp_path / "base.csv").write_text("user_id,token\nu1,t1\n")
    if text is not None:
        (tmp_path / "journal").write_text(text)
    with pytest.raises(faults.BadCall) as caught:
        uploading.Upload(order(tmp_path, account, **more), progress.Quiet())
    assert told in caught.value.message
    assert not (tmp_path / "report").exists()


def test_two_uploads_never_share_a_journal(tmp_path: Path, account: Account) -> None:
    (tmp_path / "base.csv").write_text("user_id,token\nu1,t1\n")
    first = uploading.Upload(order(tmp_path, account), progress.Quiet())
    with pytest.raises(faults.BadCall, match="in use by another upload"):
        uploading.Upload(order(tmp_path, account, resume=True), progress.Quiet())
    assert first.run().created == 1


def test_a_token_of_several_people_goes_to_the_one_seen_last_whatever_the_order(
    tmp_path: Path, account: Account
) -> None:
    hexes = "AB" * 32
    (tmp_path / "base.csv").write_text(
        "user_id,token,last_seen\n"
        "late,t1,2026-09-30T10:00:00Z\n"
        "early,t1,2026-01-01T10:00:00Z\n"
        "early,t2,2026-01-01T10:00:00Z\n"
        "late,t2,2026-09-30T12:00:00+02:00\n"
        "first,t3,\n"
        "second,t3,\n"
        f"late,{hexes},1759392665\n"
        f"early,{hexes.lower()},1759392664\n"
    )
    told = run(tmp_path, account, "base.csv")
    assert (told["read"], told["contested"], told["failed"]) == (8, 4, 0)
    held = {
        person: {channel["value"] for channel in account.contact(person)["channels"]}
        for person in ("late", "early", "first", "second")
    }
    assert held == {"late": {"t1", "t2", hexes}, "early": set(), "first": set(), "second": {"t3"}}
    report = (tmp_path / "base.report.jsonl").read_text().splitlines()
    notes = {line["line"]: line["message"] for line in map(json.loads, report)}
    assert notes == {
        3: 'the token t1 stays with "late", who was seen with it later',
        5: 'the token t2 was also that of "early", who was seen with it before: it moves here',
        7: 'the token t3 was also that of "first", in a row before: it moves here',
        9: f'the token {hexes.lower()[:24]}… stays with "late", who was seen with it later',
    }


def test_the_parts_of_a_base_are_the_base(tmp_path: Path, account: Account) -> None:
    flawed(tmp_path / "base.csv", 3_000)
    other = account.server.account()
    whole = run(tmp_path, other, "base.csv", "--report", "w", "--rejects", "w.csv")
    parts = [run(tmp_path, account, "base.csv", "--shard", f"{n}/3") for n in (1, 2, 3)]
    assert sum(part["read"] for part in parts) == 3_000
    assert sum(part["failed"] for part in parts) == whole["failed"] > 0
    assert all(part["read"] > 800 for part in parts)
    assert count(account, "contact") == count(other, "contact")
    assert count(account, "token") == count(other, "token")
    assert (tmp_path / "base.shard-2-of-3.report.jsonl").exists()


def test_a_limit_a_sample_and_a_rate_are_kept_to(tmp_path: Path, account: Account) -> None:
    (tmp_path / "base.csv").write_text("user_id,token\n" + "".join(f"u{n % 900},t{n}\n" for n in range(1_800)))
    assert run(tmp_path, account, "base.csv", "--limit", "70")["created"] == 70
    assert count(account, "token") == 70
    sampled = account.server.account()
    told = run(tmp_path, sampled, "base.csv", "--sample", "0.1")
    assert 100 < told["read"] < 280
    assert run(tmp_path, sampled, "base.csv", "--sample", "0.1")["unchanged"] == told["read"]
    slow = account.server.account()
    assert run(tmp_path, slow, "base.csv", "--rate", "1000", "--batch", "300")["seconds"] > 1.4


APP = "83b77a49-fc28-409b-aeaa-68c9d544ab9d"


def test_a_list_of_dead_tokens_is_switched_off_and_what_is_not_known_is_told(tmp_path: Path, account: Account) -> None:
    (tmp_path / "base.csv").write_text("user_id,token\n" + "".join(f"u{n},t/{n}:ü\n" for n in range(50)))
    run(tmp_path, account, "base.csv", "--app", APP)
    (tmp_path / "dead.csv").write_text(
        "device_token,failed_at\n" + "".join(f"t/{n}:ü,2026-01-01\n" for n in range(40, 60)) + ",2026-01-01\n"
    )
    call = [TOKENBASE, "deactivate", "dead.csv", "--to", account.server.url, "--output", "json"]
    for given, code, told in (
        (["--key", account.secret, "--app", APP], 0, {"tokens": 20, "deactivated": 10, "unknown": 10, "withoutApp": 0}),
        (["--key", account.secret], 3, {"tokens": 20, "deactivated": 0, "withoutApp": 20, "withoutToken": 1}),
        (["--key", "wrong", "--app", APP], 4, {"deactivated": 0, "failed": 20}),
    ):
        done = subprocess.run([*call, *given], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == code, done.stderr
        found = json.loads(done.stdout)
        assert {name: found[name] for name in told} == told
    assert account.rows("SELECT count(*) FROM token WHERE account_id = %s AND active") == [(40,)]
    assert count(account, "contact") == 50

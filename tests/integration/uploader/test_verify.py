"""`tokenbase verify`: what is there, what is missing, what somebody else has, what differs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from server import TOKENBASE, Account
from tokenbase.uploader import sample

APP = "83b77a49-fc28-409b-aeaa-68c9d544ab9d"


def run(verb: str, directory: Path, account: Account, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [TOKENBASE, verb, *arguments, "--to", account.server.url, "--key", account.secret, "--output", "json"]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True)


def verified(directory: Path, account: Account, *arguments: str) -> tuple[int, dict[str, Any], list[dict[str, Any]]]:
    done = run("verify", directory, account, *arguments, "--report", "v")
    lines = (directory / "v").read_text().splitlines() if (directory / "v").exists() else []
    return done.returncode, json.loads(done.stdout), [json.loads(line) for line in lines]


def counts(told: dict[str, Any], *names: str) -> dict[str, int]:
    return {name: told[name] for name in names}


def test_a_base_that_arrived_is_whole_with_people_of_many_rows_and_tokens_of_several_people(
    tmp_path: Path, account: Account
) -> None:
    made = sample.Sample(6_000)
    (tmp_path / "base.csv").write_text("".join(sample.csv_lines(made)), encoding="utf-8")
    assert run("upload", tmp_path, account, "base.csv", "--batch", "500").returncode == 3
    before = account.rows("SELECT count(*), max(updated_at) FROM contact WHERE account_id = %s")

    code, told, lines = verified(tmp_path, account, "base.csv")

    broken = made.flaws["ragged_rows"] + made.flaws["nothing_identifies"]
    refused = made.flaws["bad_emails"] + made.flaws["long_ids"]
    assert code == 3
    assert counts(told, "read", "missing", "elsewhere", "differs", "refused", "unreadable", "unasked") == {
        "read": made.rows, "missing": 0, "elsewhere": 0, "differs": 0, "refused": refused, "unreadable": broken,
        "unasked": 0,
    }  # fmt: skip
    assert told["arrived"] == made.rows - broken - refused
    assert {line["result"] for line in lines} == {"refused", "unreadable"}
    assert account.rows("SELECT count(*), max(updated_at) FROM contact WHERE account_id = %s") == before


def test_everything_arrived_ends_with_0_and_leaves_no_report(tmp_path: Path, account: Account) -> None:
    (tmp_path / "base.csv").write_text(
        "user_id,token,first_name,last_seen\n"
        "u1,t1,Old,2026-01-01\nu1,t2,New,2026-01-02\nu2,t1,Bob,2026-01-03\nu3,t3,Eve,2026-02-01\nu4,t3,Jo,2026-01-01\n"
    )
    assert run("upload", tmp_path, account, "base.csv", "--batch", "1", "--app", APP).returncode == 0
    code, told, lines = verified(tmp_path, account, "base.csv", "--batch", "2", "--app", APP)
    assert (code, lines) == (0, [])
    assert counts(told, "read", "arrived") == {"read": 5, "arrived": 5}


def test_what_is_not_as_the_source_says_is_told_with_its_line(tmp_path: Path, account: Account) -> None:
    rows = "".join(f"u{n},t{n},Name,u{n}@b.co\n" for n in range(2, 12))
    (tmp_path / "base.csv").write_text(f"user_id,token,first_name,email\n{rows}")
    assert run("upload", tmp_path, account, "base.csv", "--app", APP).returncode == 0
    account.delete("/api/v1/contact", params={"externalCustomerId": "u2", "erase": "true"})
    account.delete("/api/v1/contact", params={"externalCustomerId": "u3"})
    device = {"appId": APP}
    account.upload(
        {"externalCustomerId": "thief", "channels": [{"type": "mobilepush", "value": "t4", "device": device}]},
        {"externalCustomerId": "u5", "firstName": "Other", "channels": []},
        {"externalCustomerId": "u6", "channels": [{"type": "email", "value": "other@b.co"}]},
    )
    account.rows("DELETE FROM token WHERE account_id = %s AND value = 't7' RETURNING 1")

    code, told, lines = verified(tmp_path, account, "base.csv", "--app", APP)

    assert code == 3
    assert {line["line"]: line["result"] for line in lines} == {
        2: "missing", 3: "deleted", 4: "elsewhere", 5: "differs", 6: "differs", 7: "missing",
    }  # fmt: skip
    wanted = {"arrived": 4, "missing": 2, "deleted": 1, "elsewhere": 1, "differs": 2}
    assert counts(told, *wanted) == wanted
    thief = account.contact("thief")["id"]
    assert f"belongs to contact {thief}" in next(line["message"] for line in lines if line["line"] == 4)


def test_an_empty_server_has_nothing(tmp_path: Path, account: Account) -> None:
    (tmp_path / "base.csv").write_text("user_id,token\n" + "".join(f"u{n},t{n}\n" for n in range(5_000)))
    code, told, _ = verified(tmp_path, account, "base.csv")
    assert (code, told["missing"], told["arrived"]) == (3, 5_000, 0)
    assert account.rows("SELECT count(*) FROM contact WHERE account_id = %s") == [(0,)]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["none.csv"], 1, "cannot be read"),
        ([], 2, "name a source"),
        (["base.csv", "--report", "none/x"], 2, "none/x cannot be written"),
        (["base.csv", "--key", "wrong"], 4, ""),
        (["base.csv", "--to", "http://127.0.0.1:9", "--retries", "0"], 75, ""),
    ],
)
def test_what_cannot_be_verified_is_told(
    tmp_path: Path, account: Account, arguments: list[str], code: int, told: str
) -> None:
    (tmp_path / "base.csv").write_text("user_id,token\nu1,t1\n")
    given = {"--to": account.server.url, "--key": account.secret}
    more = [word for flag, value in given.items() if flag not in arguments for word in (flag, value)]
    done = subprocess.run([TOKENBASE, "verify", *arguments, *more], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, told in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr

"""`tokenbase export`: what leaves one server arrives as the same base at another."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from server import TOKENBASE, Account
from tokenbase.uploader import sample

BESIDE = ("id", "createdAt", "updatedAt", "groups")


def run(verb: str, directory: Path, account: Account, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [TOKENBASE, verb, *arguments, "--to", account.server.url, "--key", account.secret, "--output", "json"]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True)


def held(account: Account) -> list[dict[str, Any]]:
    """Everything the server has, without what is its own."""
    found: list[dict[str, Any]] = []
    while page := account.get("/api/v1/contacts", params={"startindex": len(found) + 1}).json():
        found += page
    for contact in found:
        for name in BESIDE:
            contact.pop(name, None)
        contact["channels"].sort(key=lambda one: (one["type"], one["value"]))
    return sorted(found, key=lambda one: json.dumps(one))


@pytest.fixture
def full(account: Account, tmp_path: Path) -> Account:
    """An account with a sample base, an additional field, and contacts of every kind."""
    account.field(id=12345, name="Job", type="text")
    made = sample.Sample(1_500)
    (tmp_path / "sample.csv").write_text("".join(sample.csv_lines(made)), encoding="utf-8")
    assert run("upload", tmp_path, account, "sample.csv").returncode == 3
    device = {"appId": sample.APPS[0], "os": "iOS", "active": False, "lastActiveAt": "2026-09-30T10:00:00Z"}
    account.upload(
        {
            "externalCustomerId": 'all,of "it"\nhere',
            "channels": [
                {"type": "mobilepush", "value": "t/ü:1", "device": device},
                {"type": "email", "value": "a@b.co"},
                {"type": "sms", "value": "380671234567"},
            ],
            "address": {"town": "Київ", "postcode": "01001"},
            "fields": [{"id": 12345, "value": '=writer, "poet"'}],
            "languageCode": "uk",
            "timeZone": "Europe/Kyiv",
        },
        {"externalCustomerId": "no channels", "channels": []},
    )
    account.upload({"channels": [{"type": "mobilepush", "value": "nobody's"}]}, dedupe_on="mobilepush")
    return account


@pytest.mark.parametrize("name", ["base.jsonl", "base.jsonl.gz", "base.csv", "base.csv.gz", "base.parquet"])
def test_an_export_uploaded_to_an_empty_server_is_the_same_base(full: Account, tmp_path: Path, name: str) -> None:
    done = run("export", tmp_path, full, name)
    told = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert [(told["contacts"], told["tokens"])] == [
        (full.rows("SELECT count(*) FROM contact WHERE account_id = %s")[0][0],
         full.rows("SELECT count(*) FROM token WHERE account_id = %s")[0][0])
    ]  # fmt: skip

    other = full.server.account()
    other.field(id=12345, name="Job", type="text")
    uploaded = run("upload", tmp_path, other, name)

    assert uploaded.returncode == 0, uploaded.stdout + uploaded.stderr
    assert held(other) == held(full)
    assert run("verify", tmp_path, other, name).returncode == 0


def test_an_empty_base_is_an_empty_file(account: Account, tmp_path: Path) -> None:
    done = run("export", tmp_path, account, "base.jsonl")
    assert (done.returncode, json.loads(done.stdout)["contacts"]) == (0, 0)
    assert (tmp_path / "base.jsonl").read_text() == ""


def test_a_segment_alone_can_be_exported(account: Account, tmp_path: Path) -> None:
    people = [{"externalCustomerId": f"x{n}", "channels": [{"type": "mobilepush", "value": f"t{n}"}]} for n in range(9)]
    account.upload(*people[:4], groupNames=["VIP"])
    account.upload(*people[4:])
    (segment,) = account.get("/api/v1/groups", params={"name": "VIP"}).json()
    done = run("export", tmp_path, account, "vip.jsonl", "--segment", str(segment["id"]))
    assert (done.returncode, json.loads(done.stdout)["contacts"]) == (0, 4)
    written = [json.loads(line)["externalCustomerId"] for line in (tmp_path / "vip.jsonl").read_text().splitlines()]
    assert sorted(written) == ["x0", "x1", "x2", "x3"]
    assert run("export", tmp_path, account, "none.jsonl", "--segment", "999999").returncode == 1


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["there.csv"], 2, "there.csv exists"),
        (["base"], 2, "does not say its format"),
        (["none/base.csv"], 1, "cannot be written"),
        (["base.csv", "--key", "wrong"], 4, ""),
        (["base.csv", "--to", "http://127.0.0.1:9", "--retries", "0"], 75, ""),
        (["base.csv", "--to", "nonsense"], 2, "is not the address of a server"),
    ],
)
def test_what_cannot_be_exported_is_told_and_leaves_no_file(
    account: Account, tmp_path: Path, arguments: list[str], code: int, told: str
) -> None:
    (tmp_path / "there.csv").write_text("mine")
    given = {"--to": account.server.url, "--key": account.secret}
    more = [word for flag, value in given.items() if flag not in arguments for word in (flag, value)]
    done = subprocess.run([TOKENBASE, "export", *arguments, *more], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, told in done.stderr + done.stdout) == (code, True), done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "there.csv").read_text() == "mine"
    assert not (tmp_path / "base.csv").exists()

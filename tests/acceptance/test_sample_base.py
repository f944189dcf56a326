"""A whole base with all its flaws: what the database holds afterwards is what reading the file row by row gives."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from server import TOKENBASE, Account
from tokenbase.contract import tokens
from tokenbase.uploader import sample

PEOPLE = 12_000
USER, TOKEN, EMAIL, APP = (sample.COLUMNS.index(name) for name in ("user_id", "token", "email", "app_id"))


def owners(made: sample.Sample) -> tuple[set[str], dict[tuple[str, str], str]]:
    """Who is in the base, and whose each token of an app is: the last good row that names it says so."""
    people: set[str] = set()
    owner: dict[tuple[str, str], str] = {}
    for row in made.cells():
        broken = len(row) < len(sample.COLUMNS) or row[EMAIL] == "joe@" or not row[USER] or len(row[USER]) > 255
        if not broken:
            people.add(row[USER])
            owner[row[APP], tokens.folded(row[TOKEN])] = row[USER]
    return people, owner


def upload(directory: Path, account: Account, *more: str) -> tuple[int, dict[str, int]]:
    command = [TOKENBASE, "upload", "base.csv", "--to", account.server.url, "--key", account.secret]
    done = subprocess.run([*command, "--output", "json", "--quiet", *more], cwd=directory, capture_output=True)
    told = json.loads(done.stdout)
    parts = ("created", "updated", "unchanged", "skipped", "failed")
    assert told["read"] == sum(told[name] for name in parts)
    return done.returncode, told


def test_every_token_of_a_flawed_base_ends_with_the_person_of_its_last_row(tmp_path: Path, account: Account) -> None:
    made = sample.Sample(PEOPLE, seed=5)
    (tmp_path / "base.csv").write_text("".join(sample.csv_lines(made)), encoding="utf-8")
    people, owner = owners(sample.Sample(PEOPLE, seed=5))
    broken = sum(made.flaws[name] for name in ("bad_emails", "nothing_identifies", "ragged_rows", "long_ids"))
    assert made.flaws["contested_tokens"] > 0
    assert made.flaws["duplicate_rows"] > 0

    code, told = upload(tmp_path, account, "--batch", "400", "--parallel", "6")

    assert (code, told["read"], told["failed"], told["created"]) == (3, made.rows, broken, len(people))
    stored = account.rows("SELECT external_id FROM contact WHERE account_id = %s")
    assert {row[0] for row in stored} == people
    held = account.rows(
        "SELECT token.app_id::text, token.value, contact.external_id FROM token JOIN contact"
        " ON contact.account_id = token.account_id AND contact.id = token.contact_id WHERE token.account_id = %s"
    )
    assert len(held) == len(owner)
    assert {(app, tokens.folded(token)): user for app, token, user in held} == owner

    _, again = upload(tmp_path, account, "--batch", "3000", "--parallel", "2")

    # Tokens that two people claim go to and fro with their rows; nothing else is touched.
    assert (again["created"], again["failed"]) == (0, broken)
    assert again["updated"] <= 2 * made.flaws["contested_tokens"]
    assert again["unchanged"] == made.rows - broken - again["updated"]

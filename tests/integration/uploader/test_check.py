"""`tokenbase check`: every number of it against bases whose flaws are known."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import html.parser
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from server import TOKENBASE
from tokenbase.uploader import checking, findings, mapping, sample, source

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
COLUMNS = ["user_id", "token", "os", "email", "phone", "last_seen", "colour"]


def fcm(number: int) -> str:
    return f"cQ1rT{number:017d}:APA91bE" + "xAmPle0Token" * 9 + f"{number:05d}"


def apns(number: int) -> str:
    return f"{number:064x}"


def check(path: Path, rows: list[list[str]], plan: mapping.Plan | None = None) -> findings.Checked:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    return checking.check(source.Source(str(path), None, plan), NOW)


def row(user: str = "u", token: str = "", os: str = "", email: str = "", phone: str = "", seen: str = "") -> list[str]:
    return [user, token, os, email, phone, seen, "red"]


def good(number: int) -> list[str]:
    return row(f"good{number}", fcm(number), "Android", f"good{number}@b.co", "+380671234567", "2026-11-20T10:00:00Z")


def told(found: findings.Checked) -> dict[str, int]:
    return {one.code: one.count for one in found.findings}


def test_a_good_base_is_counted_and_nothing_is_odd(tmp_path: Path) -> None:
    found = check(tmp_path / "a.csv", [good(n) for n in range(500)])
    assert told(found) == {}
    assert not found.errors
    assert (found.rows, found.contacts, found.people, found.tokens) == (500, 500, 500, 500)
    assert (found.emails, found.phones) == (500, 500)
    assert (found.kinds, found.systems, found.ages) == ({"fcm": 500}, {"Android": 500}, {"30 days": 500})
    assert found.left_out == ["colour"]
    assert found.mapped["token"] == "mobilepush"


SEEN = "2026-11-20T10:00:00Z"
FLAWS: list[tuple[str, list[list[str]], dict[str, int]]] = [
    ("nothing identifies", [row(user="")], {"nothing-identifies": 1}),
    ("a short row", [["x", "y"], ["z"]], {"broken-row": 2}),
    ("described bytes", [row(token="{length=32,bytes=0x965b251c", seen=SEEN)], {"token-broken": 1}),
    ("a spreadsheet", [row("a", "1.2E+63", seen=SEEN), row("b", "'abc", seen=SEEN)], {"token-spreadsheet": 2}),
    ("a long id", [row("x" * 256, "t", seen=SEEN)], {"external-id-long": 1}),
    ("bad e-mails", [row(email="joe@"), row(email="a b@c.de"), row(email="ok@b.co")],
     {"email-bad": 2, "token-missing": 3}),
    ("bad phones", [row(phone="067 123"), row(phone="0671234567"), row(phone="00380671234567")],
     {"phone-bad": 2, "token-missing": 3}),
    ("two people", [row("a", "t1", seen=SEEN), row("b", "t1", seen=SEEN), row("c", "t1", seen=SEEN)],
     {"contested": 1}),
    ("two people in two spellings", [row("a", "AB" * 32, seen=SEEN), row("b", "ab" * 32, seen=SEEN)],
     {"contested": 1}),
    ("no ids", [row("", "t1", seen=SEEN), row("null", "t2", seen=SEEN)], {"external-id-empty": 2}),
    ("sentinels", [row(token="undefined"), row(token="BLACKLISTED"), row(token="")],
     {"sentinel": 2, "token-missing": 3}),
    ("an encoded colon", [row(token=fcm(1).replace(":", "%3A"), seen=SEEN)], {"token-encoded": 1}),
    ("white space", [row(token="abc def", seen=SEEN)], {"token-space": 1}),
    ("a missing digit", [row(token="a" * 65, seen=SEEN)], {"token-odd-hex": 1}),
    ("the wrong platform", [row(token=apns(1), os="android", seen=SEEN)], {"platform-mismatch": 1}),
    ("Firebase on iOS", [row(token=fcm(900), os="iOS", seen=SEEN)], {"fcm-on-ios": 1}),
    ("GCM", [row(token="APA91b" + "x" * 130, seen=SEEN)], {"token-gcm": 1}),
    ("Expo", [row(token="ExponentPushToken[x]", seen=SEEN)], {"token-expo": 1}),
    ("addresses", [row(token="https://push.example.com/x", seen=SEEN)], {"token-url": 1}),
    ("old ones", [row("a", "t1", seen="2026-02-25"), row("b", "t2", seen="2026-02-26"), row("c", "t3", seen="x")],
     {"stale-270": 1, "stale-60": 1, "seen-unknown": 1}),
    ("the same row again", [row("a", "t1", seen=SEEN)] * 3, {"duplicate": 2}),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "wanted"), [flaw[1:] for flaw in FLAWS], ids=[flaw[0] for flaw in FLAWS])
def test_a_flaw_is_counted_with_its_lines_among_good_rows(
    tmp_path: Path, rows: list[list[str]], wanted: dict[str, int]
) -> None:
    found = check(tmp_path / "a.csv", [*(good(n) for n in range(200)), *rows])
    assert told(found) == wanted
    for one in found.findings:
        assert one.examples
        assert all(202 <= example.line <= 201 + len(rows) for example in one.examples)
    assert found.errors == any(findings.KNOWN[code][0] == "error" for code in wanted)


def test_another_systems_ids_taken_for_tokens_are_told(tmp_path: Path) -> None:
    def uuid(number: int) -> str:
        return f"{number:08x}-0000-4000-8000-000000000000"

    found = check(tmp_path / "a.csv", [row(f"u{n}", uuid(n) if n % 20 else fcm(n), seen=SEEN) for n in range(200)])
    assert told(found)["wrong-column"] == 190
    few = check(tmp_path / "a.csv", [row(f"u{n}", fcm(n) if n % 20 else uuid(n), seen=SEEN) for n in range(200)])
    assert "wrong-column" not in told(few)


@pytest.mark.parametrize(("length", "cut", "wanted"), [(150, 10, 10), (150, 1, 0), (139, 10, 0)])
def test_values_cut_by_a_column_are_told_and_natural_lengths_are_not(
    tmp_path: Path, length: int, cut: int, wanted: int
) -> None:
    short = [row(f"u{n}", fcm(n)[:100], seen=SEEN) for n in range(200)]
    found = check(tmp_path / "a.csv", [*short, *(row(f"v{n}", (fcm(n) * 2)[:length], seen=SEEN) for n in range(cut))])
    assert told(found).get("token-truncated", 0) == wanted


def test_the_sample_base_has_the_flaws_that_it_says(tmp_path: Path) -> None:
    made = sample.Sample(20_000)
    (tmp_path / "a.csv").write_text("".join(sample.csv_lines(made)), encoding="utf-8")
    found = checking.check(source.Source(str(tmp_path / "a.csv"), None, None), NOW)
    counts = told(found)
    assert (found.rows, found.contacts) == (
        made.rows,
        made.rows - made.flaws["ragged_rows"] - made.flaws["nothing_identifies"],
    )
    assert counts["broken-row"] == made.flaws["ragged_rows"]
    assert counts["nothing-identifies"] == made.flaws["nothing_identifies"]
    assert counts["email-bad"] == made.flaws["bad_emails"]
    assert counts["external-id-long"] == made.flaws["long_ids"]
    owners: dict[str, set[str]] = {}
    again = 0
    for cells in sample.Sample(20_000).cells():
        if len(cells) == len(sample.COLUMNS) and cells[1] != "null":
            people = owners.setdefault(cells[1].lower(), set())
            again += cells[0] in people
            people.add(cells[0])
    assert counts["contested"] == sum(len(people) > 1 for people in owners.values()) > 5
    assert found.tokens == len(owners)
    assert counts["duplicate"] == again >= made.flaws["duplicate_rows"]


class Outside(html.parser.HTMLParser):
    """Collects what a page would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [f"{tag} {name}" for name, _ in attrs if name in ("src", "href") or name.startswith("on")]
        self.found += [tag] if tag in ("script", "link", "img", "iframe") else []

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def run(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([TOKENBASE, "check", *arguments], cwd=directory, capture_output=True, text=True)


def test_text_json_and_page_say_the_same_and_the_page_needs_nothing_else(tmp_path: Path) -> None:
    with (tmp_path / "a.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, good(1), row("u2", "<script>alert(1)</script> x", email="joe@")])
    done = run(tmp_path, "a.csv", "--output", "json", "--html", "a.html")
    found = json.loads(done.stdout)
    assert done.returncode == 3
    assert {one["code"]: one["examples"][0]["line"] for one in found["findings"]} == {
        "email-bad": 3,
        "token-space": 3,
        "seen-unknown": 3,
    }
    page = (tmp_path / "a.html").read_text()
    looked = Outside()
    looked.feed(page)
    assert looked.found == []
    assert "<script>alert(1)</script> x" in " ".join(looked.words)
    assert "<svg" in page
    text = run(tmp_path, "a.csv")
    assert text.returncode == 3
    assert "line 3  joe@" in text.stdout
    assert "colour" in text.stdout.split("left out: ")[1].splitlines()[0]


def test_several_files_are_named_with_their_lines(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("user_id,token,last_seen\n" + f"{name},t1,{SEEN}\n" + "x,null,\n")
    found = json.loads(run(tmp_path, "a.csv", "b.csv", "--output", "json").stdout)
    by_code: dict[str, Any] = {one["code"]: one for one in found["findings"]}
    assert by_code["contested"]["examples"] == [{"line": 2, "file": "a.csv", "value": "and b.csv:2"}]
    assert [one["file"] for one in by_code["sentinel"]["examples"]] == ["a.csv", "b.csv"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["none.csv"], 1, "cannot be read"),
        ([], 2, "name a source"),
        (["a.csv", "--html", "none/x"], 2, "none/x cannot be written"),
        (["a.csv", "--html", "a.csv"], 2, "is the source"),
        (["b.csv.gz"], 1, "breaks off after line"),
    ],
)
def test_what_cannot_be_checked_is_told(tmp_path: Path, arguments: list[str], code: int, words: str) -> None:
    (tmp_path / "a.csv").write_text("user_id,token\nu1,t1\n")
    text = "user_id,token\n" + "".join(f"u{n},{random.Random(n).randbytes(32).hex()}\n" for n in range(9_000))
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(text.encode())[:-900])
    done = run(tmp_path, *arguments)
    assert (done.returncode, words in done.stderr + done.stdout) == (code, True), done.stderr
    assert "Traceback" not in done.stderr


PEAK = """
import datetime as dt, sys
from tokenbase.uploader import checking, source
checking.check(source.Source(sys.argv[1], None, None), dt.datetime.now(dt.UTC))
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(int(status["VmHWM"].split()[0]) // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="tells the peak of memory by Linux' /proc")
def test_memory_stays_flat_however_large_the_source_is(tmp_path: Path) -> None:
    peaks = []
    for rows in (20_000, 200_000):
        with (tmp_path / "a.csv").open("w") as file:
            file.write("user_id,token\n")
            file.writelines(f"u{n},{random.Random(n).randbytes(32).hex()}\n" for n in range(rows))
        done = subprocess.run([sys.executable, "-c", PEAK, "a.csv"], cwd=tmp_path, capture_output=True, check=True)
        peaks.append(int(done.stdout))
    assert peaks[1] - peaks[0] < 15

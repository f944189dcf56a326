"""The sample base: always the same for a seed, the same in both formats, and flawed exactly as it says."""

from __future__ import annotations

import csv
import io
import itertools
import json
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from tokenbase.contract import tokens
from tokenbase.uploader import sample

GENERATOR = Path(__file__).parents[3] / "examples" / "generate.py"
PEOPLE = 20_000


@pytest.fixture(scope="module")
def rows() -> list[list[str]]:
    """The whole rows of a base, without the ragged ones."""
    return [row for row in sample.Sample(PEOPLE).cells() if len(row) == len(sample.COLUMNS)]


def column(rows: list[list[str]], name: str) -> list[str]:
    return [row[sample.COLUMNS.index(name)] for row in rows]


def test_a_seed_makes_the_same_base_and_another_seed_another() -> None:
    first = list(sample.Sample(500, seed=7).cells())
    assert list(sample.Sample(500, seed=7).cells()) == first
    assert list(sample.Sample(500, seed=8).cells()) != first


def test_a_larger_base_begins_with_the_smaller_one() -> None:
    small = list(sample.Sample(300).cells())
    assert list(itertools.islice(sample.Sample(100_000_000).cells(), len(small))) == small


def test_both_formats_hold_the_same_rows() -> None:
    cells = list(sample.Sample(3_000).cells())
    table = list(csv.reader(io.StringIO("".join(sample.csv_lines(sample.Sample(3_000))), newline="")))
    assert table == [list(sample.COLUMNS), *cells]
    objects = [json.loads(line) for line in sample.json_lines(sample.Sample(3_000))]
    assert objects == [dict(zip(sample.COLUMNS, row, strict=False)) for row in cells]


def test_the_flaws_that_are_told_are_those_that_are_there() -> None:
    made = sample.Sample(PEOPLE)
    rows = list(made.cells())
    whole = [row for row in rows if len(row) == len(sample.COLUMNS)]
    assert made.rows == len(rows)
    assert made.flaws["ragged_rows"] == len(rows) - len(whole) > 0
    assert made.flaws["bad_emails"] == column(whole, "email").count("joe@") > 0
    assert made.flaws["nothing_identifies"] == column(whole, "user_id").count("") > 0
    assert made.flaws["long_ids"] == sum(len(user) > 255 for user in column(whole, "user_id")) > 0
    assert made.flaws["duplicate_rows"] == sum(one == next_ for one, next_ in itertools.pairwise(rows)) > 0


def test_tokens_look_like_those_of_both_systems(rows: list[list[str]]) -> None:
    kinds: dict[str, set[str]] = {}
    for token, platform in zip(column(rows, "token"), column(rows, "platform"), strict=True):
        if token != "null":
            kinds.setdefault(platform, set()).add(tokens.kind(token))
    # A token that two people claim may stand under the other system.
    assert {"apns"} <= kinds["iOS"]
    assert {"fcm", "fid"} <= kinds["Android"]
    assert not {"unknown", "gcm"} & (kinds["iOS"] | kinds["Android"])


def test_people_have_many_locales_and_some_several_devices(rows: list[list[str]]) -> None:
    locales = column(rows, "locale")
    assert {"uk-UA", "ua", "en_US", "en_UK", "pt-BR", "zh-Hant-TW"} <= set(locales)
    assert locales.count("en_US") > 5 * locales.count("en_UK")
    users = column(rows, "user_id")
    several = sum(len(list(group)) > 1 for _, group in itertools.groupby(users))
    assert 0.15 < several / PEOPLE < 0.25
    assert 0.3 < sum(map(bool, column(rows, "email"))) / len(rows) < 0.5
    assert 0.1 < sum(map(bool, column(rows, "phone"))) / len(rows) < 0.3


def test_any_size_takes_the_same_little_memory() -> None:
    made = sample.csv_lines(sample.Sample(100_000_000))
    tracemalloc.start()
    written = 0
    while written < 2_000_000:
        written += len(next(made))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize("wanted", ["csv", "jsonl"])
def test_the_script_writes_the_base_and_tells_its_flaws(wanted: str) -> None:
    command = [sys.executable, str(GENERATOR), "--contacts", "2000", "--seed", "3", "--format", wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    made = sample.Sample(2_000, seed=3)
    lines = sample.csv_lines(made) if wanted == "csv" else sample.json_lines(made)
    assert done.stdout == "".join(lines)
    assert json.loads(done.stderr) == {"contacts": 2_000, "rows": made.rows, **made.flaws}

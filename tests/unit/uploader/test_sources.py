"""Files of every kind, whole and broken: what rows they give, with which line numbers."""

from __future__ import annotations

import contextlib
import gzip
import json
from pathlib import Path

import pytest

from tokenbase.uploader import faults, source
from tokenbase.uploader.batches import Item
from tokenbase.uploader.rows import Row


def read(path: Path, content: str | bytes, wanted: str | None = None) -> tuple[list[Item], list[tuple[Row, str]]]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    opened = source.Source(str(path), wanted, None)
    with contextlib.closing(opened.feed):
        found = list(opened.items(None))
    return [item for item in found if isinstance(item, Item)], [row for row in found if not isinstance(row, Item)]


def ids(items: list[Item]) -> list[str | None]:
    return [item.external_id for item in items]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "user_id,token\nu1,t1\nu2,t2\n"),
        ("a.csv", "\ufeffuser_id,token\r\nu1,t1\r\nu2,t2"),
        ("a.csv", "user_id;token\nu1;t1\n\nu2;t2\n"),
        ("a.tsv", "user_id\ttoken\nu1\tt1\nu2\tt2\n"),
        ("a.txt", "user_id|token\nu1|t1\nu2|t2\n"),
        ("a", '"user_id","token"\n"u1","t1"\n"u2","t2"\n'),
        ("a.jsonl", '{"user_id":"u1","token":"t1"}\n\n{"user_id":"u2","token":"t2"}'),
        ("a", '{"externalCustomerId":"u1","channels":[]}\n{"externalCustomerId":"u2","channels":[]}\n'),
        ("a.json", '[{"user_id":"u1","token":"t1"},\n {"user_id":"u2","token":"t2"}]'),
        ("a.json", '{"dedupeOn":"email","contacts":[{"user_id":"u1","token":"t1"},{"user_id":"u2","token":"t2"}]}'),
        ("a", '[{"externalCustomerId":"u1","channels":[]},{"externalCustomerId":"u2","channels":[]}]'),
    ],
)  # fmt: skip
@pytest.mark.parametrize("packed", [False, True])
def test_every_format_gives_the_same_people(tmp_path: Path, name: str, content: str, packed: bool) -> None:
    data = gzip.compress(content.encode()) if packed else content.encode()
    items, rejected = read(tmp_path / name, data)
    assert ids(items) == ["u1", "u2"]
    assert rejected == []


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    content = 'user_id,token,note\nu1,t1,"two\nlines"\n\nu2,t2\nu3,t3,"x"\n'
    items, rejected = read(tmp_path / "a.csv", content)
    assert [item.row.line for item in items] == [2, 6]
    ((row, reason),) = rejected
    assert (row.line, row.text) == (5, "u2,t2\n")
    assert "2 cells, the heading has 3" in reason


def test_bytes_that_are_no_utf8_reject_their_row_and_are_kept_as_they_were(tmp_path: Path) -> None:
    items, rejected = read(tmp_path / "a.csv", b"user_id,token,first_name\nu1,t1,Ann\nu2,t2,J\xfcrgen\nu3,t3,Bob\n")
    assert ids(items) == ["u1", "u3"]
    ((row, reason),) = rejected
    assert (row.line, reason) == (3, "it is not UTF-8: save the file as UTF-8")
    assert row.text.encode("utf-8", "surrogateescape") == b"u2,t2,J\xfcrgen\n"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON"),
        ("[1]", "not a JSON object"),
        ("5", "not a JSON object"),
        ("nonsense", "not JSON"),
        ('{"a":"\\ud800"}', "not JSON"),
        ('{"a":' * 50_000 + "1" + "}" * 50_000, "nested too deeply"),
        ('{"channels":[]}', "nothing identifies"),
        ('{"first_name":"Ann"}', "nothing identifies"),
    ],
)
def test_a_line_that_is_no_contact_is_a_rejected_row(tmp_path: Path, line: str, reason: str) -> None:
    items, rejected = read(
        tmp_path / "a.jsonl", f'{{"user_id":"u1","token":"t1"}}\n{line}\n{{"user_id":"u2","token":"t"}}\n'
    )
    assert ids(items) == ["u1", "u2"]
    assert rejected[0][0].line == 2
    assert reason in rejected[0][1]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"  \n\n ", "is empty"),
        ("a.csv", b"\xef\xbb\xbf", "is empty"),
        ("a.csv", b"colour,shape\nred,round\n", "--map"),
        ("a.csv", b"user_id^token\nu1^t1\n", "has one column (user_id^token): its cells must be separated by"),
        ("a.csv", b"user_id,user_id\n1,2\n", 'two columns are called "user_id"'),
        ("a.csv", "user_id,token\nu1,t1\n".encode("utf-16"), "UTF-16"),
        ("a.xlsx", b"PK\x03\x04rest", "not a whole workbook"),
        ("a.parquet", b"PAR1rest", "not a whole Parquet file"),
        ("a.xls", b"\xd0\xcf\x11\xe0rest", "save it as .xlsx or CSV"),
        ("a.json", b'{"people": []}', 'without a list called "contacts"'),
        ("a.json", b'[{"user_id":"u1"},]', "comma stands before its end"),
        ("a.json", b'[{"user_id":"u1"}\n\n{"user_id":"u2"}]', 'line 3: a comma or "]" is missing'),
        ("a.json", b'[{"user_id":"u1"}', "line 1"),
        ("a.json", b'[\n{"user_id":\n}]', "line 2"),
        ("a.json", b'[{"user_id":"u1"}] tail', "behind its end"),
        ("a.json", b"5", "neither with [ nor with {"),
        ("a.csv.gz", gzip.compress(b"user_id,token\n" + b"u1,t1\n" * 200_000, mtime=0)[:-500], "breaks off after line"),
        ("a.csv.gz", b"\x1f\x8bnonsense", "not a whole packed file"),
    ],
)
def test_a_source_that_cannot_be_read_says_where_and_why(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    with pytest.raises((faults.BadSource, faults.BadMapping)) as caught:
        read(tmp_path / name, content)
    assert told in caught.value.message


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_what_is_no_file_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(faults.BadSource, match="cannot be read|has no file in it"):
        source.Source(str(tmp_path / name), None, None)


def test_a_json_list_larger_than_any_chunk_keeps_every_contact_to_the_letter(tmp_path: Path) -> None:
    contacts = [
        {
            "externalCustomerId": f"u{n}",
            "channels": [],
            "note": 'a "quoted" \\ [bracket] {brace}, ü 🎉 ' * (n % 40),
            "n": n,
        }
        for n in range(6_000)
    ]
    text = (
        "[\n" + ",\n".join(json.dumps(contact, ensure_ascii=bool(n % 2)) for n, contact in enumerate(contacts)) + "\n]"
    )
    assert len(text) > 3 << 20
    items, rejected = read(tmp_path / "a.json", text)
    assert rejected == []
    assert [json.loads(item.contact) for item in items] == contacts
    assert [item.row.line for item in items] == list(range(2, 6_002))


def test_the_seed_pages_own_body_brings_its_options(tmp_path: Path) -> None:
    seed = Path(__file__).parents[3] / "examples" / "seed.json"
    opened = source.Source(str(seed), None, None)
    assert opened.options()["dedupeOn"] == "externalCustomerId"
    assert opened.options()["customFieldsIDs"] == [12345, 12346]
    (item,) = opened.items(None)
    assert isinstance(item, Item)
    assert json.loads(item.contact) == json.loads(seed.read_text())["contacts"][0]
    opened.feed.close()

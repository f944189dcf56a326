"""What could be lost without a word: broken quotes, sparse objects, rows out of order, files written over."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest

from tokenbase.uploader import batches, faults, mapping, orders, progress, report, source
from tokenbase.uploader import upload as uploading
from tokenbase.uploader.batches import Item
from tokenbase.uploader.rows import Row


def read(path: Path, text: str, plan: mapping.Plan | None = None) -> tuple[list[dict[str, Any]], list[tuple[Row, str]]]:
    path.write_text(text)
    opened = source.Source(str(path), None, plan)
    with contextlib.closing(opened.feed):
        found = list(opened.items(None))
    contacts = [json.loads(item.contact) for item in found if isinstance(item, Item)]
    return contacts, [row for row in found if not isinstance(row, Item)]


@pytest.mark.parametrize(
    ("rows", "good", "rejected"),
    [
        ('u1,t1,"Ann\nu2,t2,Bob\nu3,t3,Eve\n', ["u2", "u3"], [(2, 'u1,t1,"Ann\n')]),
        ('u1,t1,"Ann\nu2,t2,Bob\nu3,t3,"Eve"\nu4,t4,Jo\n', ["u2", "u3", "u4"], [(2, 'u1,t1,"Ann\n')]),
        ('u1,t1,"Ann\nu2,t2,"Bob\nu3,t3,"E\nve"\n', ["u3"], [(2, 'u1,t1,"Ann\n'), (3, 'u2,t2,"Bob\n')]),
        ('u1,t1,"Ann\n\nu2,t2,",x,y\nu3,t3,\n', ["u3"], [(2, 'u1,t1,"Ann\n'), (4, 'u2,t2,",x,y\n')]),
    ],
)
def test_a_quotation_mark_that_is_never_closed_fails_its_own_line_alone(
    tmp_path: Path, rows: str, good: list[str], rejected: list[tuple[int, str]]
) -> None:
    contacts, bad = read(tmp_path / "a.csv", f"user_id,token,first_name\n{rows}")
    assert [contact["externalCustomerId"] for contact in contacts] == good
    assert [(row.line, row.text) for row, _ in bad] == rejected
    assert all("a quotation mark there may not be closed" in reason or "cells" in reason for _, reason in bad)


def test_of_many_rows_behind_an_open_quotation_mark_every_one_is_read(tmp_path: Path) -> None:
    rows = "".join(f"u{n},t{n},\n" for n in range(60_000))
    contacts, bad = read(tmp_path / "a.csv", f'user_id,token,first_name\nx,y,"Ann\n{rows}')
    assert [contact["externalCustomerId"] for contact in contacts] == [f"u{n}" for n in range(60_000)]
    assert [row.line for row, _ in bad] == [2]


def test_a_line_without_an_end_is_told_and_not_read_into_memory(tmp_path: Path) -> None:
    with (tmp_path / "a.csv").open("wb") as file:
        file.write(b"user_id,token\nu1,t1\nu2,")
        file.truncate(1 << 30)
    opened = source.Source(str(tmp_path / "a.csv"), None, None)
    with (
        contextlib.closing(opened.feed),
        pytest.raises(faults.BadSource, match="line 3 has over 16,777,216 characters"),
    ):
        list(opened.items(None))


def test_a_key_that_only_later_objects_have_is_mapped_too(tmp_path: Path) -> None:
    people: list[dict[str, str]] = [{"user_id": f"u{n}", "token": f"t{n}"} for n in range(300)]
    people[200]["email"] = "a@b.co"
    contacts, _ = read(tmp_path / "a.jsonl", "\n".join(map(json.dumps, people)))
    assert contacts[200]["channels"][1] == {"type": "email", "value": "a@b.co"}


@pytest.mark.parametrize("rows", [1, 500])
def test_a_mapping_of_objects_names_no_key_that_none_of_them_has(tmp_path: Path, rows: int) -> None:
    plan = mapping.Plan(columns={"uid": "externalCustomerId", "tokn": "mobilepush"})
    lines = "".join(f'{{"uid":"u{n}","token":"t{n}"}}\n' for n in range(rows))
    with pytest.raises(faults.BadMapping, match='no column "tokn"; did you mean "token"'):
        read(tmp_path / "a.jsonl", lines, plan)


def test_json_lines_that_are_called_json_are_read_as_what_they_are(tmp_path: Path) -> None:
    contacts, bad = read(tmp_path / "a.json", '{"user_id":"u1","token":"t1"}\n{"user_id":"u2","token":"t2"}\n')
    assert ([contact["externalCustomerId"] for contact in contacts], bad) == (["u1", "u2"], [])


def test_lines_of_nothing_but_spaces_are_no_rows(tmp_path: Path) -> None:
    contacts, bad = read(tmp_path / "a.csv", "user_id,token\nu1,t1\n   \n\t\nu2,t2\n \n")
    assert (len(contacts), bad) == (2, [])


def test_a_file_with_headings_and_no_rows_is_told(tmp_path: Path) -> None:
    with pytest.raises(faults.BadSource, match="headings and no rows"):
        read(tmp_path / "a.csv", "user_id,token\n")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"type": "sms", "value": "+380 67 123-45-67"}, {"type": "sms", "value": "380671234567"}),
        ({"type": "mobilepush", "value": " t1 "}, {"type": "mobilepush", "value": "t1"}),
        ({"type": "email", "value": "A@b.co"}, {"type": "email", "value": "a@b.co "}),
    ],
)
def test_two_spellings_of_one_address_are_never_on_their_way_at_once(
    first: dict[str, str], second: dict[str, str]
) -> None:
    made = [batches.item(Row(1, "", {}), {"channels": [channel]}, b"{}", None) for channel in (first, second)]
    names = [set(item.names) for item in made if isinstance(item, Item)]
    assert names[0] & names[1]


@pytest.mark.parametrize("key", ["contactKey", "id"])
def test_rows_of_one_contact_are_never_on_their_way_at_once_whatever_identifies_it(key: str) -> None:
    made = batches.item(Row(1, "", {}), {key: 5, "channels": []}, b"{}", key)
    assert isinstance(made, Item)
    assert made.names == (f"{key}:5",)


def test_a_rejected_object_stays_one_line_where_lines_end_as_on_windows(tmp_path: Path) -> None:
    made = report.Report(tmp_path / "report", tmp_path / "rejects", "")
    made.tell("failed", Row(1, '{\r\n  "user_id": "a  b"\r\n}', {}), "u1", "", "why", None)
    made.close()
    (line,) = (tmp_path / "rejects").read_text().splitlines()
    assert json.loads(line) == {"user_id": "a  b"}


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"report": "base.csv"}, "over their source"),
        ({"report": "none/x"}, "none/x cannot be written: No such file or directory; name another file by --report"),
        ({"rejects": "none/x"}, "cannot be written"),
        ({"rejects": "."}, "cannot be written"),
        ({"report": "x", "rejects": "x"}, "name two files"),
        ({"retries": -1}, "0 times or more"),
        ({"to": "http://"}, "is not the address of a server"),
        ({"to": "http://127.0.0.1:99999"}, "is not the address of a server"),
        ({"to": "http://[::1"}, "is not the address of a server"),
        ({"to": "http://:SECRET@127.0.0.1:9"}, "user or password"),
    ],
)
def test_what_cannot_end_well_is_told_before_anything_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    text = "user_id,token\nu1,t1,x\n"
    Path("base.csv").write_text(text)
    paths = {name: Path(value) for name, value in more.items() if name in ("report", "rejects")}
    wanted: dict[str, Any] = {"source": "base.csv", "to": "http://127.0.0.1:9", "key": "k", **more, **paths}
    with pytest.raises(faults.BadCall) as caught:
        uploading.Upload(orders.Order(**wanted), progress.Quiet())
    assert told in caught.value.message
    assert "SECRET" not in caught.value.message
    assert Path("base.csv").read_text() == text
    assert {path.name for path in tmp_path.iterdir()} == {"base.csv"}


def test_an_older_runs_report_is_gone_once_an_upload_begins(tmp_path: Path) -> None:
    for name in ("report", "rejects"):
        (tmp_path / name).write_text("of an older run")
    made = report.Report(tmp_path / "report", tmp_path / "rejects", "id\n")
    assert [(tmp_path / name).read_text() for name in ("report", "rejects")] == ["", ""]
    made.close()
    assert list(tmp_path.iterdir()) == []


def test_a_report_that_cannot_be_written_on_is_told_and_the_rest_is_left_unsaid(tmp_path: Path) -> None:
    made = report.Report(Path("/dev/full"), tmp_path / "rejects", "id\n")
    for number in range(2_000):
        made.tell("failed", Row(number, "x\n", []), None, "", "why", None)
    made.close()
    assert made.fault is not None
    assert made.fault.message == "/dev/full cannot be written: No space left on device"
    assert Path("/dev/full").exists()

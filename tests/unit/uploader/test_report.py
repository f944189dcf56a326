"""The report and the rejected rows, as files."""

from __future__ import annotations

import json
from pathlib import Path

from tokenbase.uploader import report
from tokenbase.uploader.rows import Row


def test_nothing_is_made_while_there_is_nothing_to_write(tmp_path: Path) -> None:
    made = report.Report(tmp_path / "report", tmp_path / "rejects", "id\n")
    made.close()
    assert list(tmp_path.iterdir()) == []


def test_warnings_and_skips_are_reported_and_only_failures_are_rejected(tmp_path: Path) -> None:
    made = report.Report(tmp_path / "report", tmp_path / "rejects", "id\n")
    for line, result in ((2, "warning"), (3, "skipped")):
        made.tell(result, Row(line, f"{line}\n", []), f"u{line}", "contacts[0]", "why", None)
    made.close()
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
    told = [json.loads(line) for line in (tmp_path / "report").read_text().splitlines()]
    assert [(line["line"], line["result"]) for line in told] == [(2, "warning"), (3, "skipped")]


def test_a_line_of_the_report_says_which_row_what_and_why(tmp_path: Path) -> None:
    made = report.Report(tmp_path / "report", tmp_path / "rejects", "")
    made.tell("failed", Row(7, "{}\n", {}), "u7", "contacts[4].channels[0].value", "it is not one", 1006)
    made.tell("failed", None, None, "", "a server that does not say which", None)
    made.close()
    assert [json.loads(line) for line in (tmp_path / "report").read_text().splitlines()] == [
        {
            "line": 7,
            "result": "failed",
            "externalCustomerId": "u7",
            "path": "contacts[4].channels[0].value",
            "code": 1006,
            "message": "it is not one",
        },
        {
            "line": None,
            "result": "failed",
            "externalCustomerId": None,
            "path": "",
            "code": None,
            "message": "a server that does not say which",
        },
    ]
    assert (tmp_path / "rejects").read_text() == "{}\n"


def test_rejected_rows_stand_below_their_headings_as_they_stood_in_the_source(tmp_path: Path) -> None:
    made = report.Report(tmp_path / "report", tmp_path / "rejects", "id;note\r\n")
    for text in ('1;"two\r\nlines"\r\n', "2;J\udcfcrgen\r\n", "3;no end"):
        made.tell("failed", Row(1, text, []), None, "", "why", None)
    made.close()
    assert (tmp_path / "rejects").read_bytes() == b'id;note\r\n1;"two\r\nlines"\r\n2;J\xfcrgen\r\n3;no end\n'


def test_a_rejected_object_is_one_line_however_it_stood_in_the_source(tmp_path: Path) -> None:
    made = report.Report(tmp_path / "report", tmp_path / "rejects", "")
    made.tell("failed", Row(1, '{\n  "user_id": "u1"\n}', {}), "u1", "", "why", None)
    made.close()
    (line,) = (tmp_path / "rejects").read_text().splitlines()
    assert json.loads(line) == {"user_id": "u1"}


def test_what_is_not_utf8_does_not_break_the_report(tmp_path: Path) -> None:
    made = report.Report(tmp_path / "report", tmp_path / "rejects", "")
    made.tell("failed", Row(1, "x", []), "J\udcfcrgen", "", "why", None)
    made.close()
    assert json.loads((tmp_path / "report").read_text())["externalCustomerId"] == "J?rgen"

"""Progress where there is no terminal: a line now and then, or nothing."""

from __future__ import annotations

import pytest

from tokenbase.uploader import progress


def test_lines_say_rows_rate_and_what_is_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    shown = progress.Lines()
    shown.show(1_500, 250, 1_000)
    shown.show(3_000, 0, 0)
    out, err = capsys.readouterr()
    known, unknown = err.splitlines()
    assert out == ""
    assert known.startswith("1,500 rows, ")
    assert "25%" in known
    assert known.endswith("s left")
    assert unknown.startswith("3,000 rows, ")
    assert "left" not in unknown


def test_lines_are_some_seconds_apart(capsys: pytest.CaptureFixture[str]) -> None:
    shown = progress.Lines()
    for rows in range(1_000):
        shown.show(rows, rows, 1_000)
    shown.close()
    assert capsys.readouterr().err == ""


def test_where_nobody_looks_at_a_terminal_there_is_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    assert isinstance(progress.on_standard_error(False), progress.Lines)
    assert isinstance(progress.on_standard_error(True), progress.Quiet)
    assert capsys.readouterr().err == ""

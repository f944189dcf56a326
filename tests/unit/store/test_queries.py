"""Statements by name: what a file may not be."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tokenbase.store import queries


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The queries.sql of a package of its own."""
    (tmp_path / "some_room").mkdir()
    (tmp_path / "some_room" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    yield tmp_path / "some_room" / "queries.sql"
    sys.modules.pop("some_room", None)


def test_statements_are_found_by_name_without_their_comment_and_semicolon(room: Path) -> None:
    room.write_text(
        "-- A file.\n\n-- name: one\n-- The first.\nSELECT 1;\n\n-- name: two\n-- Both.\nSELECT 2 -- why\nAS n;\n"
    )
    loaded = queries.load("some_room")
    assert loaded.names == {"one", "two"}
    assert (loaded.one, loaded.two) == (b"SELECT 1", b"SELECT 2 -- why\nAS n")


def test_a_missing_statement_names_the_file_it_should_be_in(room: Path) -> None:
    room.write_text("-- name: one\n-- The first.\nSELECT 1;\n")
    with pytest.raises(AttributeError, match=r'some_room/queries\.sql has no statement "two"'):
        _ = queries.load("some_room").two


def test_two_statements_of_one_name_are_refused(room: Path) -> None:
    room.write_text("-- name: one\n-- The first.\nSELECT 1;\n-- name: one\n-- Again.\nSELECT 2;\n")
    with pytest.raises(ValueError, match='two statements "one"'):
        queries.load("some_room")


def test_a_statement_without_a_sentence_is_refused(room: Path) -> None:
    room.write_text("-- name: one\nSELECT 1;\n")
    with pytest.raises(ValueError, match="one that says what it is for"):
        queries.load("some_room")

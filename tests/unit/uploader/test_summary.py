"""The numbers at the end: they add up, or the summary says so."""

from __future__ import annotations

import pytest

from tokenbase.uploader.summary import Messages, Summary

PARTS = ("created", "updated", "unchanged", "skipped", "failed", "unsent")


@pytest.mark.parametrize("part", PARTS)
def test_every_row_is_in_one_of_the_parts(part: str) -> None:
    assert Summary(read=5, **{part: 5}).adds_up
    assert not Summary(read=6, **{part: 5}).adds_up
    assert not Summary(read=4, **{part: 5}).adds_up


def test_restored_contacts_are_among_the_updated_and_named_in_brackets() -> None:
    summary = Summary(read=3, updated=3, restored=1)
    assert summary.adds_up
    assert "updated               3  (1 restored)" in summary.text()


def test_a_part_below_nothing_does_not_make_up_for_another() -> None:
    assert not Summary(read=5, created=6, updated=-1).adds_up


def test_numbers_that_do_not_add_up_are_not_shown_as_if_they_did() -> None:
    assert "do not add up" in Summary(read=2, created=1).text()
    assert "do not add up" not in Summary(read=1, created=1).text()


def test_rows_that_were_not_sent_are_only_named_when_there_are_some() -> None:
    assert "unsent" not in Summary(read=1, created=1).text()
    text = Summary(read=1, unsent=1, stopped_by="HTTP 503").text()
    assert "unsent                1" in text
    assert "stopped: HTTP 503" in text


def test_the_commonest_messages_stay_whatever_else_is_told() -> None:
    messages = Messages()
    for number in range(9_000):
        messages.add(f"message {number}")
        messages.add("common")
    assert messages.common()[0] == (9_000, "common")
    assert len(messages.common()) == 5

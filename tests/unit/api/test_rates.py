"""The rate limiter against a clock that the test turns."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenbase.api import rates, routes
from tokenbase.api.operations import Operation, Slots
from tokenbase.contract import problems
from tokenbase.ops import settings


def operation(method: str, path: str) -> Operation:
    found = routes.operation(path, method)
    assert found is not None
    return found


SEARCH = operation("GET", "/api/v1/contacts")
VERSION = operation("GET", "/api/v1/version")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def admitted(limiter: rates.Rates, times: int, row: Operation = SEARCH, key_id: int = 1, account_id: int = 1) -> int:
    count = 0
    for _ in range(times):
        try:
            limiter.admit(account_id, key_id, row)
            count += 1
        except problems.RateLimited:
            pass
    return count


def test_a_second_has_as_many_as_the_rate_and_the_next_as_many_again() -> None:
    clock = Clock()
    limiter = rates.Rates({}, clock)
    assert admitted(limiter, 80) == 50
    clock.now += 0.999
    assert admitted(limiter, 80) == 0
    clock.now += 0.001
    assert admitted(limiter, 80) == 50


def test_each_key_account_and_address_is_counted_by_itself() -> None:
    limiter = rates.Rates({}, Clock())
    assert admitted(limiter, 80) == 50
    assert admitted(limiter, 80, key_id=2) == 50
    assert admitted(limiter, 80, account_id=2) == 50
    assert admitted(limiter, 300, VERSION) == 200


@given(st.lists(st.floats(0, 0.3), max_size=200), st.integers(1, 5))
def test_no_second_has_more_than_the_rate_and_what_keeps_to_it_is_never_refused(pauses: list[float], rate: int) -> None:
    clock = Clock()
    limiter = rates.Rates({"*": rate}, clock)
    taken: list[float] = []
    for pause in pauses:
        clock.now += pause
        recent = [moment for moment in taken if moment > clock.now - 1]
        if admitted(limiter, 1):
            taken.append(clock.now)
            assert len(recent) < rate
        else:
            assert len(recent) >= rate


def test_the_setting_names_addresses_a_star_and_zero_for_none() -> None:
    limiter = rates.Rates({"*": 3, "GET /api/v1/contacts": 0}, Clock())
    assert admitted(limiter, 1000, SEARCH) == 1000
    assert admitted(limiter, 10, VERSION) == 3
    assert admitted(rates.Rates({"*": 0}, Clock()), 1000, VERSION) == 1000


def test_an_address_that_is_none_is_refused_with_the_nearest() -> None:
    with pytest.raises(settings.BadSetting, match=r'names "GET /api/v1/contats", .* is it GET /api/v1/contacts\?'):
        rates.Rates({"GET /api/v1/contats": 5})


def test_what_is_remembered_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "MOST_KEPT", 10)
    clock = Clock()
    limiter = rates.Rates({}, clock)
    for key_id in range(1000):
        clock.now += 0.2
        limiter.admit(1, key_id, SEARCH)
    assert len(limiter._last) <= 11


@pytest.mark.parametrize("row", routes.OPERATIONS, ids=lambda row: f"{row.method} {row.path}")
def test_every_address_has_the_rate_of_the_contract(row: Operation) -> None:
    if re.search(r"/past_events$", row.path):
        expected = 5 if row.method == "DELETE" else 100
    elif re.search(r"/events?$", row.path):
        expected = 350
    elif (row.method, row.path) == ("GET", "/api/v1/contacts"):
        expected = 50
    elif row.path.endswith("/contactId"):
        expected = 150
    elif row.path.endswith("/contacts/messages"):
        expected = 10
    else:
        expected = 0 if row.slots is Slots.IMPORT else 200
    assert rates.contracted(row) == expected

"""Every rule of the contract has a test or says that it is not built, and the page of them all is as they are."""

from __future__ import annotations

import pytest

import matrix
from tokenbase.api import routes

RULES = matrix.everything()
BUILT = {f"{row.method} {row.path}" for row in routes.OPERATIONS}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.text[:60])
def test_a_rule_has_a_mark_and_a_test_over_http_or_says_what_it_waits_for(rule: matrix.Rule) -> None:
    assert rule.marks
    assert set(rule.marks) <= matrix.MARKS.keys()
    assert bool(rule.tests) != bool(rule.missing)
    places = matrix.places()
    assert set(rule.tests) <= places.keys(), f"no such test: {set(rule.tests) - places.keys()}"
    assert rule.missing or any(places[test].startswith(matrix.OVER_HTTP) for test in rule.tests)


def test_every_address_stands_in_a_rule_that_is_built_and_no_other_does() -> None:
    assert BUILT - {address for rule in RULES if rule.tests for address in rule.addresses} == set()
    assert {address for rule in RULES if rule.tests for address in rule.addresses} - BUILT == set()
    for rule in RULES:
        if rule.missing and rule.addresses:
            assert not rule.addresses <= BUILT, f"built by now, so name its tests: {rule.text}"


def test_no_rule_is_told_twice() -> None:
    texts = [(rule.section, rule.text) for rule in RULES]
    assert len(texts) == len(set(texts))


def test_the_page_is_made_of_these_rules_and_all_that_is_built_passes() -> None:
    passing = {test: True for rule in RULES for test in rule.tests}
    assert matrix.PAGE.read_text() == matrix.render(passing), "run `make matrix`"

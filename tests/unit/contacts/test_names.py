"""Names (contract 2): what is kept, in which form, and why the rest is dropped."""

import pytest

from tokenbase.contacts import names


@pytest.mark.parametrize(
    "name",
    [
        "John",
        "Олена",
        "नरेन्द्र",
        "محمد",
        "李",
        "Anne-Marie",
        "O'Neil",
        "D\u2019Arcy",
        "Мар\u02bcяна",
        "Jr.",
        "J. R. R. John",
        "Louis XIV",
        "Agent 007",
        "Anne - Marie",
    ],
)
def test_a_name_of_any_alphabet_is_kept(name: str) -> None:
    assert names.first(name) == name


def test_spaces_inside_a_name_are_made_single() -> None:
    assert names.first("Anne \t Marie") == "Anne Marie"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("x" * 41, "40 characters"),
        ("A1234", "3 digits"),
        ("123", "letter"),
        ("--", "letter"),
        ("John!", '"!"'),
        ("<b>", '"<"'),
        ("'John", '"\'"'),
        ("John-", '"-"'),
        ("Johnny.", "dot"),
        ("Anna Bella Carla Donna", "3 words"),
        ("Al Bo Cy Di", "3 words"),
        ("a\x00b", "only letters"),
    ],
)
def test_a_name_that_breaks_a_rule_says_which(name: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        names.first(name)


def test_a_last_name_has_any_number_of_words() -> None:
    name = "van der Berg und zu Hohenlohe Bartens"
    assert names.last(name) == name
    with pytest.raises(ValueError, match="3 words"):
        names.first(name)

"""docs/api-compatibility.md: each rule of the contract, where it comes from, and whether the tests that show it pass.

`make matrix` runs the tests that the table in rules.py names and writes the page.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import msgspec
import pytest

import rules

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "api-compatibility.md"
MARKS = {
    "seed": "on the page that the API was first described by",
    "doc": "documented publicly",
    "client": "seen in code of real clients",
    "ours": "our decision where the sources are silent",
}
OVER_HTTP = ("conformance", "acceptance", "integration/uploader")
"""Where the tests stand that ask a running server."""

_HEAD = """# Compatibility

What the API has to do, line by line, and the tests that show that it does. `make matrix` runs these tests and writes
this page; a test of the house fails when a rule has no test, or when the page is older than the rules.

Where a rule comes from: {marks}.
"""


class Rule(msgspec.Struct, frozen=True):
    """One line of the contract: `tests` are those that show it, `missing` says why there are none."""

    section: str
    marks: tuple[str, ...]
    text: str
    tests: tuple[str, ...]
    missing: str

    @property
    def addresses(self) -> set[str]:
        """The addresses that the line names."""
        return set(re.findall(r"`((?:GET|POST|PUT|DELETE) /api/\S+)`", self.text))


def everything() -> list[Rule]:
    """All rules, in the order of the contract."""
    found = []
    for section, lines in rules.RULES.items():
        for marks, text, shown in lines:
            missing = shown.removeprefix("not built: ") if shown.startswith("not built: ") else ""
            tests = () if missing else tuple(shown.split())
            found.append(Rule(section, tuple(marks.split()), text, tests, missing))
    return found


def places() -> dict[str, str]:
    """The file of every test there is, by `file::name` without their `test_`; read, not run."""
    found: dict[str, str] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                name = f"{path.stem.removeprefix('test_')}::{node.name.removeprefix('test_')}"
                file = str(path.relative_to(TESTS))
                found[name] = file if name not in found or file.startswith(OVER_HTTP) else found[name]
    return found


def render(passed: dict[str, bool]) -> str:
    """The page, for what came of the tests."""
    marks = ", ".join(f"**{mark}** {meaning}" for mark, meaning in MARKS.items())
    known = everything()
    built = sum(bool(rule.tests) for rule in known)
    lines = [_HEAD.format(marks=marks), f"{built} of {len(known)} rules are built; of each of the others it says so."]
    section = ""
    for rule in known:
        if rule.section != section:
            section = rule.section
            lines += ["", f"## {section}", "", "| rule | from | passes | shown by |", "| --- | --- | --- | --- |"]
        outcome = "not built" if rule.missing else "yes" if all(passed[test] for test in rule.tests) else "**no**"
        shown = rule.missing or ", ".join(f"`{test}`" for test in rule.tests)
        lines.append(f"| {rule.text} | {', '.join(rule.marks)} | {outcome} | {shown} |")
    return "\n".join(lines) + "\n"


class Outcomes:
    """A plug-in of pytest that notes what came of each test, all its examples together."""

    def __init__(self) -> None:
        self.passed: dict[str, bool] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        file, _, name = report.nodeid.partition("::")
        key = f"{Path(file).stem.removeprefix('test_')}::{name.partition('[')[0].removeprefix('test_')}"
        self.passed[key] = self.passed.get(key, True) and not report.failed


def main() -> int:
    """Run the tests that the rules name and write the page."""
    known = places()
    named = sorted({test for rule in everything() for test in rule.tests})
    outcomes = Outcomes()
    nodes = [f"{TESTS / known[test]}::test_{test.partition('::')[2]}" for test in named]
    code = int(pytest.main(["-q", "-n", "2", "--dist", "loadfile", *nodes], plugins=[outcomes]))
    PAGE.write_text(render({test: outcomes.passed.get(test, False) for test in named}))
    return code


if __name__ == "__main__":
    sys.exit(main())

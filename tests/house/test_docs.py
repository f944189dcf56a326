"""The docs name everything there is, and nothing that there is not."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from server import TOKENBASE
from tokenbase import cli
from tokenbase.api import errors, routes
from tokenbase.contract import problems
from tokenbase.ops import settings
from tokenbase.uploader import findings, mapping, presets, targets

ROOT = Path(__file__).parents[2]
PAGES = sorted(path for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("requirements/*.md")])
REFERENCE = ROOT / "docs" / "reference"
VERBS = [
    *(["serve"], ["demo"], ["upload"], ["check"], ["verify"], ["export"], ["deactivate"], ["presets"]),
    *(["account", verb] for verb in ("create", "list")),
    *(["key", verb] for verb in ("create", "list", "enable", "disable", "delete")),
    *(["field", verb] for verb in ("create", "list")),
    *(["app", verb] for verb in ("create", "list")),
]


def subclasses(kind: type) -> set[type]:
    return {kind} | {found for below in kind.__subclasses__() for found in subclasses(below)}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_every_verb_and_option_is_in_the_reference() -> None:
    text = (REFERENCE / "commands.md").read_text()
    assert set(cli._HELP) == {verb[0] for verb in VERBS}
    for verb in VERBS:
        shown = subprocess.run([TOKENBASE, *verb, "--help"], capture_output=True, text=True, check=True).stdout
        section = text.split(f"## tokenbase {' '.join(verb)}\n", 1)
        assert len(section) == 2, verb
        described = section[1].split("\n## ", 1)[0]
        for option in set(re.findall(r"--[a-z][a-z-]+", shown)) - {"--help", "--version"}:
            if not option.startswith("--no-") and option not in ("--database-url", "--data-dir", "--secret-key"):
                assert f"`{option}" in described, (verb, option)


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_every_option_is_described_in_the_help(verb: list[str]) -> None:
    environ = {**os.environ, "COLUMNS": "400"}
    shown = subprocess.run([TOKENBASE, *verb, "--help"], capture_output=True, text=True, check=True, env=environ).stdout
    options = re.findall(r"^│ [ *]*((?:--|[A-Z]).*?)  +(.*?) *│$", shown, re.M)
    assert len(options) == len(re.findall(r"^│ [ *]*(?:--|[A-Z])", shown, re.M)) > 0
    for option, described in options:
        assert re.match("[A-Za-z]", described), (option, described)


def test_every_setting_is_in_the_reference_and_no_other_is_named_anywhere() -> None:
    text = (REFERENCE / "settings.md").read_text()
    known = {
        *settings.VARIABLES.values(),
        *settings.OTHERS,
        *(f"{settings.VARIABLES[n]}_FILE" for n in settings.SECRET),
    }
    for variable in known:
        assert f"`{variable}`" in text, variable
    for page in PAGES:
        for name in re.findall(r"\bTOKENBASE_[A-Z_]*[A-Z]\b", page.read_text()):
            assert name in known or name.startswith("TOKENBASE_TEST_"), (page, name)


def test_every_error_code_is_in_the_reference() -> None:
    text = (REFERENCE / "errors.md").read_text()
    for kind in subclasses(problems.TokenbaseError) - {problems.TokenbaseError}:
        assert f"| {kind.code} |" in text, kind  # type: ignore[attr-defined]
    for name, code in vars(problems).items():
        if name.isupper() and isinstance(code, int):
            assert f"| {code} |" in text, name


def test_every_code_is_given_once() -> None:
    kinds = subclasses(problems.TokenbaseError)
    codes = [kind.code for kind in kinds]  # type: ignore[attr-defined]
    assert len(codes) == len(set(codes))
    assert all(kind.__doc__ for kind in kinds)


def test_every_error_that_reaches_the_wire_has_a_status() -> None:
    assert {errors.status(kind("x")) for kind in subclasses(problems.BadRequest)} == {400}
    assert errors.status(problems.Unavailable()) == 503


def test_every_address_is_in_the_reference() -> None:
    text = (REFERENCE / "api.md").read_text()
    for operation in routes.OPERATIONS:
        assert f"`{operation.method} {operation.path}`" in text, operation.path


def test_every_target_and_option_of_a_mapping_is_in_the_reference() -> None:
    text = (REFERENCE / "upload.md").read_text()
    for name in (
        *targets.TARGETS,
        *mapping.OPTIONS,
        *mapping.Plan.__struct_fields__,
        "fields.NUMBER",
        "fields.NAME",
        "fields.*",
    ):
        assert f"`{name}`" in text, name


def test_every_finding_of_a_check_is_in_the_reference() -> None:
    text = (REFERENCE / "check.md").read_text()
    for code, (level, title, cure) in findings.KNOWN.items():
        assert f"| `{code}` | {level} | {title} | {cure} |" in text


def test_every_preset_has_its_page_and_is_in_the_table() -> None:
    table = (ROOT / "docs" / "migrate" / "README.md").read_text()
    for name in presets.names():
        assert f"`{name}`" in table, name
        assert any(f"--from {name}" in page.read_text() for page in (ROOT / "docs" / "migrate").glob("*.md")), name


def test_no_module_is_too_long() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in (ROOT / "src").rglob("*.py")}
    assert {path: length for path, length in lengths.items() if length > 300} == {}


def test_requirements_are_pinned_with_hashes_and_name_no_host() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text()
        assert "--hash=sha256:" in text
        assert not re.search(r"https?://|index-url|find-links", text), path

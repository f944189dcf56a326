"""The uploader as a library: `import tokenbase; tokenbase.upload(…)`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import tokenbase
from server import Account
from tokenbase.uploader import faults, mapping


def test_a_program_checks_uploads_and_verifies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("base.csv").write_text("user_id,token\n" + "".join(f"u{n},t{n}\n" for n in range(1_000)))
    told: list[tuple[int, int, int]] = []
    server = {"to": account.server.url, "key": account.secret}

    checked = tokenbase.check("base.csv")
    done = tokenbase.upload("base.csv", **server, batch=100, told=lambda *seen: told.append(seen))
    verified = tokenbase.verify(Path("base.csv"), **server)

    assert (checked.rows, checked.tokens) == (1_000, 1_000)
    assert (done.created, done.adds_up, done.stopped_by) == (1_000, True, None)
    assert [rows for rows, _, _ in told] == sorted(rows for rows, _, _ in told)
    assert told[-1] == (1_000, Path("base.csv").stat().st_size, Path("base.csv").stat().st_size)
    assert verified.whole
    assert capsys.readouterr() == ("", "")
    assert list(Path().iterdir()) == [Path("base.csv")]


def test_presets_and_mappings_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, account: Account) -> None:
    monkeypatch.chdir(tmp_path)
    server = {"to": account.server.url, "key": account.secret}
    examples = Path(__file__).parents[3] / "examples"
    assert tokenbase.upload([examples / "expo.csv"], preset="expo", **server).created == 2
    Path("a.csv").write_text("Kunde,Zeichen\nu9,t9\n")
    plan = mapping.Plan(columns={"Kunde": "externalCustomerId", "Zeichen": "mobilepush"})
    assert tokenbase.upload("a.csv", plan=plan, **server).created == 1
    Path("m.toml").write_text(mapping.write(plan))
    assert tokenbase.upload("a.csv", plan=Path("m.toml"), **server).unchanged == 1
    with pytest.raises(faults.BadMapping, match="none of the columns"):
        tokenbase.upload("a.csv", **server)


def test_importing_it_costs_nothing_until_it_is_used() -> None:
    program = "import sys, tokenbase; print('httpx2' in sys.modules); tokenbase.upload; print('httpx2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
    with pytest.raises(AttributeError, match="nonsense"):
        tokenbase.nonsense  # noqa: B018

"""The secret that encrypts at rest: made once, whoever else makes it too, and never nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tokenbase.ops import secret, settings

PROGRAM = (
    "import sys; from pathlib import Path; from tokenbase.ops import secret, settings;"
    "print(secret.load(settings.Settings(data_dir=Path(sys.argv[1]))))"
)


def test_processes_that_make_it_at_once_end_with_the_same_one(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "data")]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    made = {process.communicate(timeout=60)[0].strip() for process in running}
    assert len(made) == 1
    assert made == {secret.load(settings.Settings(data_dir=tmp_path / "data"))}
    assert [(file.name, file.stat().st_mode & 0o777) for file in (tmp_path / "data").iterdir()] == [
        ("secret.key", 0o600)
    ]


def test_the_one_set_is_taken_and_none_is_made(tmp_path: Path) -> None:
    assert secret.load(settings.Settings(data_dir=tmp_path / "data", secret_key="chosen")) == "chosen"
    assert not (tmp_path / "data").exists()


def test_an_empty_file_is_not_taken_for_a_secret(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("\n")
    with pytest.raises(settings.BadSetting, match=r"secret\.key is empty"):
        secret.load(settings.Settings(data_dir=tmp_path))

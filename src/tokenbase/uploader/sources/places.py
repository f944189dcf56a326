"""What a source's name stands for: one file, many by a pattern, the files of a directory, the members of a ZIP."""

from __future__ import annotations

import glob
import zipfile
from collections.abc import Sequence
from pathlib import Path

from tokenbase.uploader.faults import BadSource
from tokenbase.uploader.sources import files, streams


def expanded(names: Sequence[str]) -> list[str]:
    """Return the names of single sources, in the order of the names given and by name within each. Raises BadSource."""
    found: list[str] = []
    for name in names:
        if name == "-" or "://" in name:
            found.append(name)
        else:
            for path in _matching(name):
                found += _inside(path)
    if len(found) > 1 and "-" in found:
        raise BadSource("standard input cannot be one of several sources: upload it alone")
    return found


def _matching(name: str) -> list[str]:
    if Path(name).exists() or not glob.has_magic(name):
        return [name]
    found = sorted(path for path in glob.iglob(name, recursive=True) if Path(path).is_file())  # noqa: PTH207 - it may be absolute
    if not found:
        raise BadSource(f"no file is called like {name}")
    return found


def _inside(name: str) -> list[str]:
    if Path(name).is_dir():
        found = sorted(str(path) for path in Path(name).iterdir() if path.is_file() and files.known(path.name))
        if not found:
            endings = ", ".join(files.ENDINGS)
            raise BadSource(f"{name} has no file in it whose name ends in {endings}, packed or not")
        return [inner for path in found for inner in _inside(path)]
    if not Path(name).is_file() or not zipfile.is_zipfile(name):
        return [name]
    with zipfile.ZipFile(name) as packed:
        members = packed.namelist()
    if "[Content_Types].xml" in members:
        return [name]  # a workbook, which is a ZIP too
    members = sorted(member for member in members if files.known(Path(member).name))
    if not members:
        raise BadSource(f"{name} has no file in it that can be read")
    return [f"{name}{streams.MEMBER}{member}" for member in members]

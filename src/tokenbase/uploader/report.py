"""What an upload leaves behind for its rejected rows: a report that says why, and the rows themselves to be mended."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import msgspec

from tokenbase.uploader.rows import Row


class Report:
    """A JSON Lines file of failures, skips and warnings, and a file of the rejected rows as they stood in the source.

    Neither is made before there is something to write.
    """

    def __init__(self, report: Path, rejects: Path, head: str) -> None:
        """Take where to write, and the headings' line, "" for a source without headings."""
        self._report_path = report
        self._rejects_path = rejects
        self._head = head
        self._report: IO[bytes] | None = None
        self._rejects: IO[str] | None = None
        self.written: set[str] = set()
        """Which of `report` and `rejects` were made."""

    def tell(
        self, result: str, row: Row | None, external_id: str | None, path: str, message: str, code: object
    ) -> None:
        """Write one line of the report; a failed row goes among the rejects as well."""
        if self._report is None:
            self._report = self._report_path.open("wb")
            self.written.add("report")
        line = {
            "line": row.line if row is not None else None,
            "result": result,
            "externalCustomerId": external_id,
            "path": path,
            "code": code,
            "message": message,
        }
        self._report.write(_encoded(line) + b"\n")
        if result == "failed" and row is not None:
            self._reject(row)

    def close(self) -> None:
        """Close what was opened."""
        for file in (self._report, self._rejects):
            if file is not None:
                file.close()

    def _reject(self, row: Row) -> None:
        if self._rejects is None:
            # What was not UTF-8 in the source goes back as it was.
            self._rejects = self._rejects_path.open("w", encoding="utf-8", errors="surrogateescape", newline="")
            self.written.add("rejects")
            self._rejects.write(_ended(self._head) if self._head else "")
        text = row.text if self._head else row.text.strip().replace("\r", " ").replace("\n", " ")
        self._rejects.write(_ended(text))


def _ended(text: str) -> str:
    return text if text.endswith(("\n", "\r")) else text + "\n"


def _encoded(line: dict[str, object]) -> bytes:
    try:
        return msgspec.json.encode(line)
    except UnicodeEncodeError:
        clean = {
            key: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
            for key, value in line.items()
        }
        return msgspec.json.encode(clean)

"""What an upload leaves behind for its rejected rows: a report that says why, and the rows themselves to be mended."""

from __future__ import annotations

from pathlib import Path
from typing import IO, cast

import msgspec

from tokenbase.uploader.faults import BadCall, BadReport
from tokenbase.uploader.rows import Row


class Report:
    """A JSON Lines file of failures, skips and warnings, and a file of the rejected rows as they stood in the source.

    Both are opened at once, so that no older run's file is taken for this one's, and removed again where there was
    nothing to write. Once one cannot be written `fault` says why, and no more is.
    """

    def __init__(self, report: Path, rejects: Path, head: str) -> None:
        """Take where to write, and the headings' line, "" for a source without headings. Raises BadCall."""
        self._head = head
        self.fault: BadReport | None = None
        self.written: set[str] = set()
        """Which of `report` and `rejects` were made."""
        self._report = _opened(report, "--report")
        try:
            self._rejects = _opened(rejects, "--rejects")
        except BadCall:
            self._report.close()
            _removed(report)
            raise
        self._files = {"report": (report, self._report), "rejects": (rejects, self._rejects)}

    def tell(
        self, result: str, row: Row | None, external_id: str | None, path: str, message: str, code: object
    ) -> None:
        """Write one line of the report; a failed row goes among the rejects as well."""
        place = {"file": row.file} if row is not None and row.file else {}
        line = {
            **place,
            "line": row.line if row is not None else None,
            "result": result,
            "externalCustomerId": external_id,
            "path": path,
            "code": code,
            "message": message,
        }
        self._write("report", _encoded(line) + b"\n")
        if result == "failed" and row is not None:
            text = row.text or _encoded(cast(dict[str, object], row.cells)).decode()
            if not self._head:
                text = text.strip().replace("\r", " ").replace("\n", " ")
            head = _ended(self._head) if self._head and "rejects" not in self.written else ""
            # What was not UTF-8 in the source goes back as it was.
            self._write("rejects", (head + _ended(text)).encode("utf-8", "surrogateescape"))

    def close(self) -> None:
        """Close both, and remove what has nothing in it."""
        for name, (path, file) in self._files.items():
            try:
                file.close()
            except OSError as fault:
                self._failed(path, fault)
            if name not in self.written:
                _removed(path)

    def _write(self, name: str, data: bytes) -> None:
        if self.fault is not None:
            return
        path, file = self._files[name]
        try:
            file.write(data)
        except OSError as fault:
            self._failed(path, fault)
        self.written.add(name)

    def _failed(self, path: Path, fault: OSError) -> None:
        self.fault = self.fault or BadReport(f"{path} cannot be written: {fault.strerror}")


def _opened(path: Path, flag: str) -> IO[bytes]:
    try:
        return path.open("wb")
    except OSError as fault:
        raise BadCall(f"{path} cannot be written: {fault.strerror}; name another file by {flag}") from None


def _removed(path: Path) -> None:
    # Never a device such as /dev/null.
    if path.is_file():
        path.unlink(missing_ok=True)


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

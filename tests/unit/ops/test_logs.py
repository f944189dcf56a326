"""Logs of a process that writes to a file: one JSON object a line, without secrets."""

from __future__ import annotations

import json
import subprocess
import sys

PROGRAM = """
import structlog
from tokenbase.ops import logs
logs.configure()
log = structlog.get_logger()
log.debug("unseen")
log.info("upload", api_key="hide me", Authorization="hide me", device_tokens=["hide me"], db_password="hide me", rows=3)
try:
    1 / 0
except ZeroDivisionError:
    log.exception("broke")
"""


def test_lines_are_json_on_standard_error_with_secrets_masked() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert "hide me" not in done.stderr
    first, second = map(json.loads, done.stderr.splitlines())
    del first["timestamp"]
    assert first == {
        "event": "upload",
        "level": "info",
        "api_key": "***",
        "Authorization": "***",
        "device_tokens": "***",
        "db_password": "***",
        "rows": 3,
    }
    assert second["event"] == "broke"
    assert "ZeroDivisionError" in second["exception"]

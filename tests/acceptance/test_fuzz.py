"""Schemathesis against the API's own description: every address with what it is made for and with what it is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from server import Server

EXAMPLES = os.environ.get("TOKENBASE_TEST_EXAMPLES", "8")
SEED = os.environ.get("TOKENBASE_TEST_SEED", "1")
TAKEN_ANYWAY = "negative_data_rejection,positive_data_acceptance"
"""What cannot hold here: the contract has us take what is not quite right, and refuse what no schema can tell."""


def test_nothing_is_a_5xx_undescribed_or_of_another_shape(database_url: str, tmp_path: Path) -> None:
    server = Server(tmp_path / "log", database_url=database_url, TOKENBASE_RATE_LIMITS="off")
    account = server.account()
    account.field(name="Job", type="text")
    people = [{"externalCustomerId": f"u-{number}", "channels": []} for number in range(50)]
    account.upload(*people, groupNames=["Customers"])
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")), "run", f"{server.url}/openapi.json",
            *("--auth", f"any:{account.secret}", "--seed", SEED, "--max-examples", EXAMPLES),
            *("--checks", "all", "--exclude-checks", TAKEN_ANYWAY),
            *("--continue-on-failure", "--no-color", "--warnings", "off"),
        ],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    answered = [event for event in server.events() if event["event"] == "request"]
    assert {event["status"] for event in answered} >= {200, 400, 401, 404}
    assert [event for event in server.events() if event["event"] in ("request_broke", "request_failed")] == []
    assert len(answered) > 500
    assert server.stop() == 0

"""What is done with a request once its turn has come, in whichever thread or process that is."""

from __future__ import annotations

import contextlib

import msgspec

from tokenbase.api import bodies, operations
from tokenbase.contract import problems

GIVING_WAY = 2
"""How often a request that gave way to another is begun anew before its sender is told."""


def work(operation: operations.Operation, call: operations.Call) -> operations.Answer:
    """Inflate the body of a request and do what it asks for. Raises what keeps that from being done."""
    body = bodies.inflate(call.body, call.headers.get("content-encoding", ""))
    whole = msgspec.structs.replace(call, body=body)
    for _ in range(GIVING_WAY):
        # Nothing of it was stored, and whom it gave way to is done by now.
        with contextlib.suppress(problems.GaveWay):
            return operation.handler(whole)
    return operation.handler(whole)

"""What is done with a request once its turn has come, in whichever thread or process that is."""

from __future__ import annotations

import msgspec

from tokenbase.api import bodies, operations
from tokenbase.contacts import loading


def work(operation: operations.Operation, call: operations.Call) -> operations.Answer:
    """Inflate the body of a request and do what it asks for. Raises what keeps that from being done."""
    body = bodies.inflate(call.body, call.headers.get("content-encoding", ""))
    whole = msgspec.structs.replace(call, body=body)
    return loading.persist(call.database, call.account_id, lambda: operation.handler(whole))

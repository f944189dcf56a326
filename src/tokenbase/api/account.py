"""Addresses about the account itself and about this program."""

from __future__ import annotations

import tokenbase
from tokenbase.accounts import accounts
from tokenbase.accounts.rights import Permission
from tokenbase.api.operations import Answer, Call, Operation


def info(call: Call) -> Answer:
    """Return whose account this is."""
    account = accounts.read(call.database, call.account_id)
    return Answer(value={"userEmail": account.email, "organisationName": account.name, "accountId": account.id})


def version(call: Call) -> Answer:
    """Return which program answers."""
    return Answer(value={"name": "Tokenbase", "version": tokenbase.__version__, "protocolVersion": "v1"})


OPERATIONS = (
    Operation("GET", "/api/v1/account/info", Permission.ANY, info),
    Operation("GET", "/api/v1/version", Permission.ANY, version),
    Operation("GET", "/api/v2/version", Permission.ANY, version),
)

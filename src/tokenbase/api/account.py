"""Addresses about the account itself and about this program."""

from __future__ import annotations

import tokenbase
from tokenbase.accounts import accounts
from tokenbase.accounts.rights import Permission
from tokenbase.api.operations import Answer, Call, Operation
from tokenbase.contract.answers import AccountInfo, Balance, Version


def info(call: Call) -> Answer:
    """Return whose account this is."""
    account = accounts.read(call.database, call.account_id)
    return Answer(value=AccountInfo(user_email=account.email, organisation_name=account.name, account_id=account.id))


def balance(call: Call) -> Answer:
    """Return what clients of paid services ask for: nothing is owed here."""
    return Answer(value=Balance(current_balance=0, currency="", bonus_emails=0, bonus_smses=0))


def version(call: Call) -> Answer:
    """Return which program answers."""
    return Answer(value=Version(name="Tokenbase", version=tokenbase.__version__, protocol_version="v1"))


OPERATIONS = (
    Operation("GET", "/api/v1/account/info", Permission.ANY, info, gives=AccountInfo),
    Operation("GET", "/api/v1/balance", Permission.ANY, balance, gives=Balance),
    Operation("GET", "/api/v1/version", Permission.ANY, version, gives=Version),
    Operation("GET", "/api/v2/version", Permission.ANY, version, gives=Version),
)

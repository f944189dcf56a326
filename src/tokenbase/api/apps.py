"""Addresses of apps and of their push tokens."""

from __future__ import annotations

from tokenbase.accounts import apps as registry
from tokenbase.accounts.rights import Permission
from tokenbase.api import decoding, imports
from tokenbase.api.operations import Answer, Call, Operation, Slots
from tokenbase.contacts import muting
from tokenbase.contract import apps
from tokenbase.imports import apptokens


def everyone(call: Call) -> Answer:
    """Return the apps, those that are only known from their tokens too."""
    found = registry.everyone(call.database, call.account_id)
    listed = [
        apps.AppCard(id=app.id, name=app.name, registered=app.registered, has_credentials=app.has_credentials)
        for app in found
    ]
    return Answer(value=listed, headers={"TotalCount": str(len(listed))})


def register(call: Call) -> Answer:
    """Register an app, or complete one that is known from its tokens."""
    sent = decoding.decode(call.body, apps.AppDefinition)
    credentials = registry.Credentials(fcm=sent.fcm, apns=sent.apns)
    app_id = registry.register(
        call.database, call.account_id, sent.name, sent.id, credentials, call.means.secret(), call.clock()
    )
    (app,) = [app for app in registry.everyone(call.database, call.account_id) if app.id == app_id]
    return Answer(
        value=apps.AppCard(id=app.id, name=app.name, registered=app.registered, has_credentials=app.has_credentials)
    )


def add_tokens(call: Call) -> Answer:
    """Add up to 3,000 tokens of an app without profiles."""
    sent = decoding.decode(call.body, apps.AppTokens)
    repeat, dry_run = imports.repeat(call), imports.is_dry_run(call)
    return Answer(
        value=apptokens.accept(
            call.database, call.account_id, call.path["appUuid"], sent.tokens, repeat, dry_run, call.clock
        )
    )


def mute(call: Call) -> Answer:
    """Keep tokens of an app and do not send to them."""
    return Answer(value=muting.mute(call.database, call.account_id, call.path["appUuid"], _tokens(call), call.clock()))


def unmute(call: Call) -> Answer:
    """Send to tokens of an app again."""
    return Answer(value=muting.unmute(call.database, call.account_id, call.path["appUuid"], _tokens(call)))


def _tokens(call: Call) -> list[str]:
    sent = decoding.decode(call.body, apps.TokenList).tokens
    return [sent] if isinstance(sent, str) else sent


_APP = "/api/v1/apps/{appUuid}"
_P = Permission

OPERATIONS = (
    Operation("GET", "/api/v1/apps", _P.CONTACTS_READ, everyone, gives=list[apps.AppCard]),
    Operation("POST", "/api/v1/apps", _P.ADMINISTER, register, takes=apps.AppDefinition, gives=apps.AppCard),
    Operation(
        "POST",
        f"{_APP}/tokens",
        _P.CONTACTS_WRITE,
        add_tokens,
        slots=Slots.IMPORT,
        takes=apps.AppTokens,
        gives=apps.AppTokensAnswer,
        parameters=(imports.DRY_RUN, imports.IDEMPOTENCY_KEY),
        statuses=(409,),
    ),
    Operation("POST", f"{_APP}/token/mute", _P.CONTACTS_WRITE, mute, takes=apps.TokenList, gives=apps.Muted),
    Operation("POST", f"{_APP}/token/unmute", _P.CONTACTS_WRITE, unmute, takes=apps.TokenList, gives=apps.Muted),
)

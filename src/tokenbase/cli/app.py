"""`tokenbase app`: register and list the apps that tokens belong to."""

from __future__ import annotations

from pathlib import Path

import cyclopts
import msgspec

from tokenbase.accounts import apps
from tokenbase.cli import options
from tokenbase.contract import problems
from tokenbase.contract.apps import Apns
from tokenbase.ops import secret

app = cyclopts.App(name="app")


@app.command
def create(
    *,
    account: int,
    name: str,
    id: str | None = None,
    fcm: Path | None = None,
    apns_key: Path | None = None,
    apns_key_id: str | None = None,
    apns_team_id: str | None = None,
    apns_topic: str | None = None,
    apns_sandbox: bool = False,
    place: options.Place | None = None,
) -> None:
    """Register an app, or complete one that is known from its tokens, and print its UUID.

    Parameters
    ----------
    account
        The account's id.
    name
        What people call it.
    id
        Its UUID, where tokens name one already.
    fcm
        The JSON file of the Google service account that may send.
    apns_key
        The .p8 file of Apple's key.
    apns_key_id
        The id of that key.
    apns_team_id
        The team that the key belongs to.
    apns_topic
        The app's bundle id.
    apns_sandbox
        Whether the tokens are those of development builds.
    """
    credentials = apps.Credentials(
        fcm=None if fcm is None else _service_account(fcm),
        apns=_apns(apns_key, apns_key_id, apns_team_id, apns_topic, apns_sandbox),
    )
    sealed_with = secret.load(options.chosen(place))
    with options.base(place) as base:
        registered = apps.register(base, account, name, id, credentials, sealed_with, options.now())
    print(registered)


@app.command(name="list")
def everyone(*, account: int, place: options.Place | None = None) -> None:
    """List the apps of an account: UUID, registered or unregistered, credentials or none, name, separated by tabs.

    Parameters
    ----------
    account
        The account's id.
    """
    with options.base(place) as base:
        for found in apps.everyone(base, account):
            state = "registered" if found.registered else "unregistered"
            print(found.id, state, "credentials" if found.has_credentials else "none", found.name, sep="\t")


def _service_account(file: Path) -> dict[str, object]:
    try:
        return msgspec.json.decode(_read(file), type=dict[str, object])
    except msgspec.DecodeError as fault:
        raise problems.BadValue(f"{file} is not the JSON of a service account: {fault}") from None


def _apns(key: Path | None, key_id: str | None, team_id: str | None, topic: str | None, sandbox: bool) -> Apns | None:
    if key is None:
        return None
    if not (key_id and team_id and topic):
        raise problems.BadValue("with --apns-key go --apns-key-id, --apns-team-id and --apns-topic")
    return Apns(key=_read(key).decode(), key_id=key_id, team_id=team_id, topic=topic, sandbox=sandbox)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as fault:
        raise problems.BadValue(f"{file} cannot be read: {fault.strerror}") from None

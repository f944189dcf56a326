"""A push channel of a contact and the device behind it, read into the columns of the table `token`.

Nothing about a device can fail its token: what is not good is dropped or cut, and told.
"""

from __future__ import annotations

import functools
import uuid

from tokenbase.contacts import identity, incoming, languages, moments, texts
from tokenbase.contract import contacts, limits, tokens

Told = tuple[tuple[str, str], ...]
"""What to tell of a device: the path of each value that was not good, and what was done to it and why."""

_NOTHING: Told = ()

_OS = {"android": "Android", "ios": "iOS"}
_ENVIRONMENTS = {"production": "production", "sandbox": "sandbox", "development": "sandbox"}
_PROVIDERS = {name: name for name in ("fcm", "apns", "hms", "expo")}


def token(channel: contacts.Channel, value: str, zone: str | None, small: bool) -> tuple[str, incoming.Columns, Told]:
    """Return the key and the columns of a `mobilepush` or `webpush` channel whose value is good, and what to tell.

    `zone` is the contact's time zone, in which moments without an offset are meant; `small` says that no text of the
    device is so long that it should not be remembered. The paths told begin at the channel.
    """
    columns, told = ({}, _NOTHING) if channel.device is None else _device(channel.device, zone, small)
    app_id = columns.get("app_id")
    columns["value"] = value
    if channel.type == "webpush":
        columns["channel"] = "webpush"
        columns["kind"] = "url" if tokens.kind(value) == "url" else "unknown"
        keys = channel.web_push_subscription.keys if channel.web_push_subscription else None
        for column, text in (("web_push_p256dh", keys and keys.p256dh), ("web_push_auth", keys and keys.auth)):
            if text and texts.CONTROLS.search(text) is None and len(text) <= limits.DEVICE_TEXT_CHARACTERS:
                columns[column] = text
        return identity.webpush(app_id, value), columns, told
    columns["channel"] = "mobilepush"
    columns["kind"] = kind = tokens.kind(value)
    return identity.token(app_id, tokens.folded(value, kind)), columns, told


def _device(device: contacts.Device, zone: str | None, small: bool) -> tuple[incoming.Columns, Told]:
    profile = _profile if small else _profile.__wrapped__
    known, told = profile(
        device.app_id,
        device.device_model,
        device.os,
        device.locale,
        device.client_version,
        None if device.app_version is None else str(device.app_version),
        device.time_zone,
        device.environment,
        device.provider,
    )
    columns = known.copy()
    if device.active is not None:
        columns["active"] = "true" if device.active else "false"
    more: list[tuple[str, str]] = []
    if device.device_id is not None:
        _text(columns, "device_id", "deviceId", device.device_id, more)
    if device.advertising_id is not None:
        _text(columns, "advertising_id", "advertisingId", device.advertising_id, more)
    if device.registered_at:
        _moment(columns, "registered_at", "registeredAt", device.registered_at, zone, more)
    if device.last_active_at:
        _moment(columns, "last_active_at", "lastActiveAt", device.last_active_at, zone, more)
    return columns, (*told, *more) if more else told


@functools.lru_cache(maxsize=8192)
def _profile(
    app: str | None,
    model: str | None,
    system: str | None,
    locale: str | None,
    client_version: str | None,
    app_version: str | None,
    time_zone: str | None,
    environment: str | None,
    provider: str | None,
) -> tuple[incoming.Columns, Told]:
    """Return the columns that many devices have in common, each combination looked at once, and what to tell."""
    # A copy with these is filled in sooner than it grows.
    columns: incoming.Columns = {"channel": "", "value": "", "kind": ""}
    told: list[tuple[str, str]] = []

    if app:
        if (canonical := app_id(app)) is None:
            told.append(("device.appId", f'"{app[:50]}" is not the UUID of an app: the token is kept without an app'))
        else:
            columns["app_id"] = canonical
    for name, column, text in (
        ("deviceModel", "device_model", model),
        ("os", "os", system),
        ("locale", "locale", locale),
        ("clientVersion", "client_version", client_version),
        ("appVersion", "app_version", app_version),
    ):
        if text is not None:
            _text(columns, column, name, text, told)
    if kept := columns.get("os"):
        columns["os"] = _OS.get(kept.lower(), kept)
        if kept.lower() not in _OS:
            told.append(("device.os", f'"{kept}" is neither Android nor iOS; it is kept as it is'))
    if kept := columns.get("locale"):
        columns["language"] = languages.of_locale(kept) or ""
    if time_zone:
        if (zone := languages.time_zone(time_zone)) is None:
            message = f'dropped: "{time_zone[:50]}" is not in the tz database; Europe/Kyiv would be'
            told.append(("device.timeZone", message))
        else:
            columns["time_zone"] = zone
    for name, word, known in (("environment", environment, _ENVIRONMENTS), ("provider", provider, _PROVIDERS)):
        if word:
            if (meant := known.get(word.strip().lower())) is not None:
                columns[name] = meant
            else:
                told.append((f"device.{name}", f'dropped: "{word[:50]}" is not one of {", ".join(known)}'))
    return columns, tuple(told)


def _text(columns: incoming.Columns, column: str, name: str, given: contacts.Text, told: list[tuple[str, str]]) -> None:
    most = limits.DEVICE_MODEL_CHARACTERS if column == "device_model" else limits.DEVICE_TEXT_CHARACTERS
    try:
        if text := texts.clean(str(given), most):
            columns[column] = text
    except texts.TooLong as fault:
        columns[column] = fault.cut
        told.append((f"device.{name}", f"cut: {fault}"))
    except ValueError as fault:
        told.append((f"device.{name}", f"dropped: {fault}"))


def _moment(
    columns: incoming.Columns, column: str, name: str, given: str, zone: str | None, told: list[tuple[str, str]]
) -> None:
    try:
        columns[column] = moments.cell(moments.parse(given, columns.get("time_zone", zone)))
    except ValueError as fault:
        told.append((f"device.{name}", f"dropped: {fault}"))


def app_id(text: str) -> str | None:
    """Return an app's UUID in its canonical form, or None when the text is not one."""
    try:
        return str(uuid.UUID(text.strip()))
    except ValueError:
        return None

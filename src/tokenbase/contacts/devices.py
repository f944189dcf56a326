"""A push channel of a contact and the device behind it, read into the columns of the table `token`.

Nothing about a device can fail its token: what is not good is dropped or cut, and told.
"""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable

from tokenbase.contacts import identity, incoming, languages, moments, texts
from tokenbase.contract import contacts, limits, tokens

Warn = Callable[[str, str], None]
"""Takes the path of a value, and what was done to it and why."""

_OS = {"android": "Android", "ios": "iOS"}
_ENVIRONMENTS = {"production": "production", "sandbox": "sandbox", "development": "sandbox"}
_PROVIDERS = {name: name for name in ("fcm", "apns", "hms", "expo")}


def token(
    channel: contacts.Channel, value: str, zone: str | None, path: str, warn: Warn
) -> tuple[str, incoming.Columns]:
    """Return the key and the columns of a `mobilepush` or `webpush` channel whose value is good.

    `zone` is the contact's time zone, in which moments without an offset are meant.
    """
    device = channel.device
    columns = _device(device, zone, f"{path}.device", warn) if device is not None else {}
    app_id = columns.get("app_id")
    assert app_id is None or isinstance(app_id, str)
    columns["value"] = value
    if channel.type == "webpush":
        columns["channel"] = "webpush"
        columns["kind"] = "url" if tokens.kind(value) == "url" else "unknown"
        keys = channel.web_push_subscription.keys if channel.web_push_subscription else None
        for column, text in (("web_push_p256dh", keys and keys.p256dh), ("web_push_auth", keys and keys.auth)):
            if text and texts.CONTROLS.search(text) is None and len(text) <= limits.DEVICE_TEXT_CHARACTERS:
                columns[column] = text
        return identity.webpush(app_id, value), columns
    columns["channel"] = "mobilepush"
    columns["kind"] = tokens.kind(value)
    return identity.token(app_id, tokens.folded(value)), columns


def _device(device: contacts.Device, zone: str | None, path: str, warn: Warn) -> incoming.Columns:
    columns: incoming.Columns = {}
    if device.app_id:
        columns["app_id"] = app_id(device.app_id)
        if columns["app_id"] is None:
            warn(f"{path}.appId", f'"{device.app_id[:50]}" is not the UUID of an app: the token is kept without an app')
    if device.active is not None:
        columns["active"] = device.active
    for name, column, text in (
        ("deviceModel", "device_model", device.device_model),
        ("os", "os", device.os),
        ("locale", "locale", device.locale),
        ("clientVersion", "client_version", device.client_version),
        ("appVersion", "app_version", device.app_version),
        ("deviceId", "device_id", device.device_id),
        ("advertisingId", "advertising_id", device.advertising_id),
    ):
        if text is not None and text != "":
            most = limits.DEVICE_MODEL_CHARACTERS if column == "device_model" else limits.DEVICE_TEXT_CHARACTERS
            try:
                columns[column] = texts.clean(str(text), most)
            except texts.TooLong as fault:
                columns[column] = fault.cut
                warn(f"{path}.{name}", f"cut: {fault}")
            except ValueError as fault:
                warn(f"{path}.{name}", f"dropped: {fault}")
    system = columns.get("os")
    if isinstance(system, str):
        columns["os"] = _OS.get(system.lower(), system)
        if system.lower() not in _OS:
            warn(f"{path}.os", f'"{system}" is neither Android nor iOS; it is kept as it is')
    locale = columns.get("locale")
    if isinstance(locale, str):
        columns["language"] = languages.of_locale(locale)
    if device.time_zone:
        found = languages.time_zone(device.time_zone)
        if found is None:
            warn(
                f"{path}.timeZone",
                f'dropped: "{device.time_zone[:50]}" is not in the tz database; Europe/Kyiv would be',
            )
        else:
            columns["time_zone"] = zone = found
    for name, column, word, known in (
        ("environment", "environment", device.environment, _ENVIRONMENTS),
        ("provider", "provider", device.provider, _PROVIDERS),
    ):
        if word:
            if word.strip().lower() in known:
                columns[column] = known[word.strip().lower()]
            else:
                warn(f"{path}.{name}", f'dropped: "{word[:50]}" is not one of {", ".join(known)}')
    for name, column, text in (
        ("registeredAt", "registered_at", device.registered_at),
        ("lastActiveAt", "last_active_at", device.last_active_at),
    ):
        if text:
            try:
                columns[column] = moments.parse(text, zone)
            except ValueError as fault:
                warn(f"{path}.{name}", f"dropped: {fault}")
    return columns


@functools.lru_cache(maxsize=1024)
def app_id(text: str) -> str | None:
    """Return an app's UUID in its canonical form, or None when the text is not one."""
    try:
        return str(uuid.UUID(text.strip()))
    except ValueError:
        return None

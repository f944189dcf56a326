"""What a column can become: the names that a mapping may use, and the headings that are taken for each unasked."""

from __future__ import annotations

import re

import msgspec

from tokenbase.contract import contacts

DEVICE = tuple(f"device.{field.encode_name}" for field in msgspec.structs.fields(contacts.Device))
ADDRESS = tuple(f"address.{field.encode_name}" for field in msgspec.structs.fields(contacts.Address))
CHANNELS = ("email", "sms", "viber", "telegram")
TOKENS = ("mobilepush", "mobilepush.ios", "mobilepush.android")
PLAIN = ("id", "externalCustomerId", "firstName", "lastName", "languageCode", "timeZone", "contactKey")

TARGETS = (*PLAIN, *CHANNELS, *TOKENS, *DEVICE, *ADDRESS)
"""Every target but `fields.NUMBER` and `fields.NAME`, an additional field, and `fields.*`, an object of them."""

OPEN_FIELDS = "fields.*"
"""The target of an object whose keys are names of additional fields."""

_FIELD = re.compile(r"fields\.([0-9]{1,19})")

_HEADINGS = {
    "externalCustomerId": "external_customer_id external_id external_user_id user_id customer_id client_id uid userid "
    "external customer_no named_user_id profile_id",
    "firstName": "first_name name_first given_name firstname forename",
    "lastName": "last_name surname family_name lastname",
    "email": "email e_mail email_address mail",
    "sms": "sms phone phone_number msisdn mobile mobile_phone tel telephone",
    "telegram": "telegram telegram_id telegram_chat_id",
    "mobilepush": "mobilepush push_token token device_token registration_id registration_token push_address pushtoken "
    "gcm_token fcm_registration_token identifier",
    "mobilepush.ios": "ios_token apns_token apns_device_token ios_push_token",
    "mobilepush.android": "android_token fcm_token android_push_token",
    "languageCode": "language_code lang",
    "timeZone": "time_zone timezone tz timezone_id",
    "contactKey": "contact_key",
    "address.region": "region state province",
    "address.town": "town city",
    "address.address": "address street address_line",
    "address.postcode": "postcode zip zip_code postal_code",
    "device.appId": "app_id app_uuid application_id",
    "device.deviceModel": "device_model model device",
    "device.os": "os platform device_os device_type os_name",
    "device.locale": "locale device_locale language locale_identifier",
    "device.clientVersion": "client_version sdk_version",
    "device.appVersion": "app_version version game_version",
    "device.active": "active opted_in opt_in enabled push_enabled notifications_enabled subscribed",
    "device.deviceId": "device_id installation_id",
    "device.timeZone": "device_time_zone device_timezone",
    "device.advertisingId": "advertising_id ad_id idfa gaid google_ad_id",
    "device.registeredAt": "registered_at created_at created registration_date date_created",
    "device.lastActiveAt": "last_active_at last_active last_seen last_seen_at last_used updated_at last_registration",
    "device.environment": "environment apns_environment",
    "device.provider": "provider push_provider push_type",
}


def _folded(heading: str) -> str:
    return re.sub(r"[^a-z0-9]", "", re.sub(r"([a-z])([A-Z])", r"\1_\2", heading).lower())


_BY_HEADING = {_folded(word): target for target, words in _HEADINGS.items() for word in words.split()}
_BY_HEADING |= {_folded(target): target for target in TARGETS}
_BY_HEADING |= {_folded(target.removeprefix("device.")): target for target in DEVICE if _folded(target[7:])}
_BY_HEADING["timezone"] = "timeZone"
del _BY_HEADING["id"]


def guess(headings: list[str]) -> dict[str, str]:
    """Return what each heading is taken for; one that nobody knows, or whose target is taken already, is left out."""
    found: dict[str, str] = {}
    for heading in headings:
        target = heading if field_id(heading) is not None else _BY_HEADING.get(_folded(heading))
        if target is not None and target not in found.values():
            found[heading] = target
    lone = [heading for heading in headings if _folded(heading) == "id"]
    if lone and "externalCustomerId" not in found.values() and "identifier" not in map(_folded, headings):
        # A lone "id" is the customer's own; beside a better heading, or where the token is called an identifier, it is
        # the old vendor's.
        found[lone[0]] = "externalCustomerId"
    return found


def field_id(target: str) -> int | None:
    """Return the number in `fields.NUMBER`, None for any other target."""
    found = _FIELD.fullmatch(target)
    return int(found[1]) if found else None


def field_name(target: str) -> str | None:
    """Return the number or the name in `fields.…`, None for any other target."""
    name = target.removeprefix("fields.")
    return name if name and name != target else None

"""A request's contacts, read one by one into `Incoming`: every value checked, brought to its form, and given its key.

Nothing is asked of the database here and nobody is matched; a contact that cannot be stored comes back as a Problem.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from tokenbase.contacts import devices, emails, fields, identity, incoming, languages, names, phones, texts, wire
from tokenbase.contract import contacts, limits, problems

_ID_LIMIT = 2**63
_SMALL_BYTES = 4096
"""The most bytes of a contact whose device's texts may be remembered from one contact to the next."""


class Reader:
    """Reads the contacts of one request for one account. `warnings` and `app_ids` grow while it reads."""

    def __init__(
        self, known_fields: Mapping[int, fields.Field], lone: bool = False, channels_required: bool = True
    ) -> None:
        """Take the account's additional fields; `lone` when the request is one contact, not a list of them."""
        self.warnings: list[problems.Problem] = []
        self.app_ids: dict[str, tuple[int, str]] = {}
        """Each app id seen, with the index and the path at which it was first."""
        self._fields = known_fields
        self._lone = lone
        self._channels_required = channels_required
        self._missing: dict[int | str, tuple[int, str, int]] = {}
        self._index = 0
        self._small = True
        self._strange = False
        """Whether the contact has an additional field that the account does not."""
        self._new_app_ids: dict[str, tuple[int, str]] = {}

    def read(self, index: int, raw: bytes | msgspec.Raw, digest: str = "") -> incoming.Incoming | problems.Problem:
        """Return the contact at `index` of the request, or what makes it unusable.

        The digest stays with it only where there is nothing to tell of it.
        """
        self._index = index
        self._small = len(memoryview(raw)) <= _SMALL_BYTES
        self._new_app_ids.clear()
        told = len(self.warnings)
        self._strange = False
        try:
            read = self._contact(wire.decode(raw, self._warn))
        except wire.Unusable as fault:
            path = self._path(fault.path).rstrip(".")
            return problems.Problem(path=path, message=fault.message, index=index, code=fault.code)
        self.app_ids.update(self._new_app_ids)
        if digest and told == len(self.warnings) and not self._strange:
            read.digest = digest
        return read

    def finish(self) -> list[problems.Problem]:
        """Return the warnings, with one for each additional field that the account does not have."""
        for field_id, (index, path, times) in self._missing.items():
            those = "1 contact was" if times == 1 else f"{times:,} contacts were"
            message = f"there is no additional field {field_id} in this account; {those} stored without it"
            self.warnings.append(problems.Problem(path=path, message=message, index=index))
        self._missing = {}
        return self.warnings

    def _warn(self, path: str, message: str) -> None:
        self.warnings.append(problems.Problem(path=self._path(path), message=message, index=self._index))

    def _path(self, path: str) -> str:
        return path if self._lone else f"contacts[{self._index}].{path}"

    def _contact(self, sent: contacts.Contact) -> incoming.Incoming:
        values: incoming.Columns = {}
        read = incoming.Incoming(index=self._index, lone=self._lone, values=values, fields={}, tokens={}, groups=[])
        if sent.external_customer_id is not None and (text := str(sent.external_customer_id).strip()):
            try:
                read.external_id = _required(text, limits.EXTERNAL_ID_CHARACTERS)
            except ValueError as fault:
                raise wire.Unusable(problems.EXTERNAL_ID_INVALID, "externalCustomerId", str(fault)) from None
        if sent.id is not None:
            read.contact_id = _number(sent.id) or None
            if read.contact_id is None and sent.id != 0:
                # 0 is what clients send for none.
                self._warn("id", f'dropped: "{str(sent.id)[:50]}" is not the id of a contact')
        if sent.first_name is not None:
            self._name(values, "first_name", sent.first_name, names.first, "firstName")
        if sent.last_name is not None:
            self._name(values, "last_name", sent.last_name, names.last, "lastName")
        if sent.time_zone:
            if (zone := languages.time_zone(sent.time_zone)) is None:
                self._warn(
                    "timeZone", f'dropped: "{sent.time_zone[:50]}" is not in the tz database; Europe/Kyiv would be'
                )
            else:
                values["time_zone"] = zone
        if sent.language_code:
            if (language := languages.canonical(sent.language_code)) is None:
                self._warn(
                    "languageCode",
                    f'dropped: "{sent.language_code[:50]}" is not a language tag; uk or en-US would be',
                )
            else:
                values["language_code"] = language
        if sent.contact_key is not None:
            self._optional(values, "contact_key", sent.contact_key, limits.CONTACT_KEY_CHARACTERS, "contactKey")
        if sent.address is not None:
            self._address(sent.address, values)
        if sent.address_book_id is not None:
            book = str(sent.address_book_id)
            if book.isascii() and book.isdigit() and len(book) < 10:
                values["address_book_id"] = str(int(book))
            else:
                self._warn("addressBookId", f'dropped: "{book[:50]}" is not the number of an address book')
        self._channels(sent.channels, read)
        if sent.fields is not None:
            self._additional(sent.fields, read)
        if sent.groups is not None:
            for group in sent.groups if isinstance(sent.groups, list) else [sent.groups]:
                if group.name and group.name.strip():
                    read.groups.append(group.name.strip()[: limits.GROUP_NAME_CHARACTERS])
        return read

    def _channels(self, sent: list[contacts.Channel] | contacts.Channel | None, read: incoming.Incoming) -> None:
        if sent is None and not self._channels_required:
            return
        if sent is None:
            raise wire.Unusable(
                problems.CONTACT_WITHOUT_CHANNELS,
                "channels",
                'channels is required: send a list such as [{"type": "mobilepush", "value": "…"}], or [] for none',
            )
        for number, channel in enumerate(sent if isinstance(sent, list) else [sent]):
            kind = channel.type
            if kind not in contacts.CHANNEL_TYPES:
                kind = channel.type = self._channel_type(kind, number)
            value = "" if channel.value is None else str(channel.value)
            try:
                if kind == "mobilepush" or kind == "webpush":
                    if kind == "webpush" and not value and channel.web_push_subscription is not None:
                        value = channel.web_push_subscription.endpoint or ""
                    self._token(channel, value, number, read)
                else:
                    if kind in read.values:
                        self._warn(f"channels[{number}]", f"a contact has one {kind}; the later one was taken")
                    read.values[kind] = _address_of(kind, value)
            except ValueError as fault:
                path = f"channels[{number}].value"
                raise wire.Unusable(problems.CHANNEL_VALUE_INVALID, path, str(fault)) from None

    def _channel_type(self, sent: str | None, number: int) -> str:
        kind = (sent or "").strip().lower()
        if kind not in contacts.CHANNEL_TYPES:
            known = ", ".join(contacts.CHANNEL_TYPES)
            shown = f'"{kind[:50]}" is no type of channel' if kind else "a channel needs a type"
            raise wire.Unusable(
                problems.CHANNEL_TYPE_UNKNOWN, f"channels[{number}].type", f"{shown}; there are {known}"
            )
        return kind

    def _token(self, channel: contacts.Channel, value: str, number: int, read: incoming.Incoming) -> None:
        value = _required(value, limits.TOKEN_CHARACTERS)
        zone = read.values.get("time_zone")
        key, columns, told = devices.token(channel, value, zone, self._small)
        for path, message in told:
            self._warn(f"channels[{number}].{path}", message)
        if (app := columns.get("app_id")) is not None and app not in self.app_ids:
            self._new_app_ids[app] = (self._index, self._path(f"channels[{number}].device.appId"))
        read.tokens[key] = {**read.tokens[key], **columns} if key in read.tokens else columns

    def _name(
        self, values: incoming.Columns, column: str, given: contacts.Text, check: Callable[[str], str], path: str
    ) -> None:
        if text := str(given).strip():
            try:
                values[column] = check(text)
            except ValueError as fault:
                self._warn(path, f"dropped: {fault}")

    def _address(self, sent: contacts.Address, values: incoming.Columns) -> None:
        for name, column, given in (
            ("region", "region", sent.region),
            ("town", "town", sent.town),
            ("address", "address", sent.address),
            ("postcode", "postcode", sent.postcode),
            ("description", "address_description", sent.description),
        ):
            if given is not None:
                self._optional(values, column, given, limits.ADDRESS_CHARACTERS, f"address.{name}")

    def _additional(self, sent: list[contacts.FieldValue] | contacts.FieldValue, read: incoming.Incoming) -> None:
        for number, item in enumerate(sent if isinstance(sent, list) else [sent]):
            if item.id is None or item.value is None:
                continue
            field = self._fields.get(item.id) if isinstance(item.id, int) else self._fields.get(_number(item.id))
            if field is None:
                self._strange = True
                path = self._path(f"fields[{number}].id")
                index, place, times = self._missing.get(item.id, (self._index, path, 0))
                self._missing[item.id] = (index, place, times + 1)
            elif item.value == "" or item.value == []:
                read.fields[field.id] = None
            else:
                value, reason = fields.clean(field, item.value)
                if value is None:
                    self._warn(f"fields[{number}].value", f"dropped: {reason}")
                else:
                    read.fields[field.id] = value

    def _optional(self, values: incoming.Columns, column: str, given: contacts.Text, most: int, path: str) -> None:
        try:
            if text := texts.clean(str(given), most):
                values[column] = text
        except ValueError as fault:
            self._warn(path, f"dropped: {fault}")


def _address_of(kind: str, value: str) -> str:
    if kind == "telegram" or not value.strip():
        return _required(value, limits.EXTERNAL_ID_CHARACTERS)
    return emails.clean(value) if kind == "email" else phones.clean(value)


def _required(value: str, most: int) -> str:
    if not (value := texts.clean(value, most)):
        raise ValueError("it is empty: send the value, or leave the key out")
    return value


def _number(given: contacts.Id) -> int:
    """Return an id sent as a number or as a numeric string; 0, which is no id, for anything else."""
    text = str(given).strip()
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    return number if number < _ID_LIMIT else 0


def keys(read: incoming.Incoming, kind: str, field_id: int | None) -> list[str]:
    """Return the keys by which a contact can be matched on `kind`: a column, `mobilepush`, `webpush` or `field`."""
    if kind in ("mobilepush", "webpush"):
        return [key for key, columns in read.tokens.items() if columns["channel"] == kind]
    if kind == "field":
        text = read.fields.get(field_id or 0)
        return [identity.field(field_id, text)] if field_id and text else []
    value = read.values.get(kind)
    return [identity.of_column(kind, value)] if value else []

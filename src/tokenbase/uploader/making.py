"""What a mapping makes of a row: a contact as the API takes it. What is good of its values is the server's to say."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable, Iterator, Sequence

import msgspec

from tokenbase.uploader import reading, targets
from tokenbase.uploader.mapping import Plan
from tokenbase.uploader.reading import Cells, Read, Reader

Contact = dict[str, object]
Make = Callable[[Cells], "Contact | Passed"]
Field = Callable[[str], int | None]
"""Returns the number of an additional field by its name, None where there is none."""

SENTINELS = frozenset(
    {"", "null", "(null)", "undefined", "none", "nil", "nan", "false", "0", "[object object]", "blacklisted"}
)
"""What exports write, in any case, where there is no token."""


class Passed(str):
    """Why a row is not meant to be sent."""

    __slots__ = ()


def compiled(
    plan: Plan,
    headings: Sequence[str] | None,
    notice: Callable[[str], None],
    field: Field,
    dropped: Callable[[str], None] | None = None,
) -> Make:
    """Return the function that makes a contact of a row's cells: a list in the order of the headings, or an object.

    It leaves out what is empty. What is odd about a value goes to `notice`, in words that are the same for each row;
    words that stand for no token go to `dropped`.
    """
    reader = Reader(plan, headings, notice)
    made = _Made(plan, plan.columns, headings is None, reader, notice, field, dropped).contact
    if not plan.when and not plan.skip:
        return made
    skips = [(reader.one(skip.column), _folded(skip.values), Passed(skip.reason)) for skip in plan.skip]
    others = [
        (
            reader.one(when.column),
            _folded(when.values),
            _Made(plan, {**plan.columns, **when.columns}, headings is None, reader, notice, field, dropped).contact,
        )
        for when in plan.when
    ]

    def contact(cells: Cells) -> Contact | Passed:
        for read, words, reason in skips:
            if read(cells).lower() in words:
                return reason
        for read, words, other in others:
            if read(cells).lower() in words:
                return other(cells)
        return made(cells)

    return contact


def _folded(words: Sequence[str]) -> frozenset[str]:
    return frozenset(word.lower() for word in words)


class _Made:
    """The columns of a mapping by what they become, each with what reads it."""

    def __init__(
        self,
        plan: Plan,
        columns: dict[str, str],
        objects: bool,
        reader: Reader,
        notice: Callable[[str], None],
        field: Field,
        dropped: Callable[[str], None] | None,
    ) -> None:
        self._dropped = dropped
        # There are a few apps and millions of rows.
        self._named: dict[str, str] = {}
        self._plain: list[tuple[str, Read]] = []
        self._channels: list[tuple[str, Read]] = []
        self._tokens: list[tuple[str | None, Callable[..., list[str]]]] = []
        self._device: list[tuple[str, Read, Callable[[str], object]]] = []
        self._address: list[tuple[str, Read]] = []
        self._fields: list[tuple[str, Read]] = []
        self._open_fields: list[Callable[..., object]] = []
        # Those of an element of `each`, whose device is described by the row's columns as well.
        self._inner_tokens: list[tuple[str | None, Callable[..., list[str]]]] = []
        self._inner_device: list[tuple[str, Read, Callable[[str], object]]] = []
        self._elements = reader.elements() if plan.each and objects else None
        self._field, self._notice, self._apps = field, notice, {k.casefold(): v for k, v in plan.apps.items()}
        convert = {**_CONVERSIONS, "appId": self._app}
        if plan.utc:
            convert |= {"registeredAt": _utc_moment, "lastActiveAt": _utc_moment}
        for name, target in columns.items():
            inner = name.startswith(reading.ELEMENT)
            if target in targets.TOKENS:
                system = {"mobilepush.ios": "iOS", "mobilepush.android": "Android"}.get(target)
                (self._inner_tokens if inner else self._tokens).append((system, reader.all(name)))
            elif target in targets.DEVICE:
                about = target.removeprefix("device.")
                (self._inner_device if inner else self._device).append(
                    (about, reader.one(name), convert.get(about, str))
                )
            elif target == targets.OPEN_FIELDS:
                self._open_fields.append(reader.whole(name))
            else:
                self._sort(target, reader.one(name))
        for target, value in plan.constants.items():
            given = reading.text(value)
            if target in targets.DEVICE:
                about = target.removeprefix("device.")
                self._device.append((about, _constant(given), convert.get(about, str)))
            elif target in targets.TOKENS:
                self._tokens.append((None, lambda cells, given=given: [given]))
            else:
                self._sort(target, _constant(given))
        if "*" in self._apps:
            self._device.append(("appId", _constant(self._apps["*"]), str))

    def _sort(self, target: str, read: Read) -> None:
        if target in targets.CHANNELS:
            self._channels.append((target, read))
        elif target in targets.ADDRESS:
            self._address.append((target.removeprefix("address."), read))
        elif (name := targets.field_name(target)) is not None:
            self._fields.append((name, read))
        else:
            self._plain.append((target, read))

    def contact(self, cells: Cells) -> Contact:
        """Return the contact that a row is."""
        made: Contact = {}
        for name, read in self._plain:
            if name not in made and (value := read(cells)):
                made[name] = value
        described = _described(self._device, cells, {})
        listed: list[Contact] = []
        self._add_tokens(listed, self._tokens, cells, described)
        if self._elements is not None and isinstance(cells, dict):
            for inner in self._elements(cells):
                self._add_tokens(listed, self._inner_tokens, inner, _described(self._inner_device, inner, described))
        for name, read in self._channels:
            if value := read(cells):
                listed.append({"type": name, "value": value})
        made["channels"] = listed
        if self._address and (parts := {name: value for name, read in self._address if (value := read(cells))}):
            made["address"] = parts
        if (self._fields or self._open_fields) and (values := list(self._values(cells))):
            made["fields"] = values
        return made

    def _add_tokens(
        self,
        listed: list[Contact],
        tokens: list[tuple[str | None, Callable[..., list[str]]]],
        cells: Cells,
        described: dict[str, object],
    ) -> None:
        for system, read in tokens:
            about = described if system is None or "os" in described else {**described, "os": system}
            for value in read(cells):
                if value.lower() not in SENTINELS:
                    listed.append({"type": "mobilepush", "value": _token(value), "device": about})
                elif value and self._dropped is not None:
                    self._dropped(value)

    def _values(self, cells: Cells) -> Iterator[Contact]:
        named = [(name, value) for name, read in self._fields if (value := read(cells))]
        for whole in self._open_fields:
            named += [(key, said) for key, value in reading.children(whole(cells)) if (said := reading.text(value))]
        for name, said in named:
            number = int(name) if name.isdigit() else self._field(name)
            if number is not None:
                yield {"id": number, "value": said}

    def _app(self, name: str) -> object:
        found = self._named.get(name)
        if found is None and (found := self._app_of(name)) is not None:
            self._named[name] = found
        return found

    def _app_of(self, name: str) -> str | None:
        known = self._apps.get(name.casefold()) or self._apps.get("*")
        if known is not None:
            return known
        try:
            return str(uuid.UUID(name))
        except ValueError:
            self._notice(f'the source names an app "{name[:100]}": give its UUID by --app "{name[:100]}=UUID"')
            return None


def _described(
    device: list[tuple[str, Read, Callable[[str], object]]], cells: Cells, besides: dict[str, object]
) -> dict[str, object]:
    described: dict[str, object] = {}
    for name, read, convert in device:
        if name in described:
            # Where several columns say whether it may be sent to, all must.
            if name == "active" and described[name] is True and (value := read(cells)):
                described[name] = convert(value)
        elif (value := read(cells)) and (converted := convert(value)) is not None:
            described[name] = converted
    return {**besides, **described} if besides else described


def _token(value: str) -> str:
    """Return a token; the text form of old iOS, <6e18f198 9e5350ca …>, as the hex it is."""
    return value[1:-1].replace(" ", "") if _TEXT_FORM.fullmatch(value) else value


_TEXT_FORM = re.compile(r"<[0-9A-Fa-f ]{64,}>")


def _constant(value: str) -> Read:
    return lambda _: value


_YES = frozenset({"true", "t", "1", "yes", "y", "on", "subscribed", "opted_in", "opted-in", "enabled", "active"})
_NO = frozenset({"false", "f", "0", "no", "n", "off", "unsubscribed", "opted_out", "opted-out", "disabled", "inactive"})


def _truth(text: str) -> object:
    word = text.lower()
    return True if word in _YES else False if word in _NO else text


_SECONDS = re.compile(r"[0-9]{9,10}(\.[0-9]+)?")
_MILLISECONDS = re.compile(r"[0-9]{12,13}")


def _moment(text: str) -> str:
    """Return Unix seconds or milliseconds as a date-time, and ` UTC` as an offset; anything else as it is."""
    if _SECONDS.fullmatch(text):
        return dt.datetime.fromtimestamp(float(text), dt.UTC).isoformat()
    if _MILLISECONDS.fullmatch(text):
        return dt.datetime.fromtimestamp(int(text) / 1000, dt.UTC).isoformat()
    return text.removesuffix(" UTC") + "+00:00" if text.endswith(" UTC") else text


def _utc_moment(text: str) -> str:
    """Return a moment; one without an offset is in UTC."""
    made = _moment(text)
    try:
        moment = dt.datetime.fromisoformat(made)
    except ValueError:
        return made
    return made if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC).isoformat()


_CONVERSIONS: dict[str, Callable[[str], object]] = {
    "active": _truth,
    "registeredAt": _moment,
    "lastActiveAt": _moment,
}


class Fields(msgspec.Struct):
    """The additional fields of a server by name, as a `Field`. `missing` counts the names that it does not have."""

    known: dict[str, int]
    create: Callable[[str], int] | None = None
    missing: dict[str, int] = {}

    def __call__(self, name: str) -> int | None:
        """Return the number of a field; make the field where that was asked for."""
        number = self.known.get(name.casefold())
        if number is None and self.create is not None:
            number = self.known[name.casefold()] = self.create(name)
        if number is None:
            self.missing[name] = self.missing.get(name, 0) + 1
        return number

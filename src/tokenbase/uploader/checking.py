"""A look at a whole source before a byte of it is sent: what is in it, and what is odd about it. Asks no server."""

from __future__ import annotations

import collections
import contextlib
import datetime as dt
import re
from collections import Counter
from typing import Any

import msgspec

from tokenbase.contract import limits
from tokenbase.contract import tokens as shapes
from tokenbase.uploader import digests, findings, making, mapping, source
from tokenbase.uploader.batches import Item
from tokenbase.uploader.faults import BadMapping, BadSource
from tokenbase.uploader.rows import Row

_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_EMAIL = re.compile(r"[^@\s,;<>()]+@(?:[^@\s.,;<>()]+\.)+[^@\s.,;<>()\d][^@\s.,;<>()]+")
_PUNCTUATION = re.compile(r"[\s()./\u00a0\u2010-\u2015-]+")
_PHONE = re.compile(r"[1-9][0-9]{6,14}")
_HEX = re.compile(r"[0-9A-Fa-f]+")
_SPREADSHEET = re.compile(r"""[-+]?\d(?:\.\d+)?[eE]\+\d+|['=].*""")
_CUTS = frozenset({64, 100, 128, 150, 160, 191, 200, 250, 255, 256})
"""Lengths that columns of databases have; Firebase's own tokens are of others."""
_SHARE_CUT, _SHARE_UUID = 0.01, 0.9
_LINES = 1 << 40


class Check:
    """Goes through a source once; `found` is what came of it."""

    def __init__(self, opened: source.Source, now: dt.datetime) -> None:
        """Take an open source, and the time that ages count from."""
        self._source = opened
        self._now = now
        self.found = findings.Checked(source=opened.feed.name)
        self._counts: Counter[str] = Counter()
        self._examples: dict[str, list[findings.Example]] = collections.defaultdict(list)
        self._tokens, self._people = digests.Digests(), digests.Digests()
        self._lengths: Counter[int] = Counter()
        self._cut: dict[int, list[findings.Example]] = collections.defaultdict(list)
        self._uuids: list[findings.Example] = []
        self._files: list[str] = []

    def run(self) -> findings.Checked:
        """Go through the source and return what it is like."""
        found = self.found
        dropped: list[str] = []
        self._source.dropped = dropped.append
        try:
            with contextlib.closing(self._source.feed):
                for one in self._source.items(None):
                    found.rows += 1
                    row = one.row if isinstance(one, Item) else one[0]
                    for word in dropped:
                        self._tell("sentinel", row, word)
                    dropped.clear()
                    if isinstance(one, Item):
                        found.contacts += 1
                        self._contact(row, msgspec.json.decode(one.contact), one.external_id)
                    else:
                        self._reject(row, one[1])
        except (BadSource, BadMapping) as fault:
            found.stopped_by = fault.message
        self._finish()
        return found

    def _reject(self, row: Row, reason: str) -> None:
        if isinstance(reason, making.Passed):
            self._tell("passed-over", row, str(reason))
        elif row.fault is None:
            self._tell("nothing-identifies", row, "")
        else:
            self._tell("broken-row", row, reason)

    def _contact(self, row: Row, contact: dict[str, Any], external_id: str | None) -> None:
        if external_id is None or external_id.strip().lower() in making.SENTINELS:
            self._tell("external-id-empty", row, external_id or "")
        else:
            self._people.add(external_id.strip(), "", 0)
            if len(external_id.strip()) > limits.EXTERNAL_ID_CHARACTERS:
                self._tell("external-id-long", row, external_id)
        listed = contact.get("channels") or []
        pushed = False
        for channel in listed if isinstance(listed, list) else [listed]:
            kind, value = channel.get("type"), str(channel.get("value") or "").strip()
            if kind == "email":
                self.found.emails += 1
                if not _EMAIL.fullmatch(value):
                    self._tell("email-bad", row, value)
            elif kind in ("sms", "viber"):
                self.found.phones += 1
                if not _PHONE.fullmatch(_PUNCTUATION.sub("", value).removeprefix("+").removeprefix("00")):
                    self._tell("phone-bad", row, value)
            elif kind == "mobilepush" and value:
                pushed = True
                self._token(row, value, channel.get("device") or {}, external_id)
        if not pushed:
            self._tell("token-missing", row, "")

    def _token(self, row: Row, value: str, device: dict[str, Any], external_id: str | None) -> None:
        found, kind = self.found, shapes.kind(value)
        app, system = str(device.get("appId") or ""), str(device.get("os") or "").lower()
        # Whatever the app: a token that stands under two is that of one device all the same.
        self._tokens.add(shapes.folded(value), external_id or "", self._place(row))
        found.kinds[kind] += 1
        found.systems[str(device.get("os") or "unknown")] += 1
        if app:
            found.apps[app] += 1
        if kind in ("gcm", "expo", "url"):
            self._tell(f"token-{kind}", row, value)
        if kind == "apns" and system == "android":
            self._tell("platform-mismatch", row, value)
        if kind == "fcm" and system == "ios":
            self._tell("fcm-on-ios", row, value)
        if value.startswith("{length"):
            self._tell("token-broken", row, value)
        elif _SPREADSHEET.fullmatch(value):
            self._tell("token-spreadsheet", row, value)
        elif "%3a" in value.lower():
            self._tell("token-encoded", row, value)
        elif any(sign.isspace() or sign == '"' for sign in value):
            self._tell("token-space", row, value)
        elif len(value) >= 63 and len(value) % 2 and _HEX.fullmatch(value):
            self._tell("token-odd-hex", row, value)
        if _UUID.fullmatch(value):
            self._counts["uuid"] += 1
            self._keep(self._uuids, row, value)
        if kind != "apns":
            self._lengths[len(value)] += 1
            self._keep(self._cut[len(value)], row, value)
        self._age(row, str(device.get("lastActiveAt") or ""), value)

    def _age(self, row: Row, text: str, value: str) -> None:
        try:
            moment = dt.datetime.fromisoformat(text)
        except ValueError:
            self.found.ages["unknown"] += 1
            self._tell("seen-unknown", row, value)
            return
        days = (self._now - (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC))).days
        for most, word in ((30, "30 days"), (60, "60 days"), (270, "270 days"), (10**9, "older")):
            if days <= most:
                self.found.ages[word] += 1
                break
        if days > 60:
            self._tell("stale-270" if days > 270 else "stale-60", row, f"{text[:10]}  {value}")

    def _finish(self) -> None:
        found = self.found
        for owners in self._tokens.groups():
            found.tokens += 1
            for lines in owners.values():
                for place in lines[1:]:
                    self._note("duplicate", place, f"as {self._said(lines[0])}")
            if len(owners) > 1:
                lines = sorted(lines[0] for lines in owners.values())
                self._note("contested", lines[0], f"and {', '.join(map(self._said, lines[1:6]))}")
        found.people = sum(1 for _ in self._people.groups())
        self._tokens.close()
        self._people.close()
        total = sum(found.kinds.values())
        if total and self._counts["uuid"] > total * _SHARE_UUID:
            self._counts["wrong-column"], self._examples["wrong-column"] = self._counts["uuid"], self._uuids
        longest = max(self._lengths, default=0)
        if longest in _CUTS and self._lengths[longest] > max(1, total * _SHARE_CUT):
            self._counts["token-truncated"] = self._lengths[longest]
            self._examples["token-truncated"] = self._cut[longest]
        plan = self._source.plan
        if plan is not None:
            found.mapped = dict(plan.columns)
            used = mapping.used(plan)
            found.left_out = [column for column in self._source.columns if column not in used]
        found.notices = list(self._source.notices)
        for code, (level, title, cure) in findings.KNOWN.items():
            if count := self._counts[code]:
                examples = sorted(self._examples[code], key=lambda one: (one.file, one.line))[: findings.EXAMPLES]
                found.findings.append(findings.Finding(code, level, title, cure, count, examples))

    def _tell(self, code: str, row: Row, value: str) -> None:
        self._counts[code] += 1
        self._keep(self._examples[code], row, value)

    def _keep(self, examples: list[findings.Example], row: Row, value: str) -> None:
        if len(examples) < findings.EXAMPLES:
            shown = value.encode("utf-8", "replace").decode()
            examples.append(findings.Example(row.line, shown if len(shown) <= 80 else f"{shown[:60]}…", row.file))

    def _place(self, row: Row) -> int:
        """Return a row's file and line as one number."""
        if not self._files or self._files[-1] != row.file:
            self._files.append(row.file)
        return (len(self._files) - 1) * _LINES + row.line

    def _said(self, place: int) -> str:
        file, line = self._files[place // _LINES], place % _LINES
        return f"{file}:{line}" if file else f"line {line}"

    def _note(self, code: str, place: int, value: str) -> None:
        # The values themselves are not kept: digests come in no order, so the first lines are looked for among all.
        self._counts[code] += 1
        examples = self._examples[code]
        examples.append(findings.Example(place % _LINES, value, self._files[place // _LINES]))
        if len(examples) > 20 * findings.EXAMPLES:
            examples.sort(key=lambda one: (one.file, one.line))
            del examples[findings.EXAMPLES :]


def check(opened: source.Source, now: dt.datetime) -> findings.Checked:
    """Return what an open source is like, and close it."""
    return Check(opened, now).run()

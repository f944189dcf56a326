"""What a check of a source comes to: counts, and findings with examples, as text and JSON. As a page: `page`."""

from __future__ import annotations

from collections import Counter

import msgspec

EXAMPLES = 5


class Example(msgspec.Struct, omit_defaults=True):
    """Where a finding was met."""

    line: int
    value: str = ""
    file: str = ""


class Finding(msgspec.Struct, rename="camel"):
    """Something that is odd about rows: `error` where they cannot arrive as they are, `warning`, or `note`."""

    code: str
    level: str
    title: str
    cure: str
    count: int = 0
    examples: list[Example] = []


# code: level, title, cure. In the order in which they are told.
KNOWN: dict[str, tuple[str, str, str]] = {
    "wrong-column": ("error", "tokens that are UUIDs", "over 9 in 10 are: the column is another system's id, not the token; map another"),
    "broken-row": ("error", "rows that cannot be read", "mend them; an upload hands them back in a file"),
    "nothing-identifies": ("error", "rows that nothing identifies", "they need an external id, a push token, an e-mail or a phone number"),
    "token-broken": ("error", "tokens that are a description of bytes, {length=32, bytes=…}", "the bytes are gone; the app must register again"),
    "token-truncated": ("error", "tokens cut at the same length", "they were cut by a column that is too short; export them from where they are whole"),
    "token-spreadsheet": ("error", "tokens that a spreadsheet has changed", "export again, and do not open the file in a spreadsheet"),
    "external-id-long": ("error", "external ids over 255 characters", "shorten them"),
    "email-bad": ("error", "e-mail addresses that are none", "mend or empty them; their rows are rejected"),
    "phone-bad": ("error", "telephone numbers that are not international", "write the country's code, such as +380 67 123 4567; their rows are rejected"),
    "contested": ("warning", "tokens under several people", "each goes to the one seen with it last, or to the later row"),
    "external-id-empty": ("warning", "rows without an external id", "they are matched by token, e-mail or phone; name the column of ids, if there is one"),
    "sentinel": ("warning", "words that stand for no token", "they are left out: null, undefined, BLACKLISTED and such"),
    "token-encoded": ("warning", "tokens with %3A", "they were taken from an address: decode them to :"),
    "token-space": ("warning", "tokens with white space or quotation marks in them", "see how they were exported"),
    "token-odd-hex": ("warning", "hexadecimal tokens of odd length", "a digit is missing"),
    "platform-mismatch": ("warning", "APNs tokens under Android", "the platforms may be mixed up"),
    "token-gcm": ("warning", "tokens of GCM, which was switched off in 2019", "they are mostly dead"),
    "token-expo": ("warning", "tokens of Expo", "only Expo's own service takes them"),
    "token-url": ("warning", "tokens that are addresses", "web push cannot be sent to as a mobile token"),
    "stale-270": ("warning", "tokens not seen for over 270 days", "Android registrations of that age are expired"),
    "stale-60": ("note", "tokens not seen for 60 to 270 days", "Google calls them stale"),
    "seen-unknown": ("note", "tokens without a time of last activity", "map one, if the source has it"),
    "fcm-on-ios": ("note", "FCM tokens under iOS", "normal where the app uses Firebase"),
    "duplicate": ("note", "rows that repeat a token of the same person", "they become one"),
    "token-missing": ("note", "rows without a token", "they are uploaded for their e-mail, phone or id"),
    "passed-over": ("note", "rows that the mapping passes over", "see the preset or mapping"),
}  # fmt: skip


class Checked(msgspec.Struct, kw_only=True, rename="camel"):
    """What a source is like."""

    source: str
    rows: int = 0
    contacts: int = 0
    """Rows that would be sent."""
    people: int = 0
    """Different external ids."""
    tokens: int = 0
    """Different tokens."""
    emails: int = 0
    phones: int = 0
    kinds: Counter[str] = msgspec.field(default_factory=Counter)
    systems: Counter[str] = msgspec.field(default_factory=Counter)
    apps: Counter[str] = msgspec.field(default_factory=Counter)
    ages: Counter[str] = msgspec.field(default_factory=Counter)
    mapped: dict[str, str] = {}
    left_out: list[str] = []
    """Columns that nothing is made of."""
    notices: list[str] = []
    findings: list[Finding] = []
    stopped_by: str | None = None
    """Why the source could not be read to its end."""

    @property
    def errors(self) -> bool:
        """Tell whether rows cannot arrive as they are."""
        return self.stopped_by is not None or any(one.level == "error" for one in self.findings)

    def text(self) -> str:
        """Return it as lines for people."""
        lines = [
            self.source,
            f"  {self.rows:,} rows, {self.contacts:,} to send; {self.people:,} people, {self.tokens:,} tokens, "
            f"{self.emails:,} e-mail addresses, {self.phones:,} phones",
        ]
        for name, counts in (
            ("kinds", self.kinds),
            ("systems", self.systems),
            ("apps", self.apps),
            ("ages", self.ages),
        ):
            if counts:
                lines.append(f"  {name:<9}{', '.join(f'{word} {count:,}' for word, count in counts.most_common(10))}")
        if self.left_out:
            lines.append(f"  columns that are left out: {', '.join(self.left_out)}")
        lines += [f"  {notice}" for notice in self.notices]
        for found in self.findings:
            lines.append(f"{found.level:<8}{found.count:>10,}  {found.title}: {found.cure}")
            for one in found.examples:
                place = f"{one.file}:{one.line}" if one.file else f"line {one.line}"
                lines.append(f"{'':20}{place}  {one.value}".rstrip())
        if self.stopped_by:
            lines.append(f"error   {self.stopped_by}")
        elif not self.findings:
            lines.append("nothing is odd")
        return "\n".join(lines)

"""The settings: flags over environment over defaults. Names are documented in docs/reference/settings.md."""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Mapping
from email import errors, headerregistry, utils
from pathlib import Path

import msgspec

from tokenbase.contract import problems

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_EVERYWHERE: tuple[Network, ...] = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))


class BadSetting(problems.TokenbaseError):
    """A setting has a value that cannot be used."""

    code = 703


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be set. Each has an environment variable, and a flag of the same name."""

    database_url: str | None = None
    """DATABASE_URL: an own PostgreSQL 15 or newer; the embedded one where it is not set."""
    listen: str = "127.0.0.1:8080"
    """TOKENBASE_LISTEN: host and port; port 0 takes any free one."""
    data_dir: Path = Path(".tokenbase")
    """TOKENBASE_DATA_DIR: where the embedded PostgreSQL and the secret are kept."""
    secret_key: str | None = None
    """TOKENBASE_SECRET_KEY: encrypts credentials at rest; made and kept in the data directory where it is not set."""
    connections: int = 12
    """TOKENBASE_CONNECTIONS: the most database connections of a server, beside two for each bulk request at a time and
    seven for imports by link."""
    imports: int = 2
    """TOKENBASE_IMPORTS: bulk requests worked on at the same time, each in a process of its own."""

    public_url: str | None = None
    """TOKENBASE_PUBLIC_URL: the address that people reach the server at; its own where it is not set."""
    mail_from: str = "Tokenbase <tokenbase@localhost>"
    """TOKENBASE_MAIL_FROM: the sender of mails; required with an SMTP server."""
    smtp_host: str | None = None
    """TOKENBASE_SMTP_HOST: the server that takes mails; files in the data directory where it is not set."""
    smtp_port: int | None = None
    """TOKENBASE_SMTP_PORT: 587, or with tls 465, or with none 25, where it is not set."""
    smtp_security: str = "starttls"
    """TOKENBASE_SMTP_SECURITY: starttls, tls or none."""
    smtp_user: str | None = None
    """TOKENBASE_SMTP_USER: whom to log in as; nobody where it is not set."""
    smtp_password: str | None = None
    """TOKENBASE_SMTP_PASSWORD: the password that goes with it."""

    rate_limits: str = "on"
    """TOKENBASE_RATE_LIMITS: on, off, or own numbers of requests a second for one key."""
    private_links: str = "refuse"
    """TOKENBASE_PRIVATE_LINKS: refuse, allow, or the networks that links may lead to beside public addresses."""
    link_megabytes: int = 1_024
    """TOKENBASE_LINK_MEGABYTES: the largest CSV that is fetched from a link, unpacked."""

    @property
    def open_networks(self) -> tuple[Network, ...]:
        """Return the networks that links may lead to though they are not public.

        Raises BadSetting for anything but refuse, allow and networks separated by commas.
        """
        if self.private_links in ("refuse", "allow"):
            return _EVERYWHERE if self.private_links == "allow" else ()
        found = []
        for part in self.private_links.split(","):
            try:
                found.append(ipaddress.ip_network(part.strip()))
            except ValueError:
                raise BadSetting(
                    f'TOKENBASE_PRIVATE_LINKS has "{part.strip()}": write refuse, allow, or networks such as '
                    '"10.1.0.0/16, 192.168.1.5"'
                ) from None
        return tuple(found)

    @property
    def rates(self) -> dict[str, int]:
        """Return the rates that stand in place of the contract's, by address; `*` is for all that are not named.

        Raises BadSetting for anything but on, off and ADDRESS=NUMBER, separated by commas.
        """
        if self.rate_limits in ("on", "off"):
            return {} if self.rate_limits == "on" else {"*": 0}
        found = {}
        for part in self.rate_limits.split(","):
            name, equals, number = (piece.strip() for piece in part.partition("="))
            if not (name and equals and number.isascii() and number.isdigit()) or len(number) > 9:
                raise BadSetting(
                    f'TOKENBASE_RATE_LIMITS has "{part.strip()}": write on, off, or such as '
                    '"*=400, GET /api/v1/contacts=100", where 0 is no limit'
                )
            found[" ".join(name.split())] = int(number)
        return found

    @property
    def sender(self) -> headerregistry.Address:
        """Return the sender of mails. Raises BadSetting for what is no address."""
        name, address = utils.parseaddr(self.mail_from)
        try:
            found = headerregistry.Address(name, addr_spec=address)
        except (ValueError, errors.MessageError):
            found = headerregistry.Address()
        if not (found.username and found.domain and self.mail_from.isprintable()):
            raise BadSetting(f'TOKENBASE_MAIL_FROM is "{self.mail_from}": write Shop <news@example.com>')
        return found

    @property
    def address(self) -> tuple[str, int]:
        """Return host and port to listen on. Raises BadSetting for anything but HOST:PORT."""
        host, colon, port = self.listen.rpartition(":")
        if not (colon and port.isascii() and port.isdigit()) or int(port) > 65_535:
            raise BadSetting(f'TOKENBASE_LISTEN is "{self.listen}": write HOST:PORT, such as 127.0.0.1:8080')
        return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 - asked for by leaving the host out


SMTP_PORTS = {"starttls": 587, "tls": 465, "none": 25}
"""The ways to secure SMTP, and the usual port of each."""
_PUBLIC_URL = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+(/[A-Za-z0-9._~/-]*)?")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

VARIABLES = {
    "database_url": "DATABASE_URL",
    "listen": "TOKENBASE_LISTEN",
    "data_dir": "TOKENBASE_DATA_DIR",
    "secret_key": "TOKENBASE_SECRET_KEY",
    "connections": "TOKENBASE_CONNECTIONS",
    "imports": "TOKENBASE_IMPORTS",
    "rate_limits": "TOKENBASE_RATE_LIMITS",
    "private_links": "TOKENBASE_PRIVATE_LINKS",
    "link_megabytes": "TOKENBASE_LINK_MEGABYTES",
    "public_url": "TOKENBASE_PUBLIC_URL",
    "mail_from": "TOKENBASE_MAIL_FROM",
    "smtp_host": "TOKENBASE_SMTP_HOST",
    "smtp_port": "TOKENBASE_SMTP_PORT",
    "smtp_security": "TOKENBASE_SMTP_SECURITY",
    "smtp_user": "TOKENBASE_SMTP_USER",
    "smtp_password": "TOKENBASE_SMTP_PASSWORD",
}
SECRET = frozenset({"database_url", "secret_key", "smtp_password"})
"""These may come from a file, named by the variable with _FILE behind it."""
OTHERS = frozenset({"TOKENBASE_POSTGRES_BIN", "TOKENBASE_URL", "TOKENBASE_KEY"})
"""Variables that are read elsewhere: by the embedded PostgreSQL, and by the client's verbs."""


def load(environ: Mapping[str, str], **flags: object) -> Settings:
    """Return the settings; a flag that is None was not given. Raises BadSetting with what would be right."""
    values: dict[str, object] = {}
    for name, variable in VARIABLES.items():
        if flags.get(name) is not None:
            values[name] = flags[name]
        elif text := environ.get(variable):
            values[name] = text
        elif name in SECRET and (file := environ.get(f"{variable}_FILE")):
            try:
                values[name] = Path(file).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as fault:
                raise BadSetting(f"{variable}_FILE names {file}, which cannot be read: {fault}") from fault
    for name in SECRET & values.keys():
        if not values[name]:
            # An empty URL would be the driver's default server, an empty secret no secret.
            raise BadSetting(f"{VARIABLES[name]} is empty: give it a value, or leave it out")
    for name, least in (("connections", 7), ("imports", 1), ("link_megabytes", 1), ("smtp_port", 1)):
        if name in values:
            values[name] = _number(VARIABLES[name], str(values[name]), least)
    if "data_dir" in values:
        values["data_dir"] = Path(os.fspath(values["data_dir"]))  # type: ignore[call-overload]
    chosen = msgspec.convert(values, Settings)
    _ = chosen.address, chosen.rates, chosen.open_networks, chosen.sender
    _check_mail(chosen)
    return chosen


def _check_mail(chosen: Settings) -> None:
    if chosen.public_url is not None and not _PUBLIC_URL.fullmatch(chosen.public_url):
        raise BadSetting(f'TOKENBASE_PUBLIC_URL is "{chosen.public_url}": write such as https://tokens.example.com')
    if chosen.smtp_security not in SMTP_PORTS:
        raise BadSetting(f'TOKENBASE_SMTP_SECURITY is "{chosen.smtp_security}": write starttls, tls or none')
    if (chosen.smtp_port or 1) > 65_535:
        raise BadSetting(f"TOKENBASE_SMTP_PORT is {chosen.smtp_port}: a port is at most 65535")
    if (chosen.smtp_user is None) != (chosen.smtp_password is None):
        raise BadSetting("TOKENBASE_SMTP_USER and TOKENBASE_SMTP_PASSWORD go together: set both or none")
    if chosen.smtp_host is None:
        return
    if chosen.mail_from == Settings().mail_from:
        raise BadSetting("TOKENBASE_SMTP_HOST needs TOKENBASE_MAIL_FROM: write Shop <news@example.com>")
    if chosen.smtp_user is not None and chosen.smtp_security == "none" and chosen.smtp_host not in _LOOPBACK:
        raise BadSetting("TOKENBASE_SMTP_SECURITY is none: a password is sent over starttls or tls only")


def strangers(environ: Mapping[str, str]) -> list[str]:
    """Return a warning for each variable TOKENBASE_… that nothing reads, with the name that may have been meant."""
    known = {*VARIABLES.values(), *OTHERS, *(f"{VARIABLES[name]}_FILE" for name in SECRET)}
    warnings = []
    for name in sorted(environ):
        if name.startswith("TOKENBASE_") and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            warnings.append(f"{name} is no setting" + (f"; did you mean {near[0]}?" if near else ""))
    return warnings


def _number(variable: str, text: str, least: int) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) < least:
        raise BadSetting(f'{variable} is "{text}": write a whole number of at least {least}')
    return int(text)

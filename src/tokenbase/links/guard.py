"""Where links may lead: to public addresses and to those that the operator opened, and to no other by any trick.

A name is resolved once, every address it stands for is looked at, and the connection goes to an address that was looked
at: a name that says something else a moment later gains nothing.
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading
from collections.abc import Callable, Sequence

from tokenbase.jobs import worker
from tokenbase.ops import settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Lookup = Callable[[str, int], list[str]]
"""Returns the addresses that a host's name stands for, as texts. Raises socket.gaierror."""

LOOKUP_SECONDS = 15.0

_NEVER_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in ("192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48", "2001::/23", "5f00::/16", "fec0::/10")
)
"""What older Pythons take for public: protocols' own addresses, relays, translations of private networks."""
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE = ipaddress.ip_network("::/96")


def lookup(host: str, port: int) -> list[str]:
    """Ask the system what a name stands for; numbers, in whatever notation, stand for themselves."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def addresses(
    host: str, port: int, opened: Sequence[settings.Network], ask: Lookup, check: Callable[[], None]
) -> list[str]:
    """Return the addresses to connect to for a host. `check` is called each second of waiting, and may raise.

    Raises Failed where there are none or one of them is not to be reached, Passing where the name service gives no
    answer.
    """
    try:
        found = _within(LOOKUP_SECONDS, lambda: ask(host, port), check)
    except TimeoutError:
        raise worker.Passing(
            f"the name service did not answer for {host} within {LOOKUP_SECONDS:.0f} seconds"
        ) from None
    except socket.gaierror as fault:
        if fault.errno in (socket.EAI_AGAIN, socket.EAI_FAIL):
            raise worker.Passing(f"the name service does not answer for {host}") from None
        raise worker.Failed(f"there is no host {host}") from None
    except (OSError, UnicodeError):
        raise worker.Failed(f"there is no host {host}") from None
    for text in found:
        if not allowed(text, opened):
            # Not which one: that would tell strangers what names mean inside the operator's network.
            raise worker.Failed(
                f"{host} leads to an address that is not public; the server's operator can allow it by the setting "
                "TOKENBASE_PRIVATE_LINKS"
            )
    if not found:
        raise worker.Failed(f"there is no host {host}")
    return found


def allowed(text: str, opened: Sequence[settings.Network]) -> bool:
    """Tell whether an address may be connected to, whatever it is written as."""
    try:
        # A zone names one of this machine's own networks.
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return all(_public(one) or _open(one, opened) for one in _meant(address))


def _open(address: Address, opened: Sequence[settings.Network]) -> bool:
    return any(address in network for network in opened if network.version == address.version)


def _meant(address: Address) -> list[Address]:
    """Return the address, or those of the old kind that it stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    last = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _TRANSLATED:
        return [last]
    if address.sixtofour is not None:
        return [address, address.sixtofour]
    if address.teredo is not None:
        return [address, *address.teredo]
    if address in _COMPATIBLE and int(address) > 1:
        return [address, last]
    return [address]


def _public(address: Address) -> bool:
    if address.is_multicast or address.is_reserved or address.is_unspecified or not address.is_global:
        return False
    return not any(address in network for network in _NEVER_PUBLIC if network.version == address.version)


def _within(seconds: float, ask: Callable[[], list[str]], check: Callable[[], None]) -> list[str]:
    """Return what is asked for. Raises TimeoutError; the system's own question cannot be broken off, so it is left."""
    answers: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

    def answer() -> None:
        try:
            answers.put(ask())
        except Exception as fault:
            answers.put(fault)

    threading.Thread(target=answer, daemon=True).start()
    for _ in range(int(seconds)):
        check()
        try:
            found = answers.get(timeout=1)
        except queue.Empty:
            continue
        if isinstance(found, Exception):
            raise found
        return found
    raise TimeoutError

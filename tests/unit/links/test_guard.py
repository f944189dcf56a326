"""Where links may lead: every notation of every private address is seen through, and a name is asked for once."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from filehost import Host
from tokenbase.jobs import worker
from tokenbase.links import fetching, guard

MEGABYTE = 1024 * 1024
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.215.14", "2606:2800:21f::1", "64:ff9b::1.1.1.1", "::ffff:1.1.1.1"]
)
def test_public_addresses_may_be_reached(address: str) -> None:
    assert guard.allowed(address, ())


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.255.0.1", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1"),
        *("169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.0.9", "192.0.2.1", "192.88.99.1", "198.18.0.1"),
        *("198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1", "::10.0.0.1"),
        *("64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1", "100::1"),
        *("2001:0:a9fe:a9fe::1", "2001::1", "5f00::1", "4000::1", "nonsense", ""),
    ],
)  # fmt: skip
def test_no_other_address_may_whatever_it_is_written_as(address: str) -> None:
    assert not guard.allowed(address, ())


def test_the_operator_opens_networks_and_no_more() -> None:
    opened = (ipaddress.ip_network("10.1.0.0/16"), ipaddress.ip_network("fd12::/16"))
    assert guard.allowed("10.1.2.3", opened)
    assert guard.allowed("::ffff:10.1.2.3", opened)
    assert guard.allowed("fd12::1", opened)
    assert not guard.allowed("10.2.0.1", opened)
    assert not guard.allowed("fd13::1", opened)
    assert not guard.allowed("::ffff:10.2.0.1", opened)


def nothing() -> None:
    pass


def test_one_private_address_among_public_ones_refuses_the_name() -> None:
    with pytest.raises(worker.Failed, match="not public") as told:
        guard.addresses("x.example", 80, (), lambda host, port: ["1.1.1.1", "10.0.0.7"], nothing)
    assert "10.0.0.7" not in str(told.value)
    assert guard.addresses("x.example", 80, (), lambda host, port: ["1.1.1.1", "2606:2800:21f::1"], nothing) == [
        "1.1.1.1", "2606:2800:21f::1",
    ]  # fmt: skip


def test_a_name_that_changes_its_mind_is_asked_once_and_the_checked_address_is_connected_to() -> None:
    right, wrong = Host("127.0.0.2"), Host("127.0.0.3")
    port = right.server_address[1]
    right.file("/x.csv", "user_id\nu-1\n")
    answers = ["127.0.0.2", "127.0.0.3"]
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return [answers[len(asked) - 1]]

    kept = fetching.fetch(
        f"http://files.example:{port}/x.csv", (ipaddress.ip_network("127.0.0.2"),), MEGABYTE, nothing, rebinding
    )
    assert kept.read() == b"user_id\nu-1\n"
    kept.close()
    assert asked == ["files.example"]
    assert [headers["host"] for _, headers in right.visits] == [f"files.example:{port}"]
    assert wrong.visits == []
    right.close()
    wrong.close()


def test_a_redirect_back_to_the_same_name_is_checked_again() -> None:
    host = Host("127.0.0.2")
    port = host.server_address[1]
    # Not the same connection: the first is closed by the answer.
    host.page("/x.csv", lambda visit: visit.answer(302, Location="/y.csv"))
    host.file("/y.csv", "user_id\nu-1\n")
    answers = [["127.0.0.2"], ["127.0.0.1"]]
    with pytest.raises(worker.Failed, match="not public"):
        fetching.fetch(
            f"http://files.example:{port}/x.csv",
            (ipaddress.ip_network("127.0.0.2"),),
            MEGABYTE,
            nothing,
            lambda host, port: answers.pop(0),
        )
    assert [path for path, _ in host.visits] == ["/x.csv"]
    host.close()


def test_the_second_address_is_tried_where_the_first_does_not_answer() -> None:
    host = Host("127.0.0.2")
    host.file("/x.csv", "user_id\nu-1\n")
    link = f"http://files.example:{host.server_address[1]}/x.csv"
    kept = fetching.fetch(link, LOOPBACK, MEGABYTE, nothing, lambda host, port: ["127.0.0.9", "127.0.0.2"])
    assert kept.read() == b"user_id\nu-1\n"
    kept.close()
    host.close()


@pytest.fixture
def certified(tmp_path: Path) -> Iterator[tuple[Host, Path]]:
    """A host with TLS for the name files.example, and the file of its certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "files.example")])
    began = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, began, began + dt.timedelta(days=9))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("files.example")]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
    file = tmp_path / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    signed = builder.sign(key, hashes.SHA256())
    file.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    opened = Host()
    opened.socket = context.wrap_socket(opened.socket, server_side=True)
    yield opened, file
    opened.close()


def test_a_certificate_is_checked_by_the_name_though_the_address_is_connected_to(
    certified: tuple[Host, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    host, file = certified
    host.file("/x.csv", "user_id\nu-1\n")
    port = host.server_address[1]

    def fetch(name: str) -> bytes:
        with fetching.fetch(f"https://{name}:{port}/x.csv", LOOPBACK, MEGABYTE, nothing, to_loopback) as kept:
            return kept.read()

    with pytest.raises(worker.Passing, match="CERTIFICATE_VERIFY_FAILED"):
        fetch("files.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    assert fetch("files.example") == b"user_id\nu-1\n"
    with pytest.raises(worker.Passing, match="CERTIFICATE_VERIFY_FAILED"):
        fetch("other.example")


def to_loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    host, proxy = Host(), Host()
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)
    kept = fetching.fetch(host.file("/x.csv", "user_id\nu-1\n"), LOOPBACK, MEGABYTE, nothing)
    kept.close()
    assert (len(host.visits), proxy.visits) == (1, [])
    host.close()
    proxy.close()


@pytest.mark.parametrize(
    ("errno", "kind", "told"),
    [
        (socket.EAI_NONAME, worker.Failed, "there is no host x.example"),
        (socket.EAI_AGAIN, worker.Passing, "the name service does not answer for x.example"),
    ],
)
def test_a_name_that_is_none_fails_and_a_silent_name_service_may_pass(
    errno: int, kind: type[Exception], told: str
) -> None:
    def ask(host: str, port: int) -> list[str]:
        raise socket.gaierror(errno, "no")

    with pytest.raises(kind, match=told):
        guard.addresses("x.example", 80, (), ask, nothing)


def test_a_name_service_that_hangs_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "LOOKUP_SECONDS", 1.0)
    let_go = threading.Event()
    with pytest.raises(worker.Passing, match="did not answer"):
        guard.addresses("x.example", 80, (), lambda host, port: [str(let_go.wait(30))], nothing)
    let_go.set()


def test_a_host_that_drips_is_left_when_the_time_is_over() -> None:
    host = Host()
    let_go = threading.Event()

    def drip(visit: object) -> None:
        while not let_go.wait(0.1):
            visit.wfile.write(b"H")  # type: ignore[attr-defined]
            visit.wfile.flush()  # type: ignore[attr-defined]

    link = host.page("/x.csv", drip)
    with pytest.raises(worker.Passing, match="did not arrive within|cannot be fetched"):
        fetching.fetch(link, LOOPBACK, MEGABYTE, nothing, seconds=1.5)
    let_go.set()
    host.close()


def test_a_fetch_ends_within_a_second_when_the_server_does() -> None:
    host = Host()
    let_go, stop = threading.Event(), threading.Event()
    link = host.page("/x.csv", lambda visit: let_go.wait(30) and None)

    def check() -> None:
        if stop.is_set():
            raise worker.Stopping

    threading.Timer(0.5, stop.set).start()
    with pytest.raises(worker.Stopping):
        fetching.fetch(link, LOOPBACK, MEGABYTE, check)
    let_go.set()
    host.close()

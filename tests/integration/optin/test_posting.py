"""Mails from the outbox to a mail server: over SMTP as it really is, through refusals, kills and other processes."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from email import headerregistry
from pathlib import Path

import msgspec
import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mailhost import Host, files, link, until
from server import Account, Server
from tokenbase.accounts import accounts
from tokenbase.contract import subscriptions
from tokenbase.optin import carriers, outbox, posting, subscribing
from tokenbase.store import database

NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
SENDER = headerregistry.Address("Shop", "news", "shop.example")


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> dt.datetime:
        return self.now


def ask(base: database.Database, account_id: int, email: str, now: dt.datetime = NOW) -> int:
    raw = msgspec.Raw(msgspec.json.encode({"channels": [{"type": "email", "value": email}]}))
    return subscribing.subscribe(base, account_id, subscriptions.SubscribeRequest(contact=raw), lambda: now).id


def state(base: database.Database) -> list[tuple[str, int, dt.datetime, str | None]]:
    with base.transaction() as conn:
        return [
            (row[0], row[1], row[2], row[3])
            for row in conn.execute(
                b"SELECT state, attempts, due_at, last_error FROM confirmation_mail ORDER BY account_id, id"
            )
        ]


def post(carrier: carriers.Carrier) -> posting.Post:
    return posting.Post(carrier=carrier, sender=SENDER, public_url="https://t.example", secret=lambda: "secret")


def smtp(port: int, **more: str | None) -> carriers.Smtp:
    values: dict[str, str | None] = {"security": "none", "user": None, "password": None, **more}
    return carriers.Smtp(host="127.0.0.1", port=port, **values)  # type: ignore[arg-type]


@pytest.fixture
def account_id(base: database.Database) -> int:
    return accounts.create(base, "Shop", "owner@b.co", NOW)


@pytest.fixture
def host() -> Iterator[Host]:
    made = Host()
    yield made
    made.close()


def test_a_mail_is_sent_once_to_its_address_alone(base: database.Database, account_id: int, host: Host) -> None:
    ask(base, account_id, "ann@b.co")
    assert posting._next(base, post(smtp(host.port)), lambda: NOW) == 0
    assert posting._next(base, post(smtp(host.port)), lambda: NOW) == posting.IDLE_SECONDS
    (mail,) = host.mails
    assert host.envelopes == [("news@shop.example", ["ann@b.co"])]
    assert (mail["From"], mail["To"]) == ("Shop <news@shop.example>", "ann@b.co")
    assert link(mail).startswith("https://t.example/confirm/")
    assert state(base)[0][0] == "sent"


def test_what_fails_for_now_is_tried_again_after_growing_waits_and_given_up_in_the_end(
    base: database.Database, account_id: int
) -> None:
    host = Host(answers=("451 ann@b.co try later",) * 100)
    clock = Clock()
    ask(base, account_id, "ann@b.co")
    waits = []
    for attempt in range(1, len(outbox.WAITS) + 2):
        assert posting._next(base, post(smtp(host.port)), clock) == posting.FAULT_SECONDS
        ((now_state, attempts, due_at, error),) = state(base)
        assert (attempts, error) == (attempt, "OSError: 451 … try later")
        if now_state == "waiting":
            waits.append(due_at - clock.now)
            clock.now = due_at - dt.timedelta(seconds=1)
            assert posting._next(base, post(smtp(host.port)), clock) == posting.IDLE_SECONDS
            clock.now = due_at
    assert now_state == "failed"
    assert waits == sorted(set(waits)) == list(outbox.WAITS)
    host.close()


def test_what_is_refused_for_good_is_not_tried_again(base: database.Database, account_id: int) -> None:
    host = Host(answers=("550 no such user",))
    ask(base, account_id, "ann@b.co")
    assert posting._next(base, post(smtp(host.port)), lambda: NOW) == 0
    assert [(row[0], row[3]) for row in state(base)] == [("failed", "Refused: 550 no such user")]
    host.close()


@pytest.mark.parametrize("kind", ["nobody listens", "silent"])
def test_a_server_that_is_away_costs_an_attempt_and_no_mail(
    base: database.Database, account_id: int, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carriers, "SECONDS", 0.5)
    ask(base, account_id, "ann@b.co")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if kind == "silent":
            listener.listen()
        assert posting._next(base, post(smtp(listener.getsockname()[1])), lambda: NOW) == posting.FAULT_SECONDS
    ((now_state, attempts, due_at, _),) = state(base)
    assert (now_state, attempts, due_at) == ("waiting", 1, NOW + outbox.WAITS[0])


def test_a_claimed_mail_is_nobody_elses_until_its_lease_ends(base: database.Database, account_id: int) -> None:
    ask(base, account_id, "ann@b.co")
    first = outbox.claim(base, NOW)
    assert first is not None
    assert outbox.claim(base, NOW + outbox.LEASE - dt.timedelta(seconds=1)) is None
    second = outbox.claim(base, NOW + outbox.LEASE)
    assert second is not None
    assert (second.id, second.attempts) == (first.id, 2)
    # The first one wakes up too late to say anything.
    outbox.finish(base, first, "failed", "late", NOW)
    assert outbox.postpone(base, first, "late", NOW)
    assert [(row[0], row[3]) for row in state(base)] == [("waiting", None)]
    outbox.finish(base, second, "sent", None, NOW)
    assert state(base)[0][0] == "sent"


def test_many_processes_send_each_mail_once(base: database.Database, account_id: int, host: Host) -> None:
    for number in range(30):
        ask(base, account_id, f"a{number}@b.co")
    stopping = threading.Event()
    workers = [
        threading.Thread(target=posting.keep, args=(base, post(smtp(host.port)), lambda: NOW, stopping))
        for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    until(lambda: len(host.mails) >= 30)
    time.sleep(0.5)
    stopping.set()
    for worker in workers:
        worker.join()
    assert sorted(mail["To"] for mail in host.mails) == sorted(f"a{number}@b.co" for number in range(30))
    assert {row[:2] for row in state(base)} == {("sent", 1)}


def certificate(directory: Path) -> ssl.SSLContext:
    """What a mail server on loopback shows, and `authority.pem` to trust it by."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = made.public_bytes(serialization.Encoding.PEM)
    (directory / "authority.pem").write_bytes(pem)
    plain = serialization.NoEncryption()
    text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (directory / "key.pem").write_bytes(text)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "authority.pem", directory / "key.pem")
    return context


def test_starttls_is_insisted_on_checked_and_logged_in_over(
    base: database.Database, account_id: int, host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secured = Host(context=certificate(tmp_path), login=True)
    clock = Clock()
    ask(base, account_id, "ann@b.co")
    # A server without it gets nothing, one with a certificate that nobody vouches for neither, nor the password.
    for port in (host.port, secured.port):
        carrier = smtp(port, security="starttls", user="shop", password="right")
        assert posting._next(base, post(carrier), clock) == posting.FAULT_SECONDS
        clock.now = state(base)[0][2]
    assert host.mails == secured.mails == secured.logins == []
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    wrong = smtp(secured.port, security="starttls", user="shop", password="wrong")
    assert posting._next(base, post(wrong), clock) == posting.FAULT_SECONDS
    assert "wrong" not in str(state(base)[0][3])
    clock.now = state(base)[0][2]
    carrier = smtp(secured.port, security="starttls", user="shop", password="right")
    assert posting._next(base, post(carrier), clock) == 0
    assert secured.secured == [True]
    assert secured.logins[-1] == ("shop", "right")
    secured.close()


def test_the_same_mail_again_takes_the_place_of_its_file(
    base: database.Database, account_id: int, tmp_path: Path
) -> None:
    ask(base, account_id, "ann@b.co")
    directory = carriers.Directory(tmp_path / "mail")
    for _ in range(2):
        posting._next(base, post(directory), lambda: NOW)
        with base.transaction() as conn:
            conn.execute(b"UPDATE confirmation_mail SET state = 'waiting', due_at = %s", (NOW,))
    assert [mail["To"] for mail in files(tmp_path)] == ["ann@b.co"]
    (written,) = (tmp_path / "mail").iterdir()
    assert written.stat().st_mode & 0o777 == 0o600


def test_a_mail_outlives_a_server_that_is_killed_before_and_while_it_is_sent(database_url: str, tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        environ = {
            "TOKENBASE_SMTP_HOST": "127.0.0.1",
            "TOKENBASE_SMTP_PORT": str(silent.getsockname()[1]),
            "TOKENBASE_SMTP_SECURITY": "none",
            "TOKENBASE_MAIL_FROM": "Shop <news@shop.example>",
            "TOKENBASE_PUBLIC_URL": "https://t.example/base/",
        }
        server = Server(tmp_path / "log", database_url=database_url, **environ)
        account: Account = server.account()
        body = {"contact": {"channels": [{"type": "email", "value": "kill@b.co"}]}}
        began = time.monotonic()
        assert account.post("/api/v1/contact/subscribe", json=body).status_code == 200
        # The mail server says nothing, and the request did not wait for it.
        assert time.monotonic() - began < 5
        until(lambda: account.rows("SELECT attempts FROM confirmation_mail WHERE account_id = %s") == [(1,)])
        server.kill()
    assert account.rows("SELECT state FROM confirmation_mail WHERE account_id = %s") == [("waiting",)]
    with psycopg.connect(database_url) as conn:
        # Nobody waits three minutes here.
        conn.execute(b"UPDATE confirmation_mail SET due_at = %s", (dt.datetime.now(dt.UTC),))
    host = Host()
    server.environ["TOKENBASE_SMTP_PORT"] = str(host.port)
    server.start()
    until(lambda: host.mails)
    until(lambda: account.rows("SELECT state FROM confirmation_mail WHERE account_id = %s") == [("sent",)])
    assert host.mails[0]["To"] == "kill@b.co"
    assert link(host.mails[0]).startswith("https://t.example/base/confirm/")
    assert "kill@b.co" not in server.log.read_text()
    assert server.stop() == 0
    host.close()

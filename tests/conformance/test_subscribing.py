"""Contract 5, `POST /contact/subscribe`: new contacts unconfirmed, events, a mail with a link, a page with a button."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import re
from typing import Any

import httpx2
import psycopg
import pytest

from mailhost import link, mail_to, until
from server import Account, Server
from tokenbase.contacts import identity
from tokenbase.ops import secret, settings
from tokenbase.optin import links


def contact(email: str, **more: Any) -> dict[str, Any]:
    return {"channels": [{"type": "email", "value": email}], **more}


def subscribe(account: Account, email: str, form: dict[str, Any] | None = None, **more: Any) -> int:
    """The id of who subscribed."""
    response = account.post("/api/v1/contact/subscribe", json={"contact": contact(email, **more), **(form or {})})
    assert response.status_code == 200, response.text
    assert "warnings" not in response.json()
    return int(response.json()["id"])


def status(account: Account, contact_id: int) -> str:
    return str(account.get(f"/api/v1/contact/{contact_id}").json()["channels"][0]["status"])


def events(account: Account, contact_id: int) -> list[tuple[str, str, dict[str, Any]]]:
    told = account.get(f"/api/v1/contact/{contact_id}/export").json()["events"]
    return [(event["eventTypeKey"], event["keyValue"], event["params"]) for event in told]


def mails(account: Account) -> list[tuple[Any, ...]]:
    return account.rows("SELECT contact_id, state FROM confirmation_mail WHERE account_id = %s ORDER BY id")


def test_who_subscribes_is_unconfirmed_until_the_button_in_the_mails_page_is_pressed(account: Account) -> None:
    one = subscribe(account, "Ann.One@b.co", {"groups": ["News", {"name": "Sales"}], "formType": "footer"})
    assert status(account, one) == "unconfirmed"
    groups = account.get(f"/api/v1/contact/{one}").json()["groups"]
    assert [group["name"] for group in groups] == ["News", "Sales"]
    assert events(account, one) == [
        ("subscribeFromApi-footer", "Ann.One@b.co", {"ContactId": one, "EmailAddress": "Ann.One@b.co"})
    ]
    mail = mail_to(account, "Ann.One@b.co")
    assert mail["Subject"] == "Please confirm your e-mail address for Test"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "text/plain"
    url = link(mail)
    assert url.startswith(f"{account.server.url}/confirm/")

    for _ in range(2):
        asked = httpx2.get(url)
        assert (asked.status_code, asked.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "Ann.One@b.co" in asked.text
        assert '<form method="post"><button' in asked.text
    assert httpx2.head(url).status_code == 200
    assert status(account, one) == "unconfirmed"

    done = httpx2.post(url)
    assert (done.status_code, "Thank you" in done.text) == (200, True)
    assert status(account, one) == "confirmed"
    again = httpx2.post(url)
    assert (again.status_code, "Already confirmed" in again.text, "<form" in again.text) == (200, True, False)
    assert "Already confirmed" in httpx2.get(url).text
    assert mails(account) == [(one, "sent")]


def test_a_known_contact_is_updated_and_asked_only_while_its_address_is_not_confirmed(account: Account) -> None:
    account.upload({"externalCustomerId": "u-1", **contact("known@b.co")})
    known = account.contact("u-1")["id"]
    assert subscribe(account, "KNOWN@b.co", {"formType": " "}, firstName="Ann") == known
    assert account.contact("u-1")["firstName"] == "Ann"
    assert status(account, known) == "confirmed"
    assert [event[0] for event in events(account, known)] == ["contactCreated", "subscribeUpdateFromApi"]
    assert mails(account) == []

    assert subscribe(account, "other@b.co", {"formType": "x"}, externalCustomerId="u-1") == known
    assert status(account, known) == "unconfirmed"
    assert events(account, known)[-1] == (
        "subscribeUpdateFromApi-x", "other@b.co", {"ContactId": known, "EmailAddress": "other@b.co"},
    )  # fmt: skip
    assert mail_to(account, "other@b.co")


def test_an_import_does_not_confirm_an_address_that_waits(account: Account) -> None:
    one = subscribe(account, "waits@b.co")
    account.upload(contact("waits@b.co", firstName="Ann"), dedupe_on="email")
    assert status(account, one) == "unconfirmed"


def test_a_contact_without_an_address_subscribes_without_a_mail(account: Account) -> None:
    sent = {"contact": {"channels": {"type": "sms", "value": "+380671234567"}}}
    one = account.post("/api/v1/contact/subscribe", json=sent).json()["id"]
    assert events(account, one) == [("subscribeFromApi", "380671234567", {"ContactId": one, "EmailAddress": ""})]
    assert mails(account) == []


def test_unsubscribed_stays_so_until_the_owner_confirms_anew(account: Account) -> None:
    one = subscribe(account, "back@b.co")
    first = link(mail_to(account, "back@b.co"))
    assert "Thank you" in httpx2.post(first).text
    account.post("/api/v1/emails/unsubscribed/add", json={"emails": ["back@b.co"]})
    # What was confirmed before they unsubscribed brings nothing back.
    old = httpx2.post(first)
    assert (old.status_code, "unsubscribed after" in old.text) == (410, True)
    assert status(account, one) == "unsubscribed"

    age(account, dt.timedelta(minutes=11))
    assert subscribe(account, "back@b.co") == one
    assert status(account, one) == "unsubscribed"
    fresh = link(mail_to(account, "back@b.co", 2))
    assert httpx2.get(fresh).status_code == 200
    assert status(account, one) == "unsubscribed"
    assert "Thank you" in httpx2.post(fresh).text
    assert status(account, one) == "confirmed"

    # Said again, it stands above every link that was asked for earlier.
    account.post("/api/v1/emails/unsubscribed/add", json={"emails": ["back@b.co"]})
    assert httpx2.post(fresh).status_code == 410
    assert status(account, one) == "unsubscribed"


def age(account: Account, by: dt.timedelta) -> None:
    """Let the mails of an account have been asked for earlier."""
    assert account.server.database_url is not None
    with psycopg.connect(account.server.database_url) as conn:
        statement = b"UPDATE confirmation_mail SET created_at = created_at - %s WHERE account_id = %s"
        conn.execute(statement, (by, account.id))


def test_one_address_gets_one_mail_in_ten_minutes_and_three_a_day(account: Account) -> None:
    one = subscribe(account, "often@b.co")
    for minutes, expected in ((0, 1), (9, 1), (2, 2), (11, 3), (11, 3), (24 * 60, 4)):
        age(account, dt.timedelta(minutes=minutes))
        subscribe(account, "OFTEN@b.co")
        assert len(mails(account)) == expected, minutes
    assert {found for found, _ in mails(account)} == {one}
    assert len(events(account, one)) == 7


def test_two_who_subscribe_with_one_address_at_once_are_one_contact_and_get_one_mail(account: Account) -> None:
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda _: subscribe(account, "race@b.co"), range(16)))
    assert len(ids) == 1
    assert len(mails(account)) == 1
    told = sorted(event[0] for event in events(account, ids.pop()))
    assert told == ["subscribeFromApi", *["subscribeUpdateFromApi"] * 15]


def test_two_who_press_the_button_at_once_confirm_once(account: Account) -> None:
    one = subscribe(account, "twice@b.co")
    url = link(mail_to(account, "twice@b.co"))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda _: httpx2.post(url).text, range(4)))
    assert sorted("Thank you" in text for text in told) == [False, False, False, True]
    assert sum("Already confirmed" in text for text in told) == 3
    assert status(account, one) == "confirmed"


def signed(account: Account, contact_id: int, email: str, age: dt.timedelta = dt.timedelta(0), **more: Any) -> str:
    """A link as this installation signs them."""
    key = secret.load(settings.load(account.server.environ))
    asked = dt.datetime.now(dt.UTC) - age
    values = {"account_id": account.id, "contact_id": contact_id, "key": identity.email(email), "asked_at": asked}
    made = links.Link(**{**values, "expires_at": asked + links.LIFE, **more})  # type: ignore[arg-type]
    return f"{account.server.url}/confirm/{links.sign(key, made)}"


def test_a_link_that_is_too_old_or_for_somebody_gone_is_410(account: Account) -> None:
    one = subscribe(account, "old@b.co")
    assert httpx2.get(signed(account, one, "old@b.co")).status_code == 200
    for url, reason in (
        (signed(account, one, "old@b.co", dt.timedelta(days=8)), "has expired"),
        (signed(account, one, "else@b.co"), "no longer works"),
        (signed(account, one + 1_000_000, "old@b.co"), "no longer works"),
        (signed(account, one, "old@b.co", account_id=account.id + 1000), "no longer works"),
    ):
        for method in ("GET", "POST"):
            said = httpx2.request(method, url)
            assert (said.status_code, reason in said.text, "<form" in said.text) == (410, True, False)
    assert status(account, one) == "unconfirmed"
    account.delete(f"/api/v1/contact/{one}")
    assert httpx2.post(signed(account, one, "old@b.co")).status_code == 410


def test_a_link_of_one_account_confirms_nobody_in_another(account: Account) -> None:
    other = account.server.account("Other")
    one, same = subscribe(account, "wall@b.co"), subscribe(other, "wall@b.co")
    crossed = signed(account, same, "wall@b.co")
    assert httpx2.post(crossed).status_code == 410
    assert (status(account, one), status(other, same)) == ("unconfirmed", "unconfirmed")


def test_a_link_that_was_not_signed_here_is_400(account: Account) -> None:
    one = subscribe(account, "forged@b.co")
    good = signed(account, one, "forged@b.co")
    text = good.rpartition("/")[2]
    foreign = links.sign("another secret", links.Link(
        account_id=account.id, contact_id=one, key=identity.email("forged@b.co"),
        asked_at=dt.datetime.now(dt.UTC), expires_at=dt.datetime.now(dt.UTC) + links.LIFE,
    ))  # fmt: skip
    wrong = [text[:-1], text + "A", "x", "%00", "<script>alert(1)", "ю" * 103, "A" * 5000, foreign]
    wrong += [text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :] for place in range(0, 101, 10)]
    for tried in wrong:
        for method in ("GET", "POST"):
            said = httpx2.request(method, f"{account.server.url}/confirm/{tried}")
            assert said.status_code == 400, tried
            assert "<script" not in said.text
    assert status(account, one) == "unconfirmed"
    assert httpx2.post(good).status_code == 200


def test_the_page_allows_nothing_but_its_own_form(account: Account) -> None:
    one = subscribe(account, "strict@b.co")
    said = httpx2.get(signed(account, one, "strict@b.co"))
    policy = said.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert "form-action 'self'" in policy
    assert (said.headers["referrer-policy"], said.headers["cache-control"]) == ("no-referrer", "no-store")
    assert not re.search(r"<script|src=|href=|https?://", said.text)


def test_the_page_takes_no_body_and_no_other_method(account: Account) -> None:
    one = subscribe(account, "body@b.co")
    url = signed(account, one, "body@b.co")
    assert httpx2.post(url, content=b"x" * 5000).status_code == 413
    assert httpx2.post(url, content=iter([b"x"])).status_code == 413
    assert httpx2.put(url).status_code == 405
    assert status(account, one) == "unconfirmed"
    assert httpx2.post(url, data={"any": "thing"}).status_code == 200


def test_one_link_and_those_without_one_have_their_rates(account: Account) -> None:
    one = subscribe(account, "rate@b.co")
    url = signed(account, one, "rate@b.co")
    with httpx2.Client() as client, concurrent.futures.ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _: client.get(url), range(60)))
    refused = [answer for answer in told if answer.status_code == 429]
    assert refused
    assert {answer.headers["retry-after"] for answer in refused} == {"1"}
    assert {answer.status_code for answer in told} == {200, 429}


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "contact"),
        ({"contact": None}, "contact"),
        ({"contact": {"channels": []}}, "contact"),
        ({"contact": {}}, "contact.channels"),
        ({"contact": []}, "contact"),
        ({"contact": contact("joe@")}, "contact.channels[0].value"),
        ({"contact": contact("a@b.co\r\nBcc: x@b.co")}, "contact.channels[0].value"),
        ({"contact": contact("a@b.co"), "formType": "two words"}, "formType"),
        ({"contact": contact("a@b.co"), "formType": "x" * 201}, "formType"),
        ({"contact": contact("a@b.co"), "formType": 5}, "formType"),
        ({"contact": contact("a@b.co"), "groups": ["G", {"id": 5}]}, "groups[1]"),
        ({"contact": contact("a@b.co"), "groups": "x" * 256}, "groups[0]"),
    ],
)
def test_what_cannot_be_subscribed_is_400_and_stores_nothing(account: Account, body: Any, path: str) -> None:
    response = account.post("/api/v1/contact/subscribe", json=body)
    assert (response.status_code, response.json()["errors"][0]["path"]) == (400, path), response.text
    for table in ("contact", "event", "confirmation_mail", "segment"):
        assert account.rows(f"SELECT count(*) FROM {table} WHERE account_id = %s") == [(0,)]


def test_what_is_dropped_is_told_in_its_place(account: Account) -> None:
    sent = {"contact": contact("warn@b.co", firstName="Ann2024"), "groups": "One"}
    warnings = account.post("/api/v1/contact/subscribe", json=sent).json()["warnings"]
    assert [warning["path"] for warning in warnings] == ["contact.firstName"]


def test_an_erased_contact_leaves_no_trace_of_its_mails(account: Account) -> None:
    one = subscribe(account, "erase@b.co")
    mail_to(account, "erase@b.co")
    account.delete(f"/api/v1/contact/{one}?erase=true")
    assert mails(account) == []


def test_nobody_is_asked_who_has_gone_or_confirmed_meanwhile(server: Server) -> None:
    account = server.account()
    assert server.database_url is not None
    waiting = b"UPDATE confirmation_mail SET state = 'waiting', attempts = 0, due_at = %s WHERE account_id = %s"
    one = subscribe(account, "gone@b.co")
    mail_to(account, "gone@b.co")
    account.delete(f"/api/v1/contact/{one}")
    with psycopg.connect(server.database_url) as conn:
        conn.execute(waiting, (dt.datetime.now(dt.UTC), account.id))
    until(lambda: mails(account) == [(one, "dropped")])


def test_an_account_whose_name_would_break_a_header_breaks_none(server: Server) -> None:
    account = server.account("Shop\r\nBcc: x@b.co\x07 ю")
    subscribe(account, "header@b.co")
    mail = mail_to(account, "header@b.co")
    assert mail["Subject"] == "Please confirm your e-mail address for Shop Bcc: x@b.co ю"
    assert mail["Bcc"] is None
    assert link(mail).startswith(server.url)


def test_a_domain_of_any_alphabet_is_written_as_mail_servers_take_it(account: Account) -> None:
    subscribe(account, "ann@почта.рф")
    mail = mail_to(account, "ann@xn--80a1acny.xn--p1ai")
    assert httpx2.get(link(mail)).status_code == 200

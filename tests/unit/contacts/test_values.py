"""E-mails, phones, languages, zones and moments: the form each is stored in, and what is refused."""

import datetime as dt

import pytest

from tokenbase.contacts import emails, languages, moments, phones


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        (" A@b.co ", "A@b.co"),
        ("first.last+tag@sub.example.com", "first.last+tag@sub.example.com"),
        ("o'brien@example.com", "o'brien@example.com"),
        ("олена@пошта.укр", "олена@пошта.укр"),
        ("a@b-c.co", "a@b-c.co"),
    ],
)
def test_an_email_is_trimmed_and_keeps_its_case(sent: str, stored: str) -> None:
    assert emails.clean(sent) == stored


@pytest.mark.parametrize(
    "sent",
    ["joe@", "@b.co", "joe", "a b@c.de", "a@b", "a@-b.co", "a..b@c.de", "a@b..co", "a@b.co\n.x", "x" * 65 + "@b.co"],
)
def test_what_is_no_email_is_refused_with_the_address_named(sent: str) -> None:
    with pytest.raises(ValueError, match="is not an e-mail address"):
        emails.clean(sent)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("+38 (067) 123-45-67", "380671234567"),
        ("380671234567", "380671234567"),
        ("00380671234567", "380671234567"),
        ("+1 202-555-0147", "12025550147"),
        ("+372 5123 456", "3725123456"),
        ("+49.30.123456", "4930123456"),
    ],
)
def test_a_phone_is_stored_as_its_international_digits(sent: str, stored: str) -> None:
    assert phones.clean(sent) == stored


@pytest.mark.parametrize(
    "sent", ["0671234567", "123", "+9991234567890", "call me", "+38067123456789012", "٣٨٠٦٧١٢٣٤٥٦٧"]
)
def test_what_is_no_international_number_is_refused(sent: str) -> None:
    with pytest.raises(ValueError, match="is not an international telephone number"):
        phones.clean(sent)


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("en-us", "en-US"),
        ("EN_us", "en-US"),
        ("uk", "uk"),
        ("ua", "uk"),
        ("en_UK", "en-GB"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("uk_UA.UTF-8", "uk-UA"),
    ],
)
def test_a_language_is_stored_in_canonical_case(sent: str, stored: str) -> None:
    assert languages.canonical(sent) == stored


@pytest.mark.parametrize("sent", ["", "english", "xx-yy-zz-qq", "12", "e", "en-" + "a" * 50, "\x00"])
def test_what_is_no_language_is_none(sent: str) -> None:
    assert languages.canonical(sent) is None


def test_the_language_of_a_locale_leaves_the_country_out_and_keeps_the_script() -> None:
    assert [languages.of_locale(locale) for locale in ("uk-UA", "ua", "zh_Hant_TW", "??")] == [
        "uk",
        "uk",
        "zh-Hant",
        None,
    ]


def test_a_time_zone_is_one_of_the_database_in_its_own_case() -> None:
    assert [languages.time_zone(name) for name in ("Europe/Kyiv", "europe/kyiv", "Mars/Base", "UTC")] == [
        "Europe/Kyiv",
        "Europe/Kyiv",
        None,
        "UTC",
    ]


@pytest.mark.parametrize(
    ("sent", "zone", "moment"),
    [
        ("2026-11-23T17:05:00Z", None, "2026-11-23T17:05:00+00:00"),
        ("2026-11-23T17:05", None, "2026-11-23T17:05:00+00:00"),
        ("2026-11-23T17:05", "Europe/Kyiv", "2026-11-23T15:05:00+00:00"),
        ("2026-11-23T17:05:00+03:00", "Europe/Kyiv", "2026-11-23T14:05:00+00:00"),
        ("2026-11-23", "Europe/Kyiv", "2026-11-22T22:00:00+00:00"),
    ],
)
def test_a_moment_without_an_offset_is_in_the_contacts_zone(sent: str, zone: str | None, moment: str) -> None:
    assert moments.parse(sent, zone) == dt.datetime.fromisoformat(moment)


@pytest.mark.parametrize(
    "sent", ["yesterday", "2026-13-01", "0001-01-01T00:00+14:00", "9999-12-31T23:59:59-14:00", "1726"]
)
def test_what_is_no_moment_is_refused(sent: str) -> None:
    with pytest.raises(ValueError, match="date-time|app can have been used"):
        moments.parse(sent, None)

"""Settings: flags over environment over defaults, and what is told of those that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from tokenbase.ops import settings


def test_flags_stand_above_the_environment_and_that_above_the_defaults() -> None:
    environ = {"TOKENBASE_LISTEN": "127.0.0.1:1", "TOKENBASE_DATA_DIR": "/there", "TOKENBASE_IMPORTS": "2"}
    assert settings.load(environ, listen="127.0.0.1:2", data_dir=None) == settings.Settings(
        listen="127.0.0.1:2", data_dir=Path("/there"), imports=2
    )
    assert settings.load({}) == settings.Settings(listen="127.0.0.1:8080", data_dir=Path(".tokenbase"))


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("localhost:80", ("localhost", 80)),
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        ("[::1]:8080", ("::1", 8080)),
        (":8080", ("0.0.0.0", 8080)),
    ],
)
def test_an_address_is_host_and_port(listen: str, address: tuple[str, int]) -> None:
    assert settings.load({"TOKENBASE_LISTEN": listen}).address == address


@pytest.mark.parametrize("listen", ["x", "8080", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:²"])
def test_any_other_address_is_refused_with_an_example(listen: str) -> None:
    with pytest.raises(settings.BadSetting, match=r"write HOST:PORT, such as 127\.0\.0\.1:8080"):
        settings.load({"TOKENBASE_LISTEN": listen})


@pytest.mark.parametrize("variable", ["DATABASE_URL", "TOKENBASE_SECRET_KEY", "TOKENBASE_SMTP_PASSWORD"])
def test_a_secret_may_stand_in_a_file_below_the_variable_itself(variable: str, tmp_path: Path) -> None:
    (name,) = (name for name, found in settings.VARIABLES.items() if found == variable)
    (tmp_path / "file").write_text("from the file\n")
    environ = {f"{variable}_FILE": str(tmp_path / "file"), "TOKENBASE_SMTP_USER": "u"}
    if variable != "TOKENBASE_SMTP_PASSWORD":
        del environ["TOKENBASE_SMTP_USER"]
    assert getattr(settings.load(environ), name) == "from the file"
    assert getattr(settings.load({**environ, variable: "from the variable"}), name) == "from the variable"


@pytest.mark.parametrize("variable", ["DATABASE_URL", "TOKENBASE_SECRET_KEY", "TOKENBASE_SMTP_PASSWORD"])
def test_a_secrets_file_that_is_missing_broken_or_empty_is_refused(variable: str, tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "empty").write_text("\n")
    for file in ("missing", "binary"):
        with pytest.raises(settings.BadSetting, match=f"{variable}_FILE names .*{file}, which cannot be read"):
            settings.load({f"{variable}_FILE": str(tmp_path / file)})
    with pytest.raises(settings.BadSetting, match=f"{variable} is empty"):
        settings.load({f"{variable}_FILE": str(tmp_path / "empty")})


def test_an_empty_flag_is_no_secret_and_no_database() -> None:
    for flag in ("secret_key", "database_url"):
        with pytest.raises(settings.BadSetting, match="is empty"):
            settings.load({}, **{flag: ""})


@pytest.mark.parametrize("number", ["", "many", "-1", "0", "1.5", "²"])
def test_a_number_is_whole_and_large_enough(number: str) -> None:
    if number == "":
        assert settings.load({"TOKENBASE_IMPORTS": number}).imports == 2
        return
    with pytest.raises(settings.BadSetting, match=r'TOKENBASE_IMPORTS is ".*": write a whole number of at least 1'):
        settings.load({"TOKENBASE_IMPORTS": number})


def test_there_are_connections_for_each_sort_of_request() -> None:
    with pytest.raises(settings.BadSetting, match="a whole number of at least 7"):
        settings.load({"TOKENBASE_CONNECTIONS": "6"})
    assert settings.load({"TOKENBASE_CONNECTIONS": "7", "TOKENBASE_IMPORTS": "16"}).connections == 7


def test_a_variable_that_nothing_reads_is_told_with_the_one_that_may_be_meant() -> None:
    environ = {
        "TOKENBASE_LISTENS": "",
        "TOKENBASE_0123456789_0123456789": "",
        "TOKENBASE_SECRET_KEY_FILE": "",
        "HOME": "",
    }
    assert settings.strangers(environ) == [
        "TOKENBASE_0123456789_0123456789 is no setting",
        "TOKENBASE_LISTENS is no setting; did you mean TOKENBASE_LISTEN?",
    ]


def test_links_may_lead_to_the_networks_that_are_opened() -> None:
    assert settings.load({}).open_networks == ()
    assert settings.load({"TOKENBASE_PRIVATE_LINKS": "refuse"}).open_networks == ()
    named = settings.load({"TOKENBASE_PRIVATE_LINKS": "10.1.0.0/16, 192.168.1.5,fd12::/16"}).open_networks
    assert [str(network) for network in named] == ["10.1.0.0/16", "192.168.1.5/32", "fd12::/16"]
    allowed = settings.load({"TOKENBASE_PRIVATE_LINKS": "allow"}).open_networks
    assert [str(network) for network in allowed] == ["0.0.0.0/0", "::/0"]


@pytest.mark.parametrize("text", ["yes", "10.1.0.1/16", "10.1.0.0/16,", "localhost", "refuse, 10.0.0.0/8"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(settings.BadSetting, match="write refuse, allow, or networks"):
        settings.load({"TOKENBASE_PRIVATE_LINKS": text})
    with pytest.raises(settings.BadSetting, match="TOKENBASE_LINK_MEGABYTES"):
        settings.load({"TOKENBASE_LINK_MEGABYTES": "0"})


MAIL = {"TOKENBASE_SMTP_HOST": "smtp.example.com", "TOKENBASE_MAIL_FROM": "Shop <news@example.com>"}


def test_the_settings_of_mail_are_read() -> None:
    chosen = settings.load({**MAIL, "TOKENBASE_SMTP_PORT": "2525", "TOKENBASE_PUBLIC_URL": "https://t.example.com/x/"})
    assert (chosen.smtp_host, chosen.smtp_port, chosen.smtp_security) == ("smtp.example.com", 2525, "starttls")
    assert str(chosen.sender) == "Shop <news@example.com>"


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"TOKENBASE_SMTP_HOST": "smtp.example.com"}, "needs TOKENBASE_MAIL_FROM"),
        ({"TOKENBASE_MAIL_FROM": "nobody"}, "write Shop <news@example.com>"),
        ({"TOKENBASE_MAIL_FROM": "a@b.co\r\nBcc: x@b.co"}, "write Shop <news@example.com>"),
        ({**MAIL, "TOKENBASE_SMTP_SECURITY": "ssl"}, "write starttls, tls or none"),
        ({**MAIL, "TOKENBASE_SMTP_PORT": "70000"}, "at most 65535"),
        ({**MAIL, "TOKENBASE_SMTP_PORT": "x"}, "write a whole number"),
        ({**MAIL, "TOKENBASE_SMTP_USER": "u"}, "go together"),
        (
            {**MAIL, "TOKENBASE_SMTP_USER": "u", "TOKENBASE_SMTP_PASSWORD": "p", "TOKENBASE_SMTP_SECURITY": "none"},
            "over starttls or tls only",
        ),
        ({"TOKENBASE_PUBLIC_URL": "tokens.example.com"}, "write such as https://tokens.example.com"),
        ({"TOKENBASE_PUBLIC_URL": "https://a.example/?x"}, "write such as https://tokens.example.com"),
        ({"TOKENBASE_PUBLIC_URL": "https://a.example/ x\nBcc: y"}, "write such as https://tokens.example.com"),
    ],
)
def test_settings_of_mail_that_cannot_work_are_refused(environ: dict[str, str], told: str) -> None:
    with pytest.raises(settings.BadSetting, match=told):
        settings.load(environ)

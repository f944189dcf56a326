"""Each preset: one command from its sample in examples/ to a base that holds what the sample says."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest

from server import TOKENBASE, Account
from tokenbase.uploader import mapping, presets

EXAMPLES = Path(__file__).parents[3] / "examples"
APP = "83b77a49-fc28-409b-aeaa-68c9d544ab9d"
OTHER = "1f0c3c1e-7a54-4b3f-9c53-3b1f2ad0e6f1"


def fcm(number: int) -> str:
    return f"cQ1rT{number:017d}:APA91bE" + "xAmPle0Token" * 8 + f"{number:05d}"


def apns(number: int) -> str:
    return (f"{number:08x}" + "9f3c1d2e4b5a6978" * 4)[:64]


ANN = {"externalCustomerId": "1001", "email": "ann@example.com"}
NAMED = {**ANN, "firstName": "Ann", "lastName": "Smith"}
SHOP = ["--app", f"shop={APP}"]

# By preset and sample: arguments, how many rows were passed over, and what the base holds: each person with what must
# be so of it, its tokens with what must be so of their devices; those without an external id stand under None.
CASES: dict[tuple[str, str], tuple[list[str], int, list[tuple[dict[str, Any], dict[str, dict[str, Any]]]]]] = {
    ("onesignal", "onesignal.csv"): (
        ["--app", APP],
        1,
        [
            (
                {"externalCustomerId": "u-1001", "email": "ann@example.com", "sms": "380671234567", "plan": "pro",
                 "city": "Kyiv", "timeZone": "Europe/Kyiv"},
                {fcm(1): {"os": "Android", "active": True, "deviceModel": "SM-A536B", "locale": "uk", "appId": APP,
                          "appVersion": "4.1.6", "lastActiveAt": "2026-10-02T08:11:05Z", "kind": "fcm",
                          "registeredAt": "2024-03-01T10:00:00Z"}},
            ),
            ({"externalCustomerId": "u-1002", "plan": "free"},
             {apns(2): {"os": "iOS", "active": False, "kind": "apns"}}),
        ],
    ),
    ("firestore", "firestore.jsonl"): (
        ["--app", APP],
        0,
        [
            ({"externalCustomerId": "u-1001"}, {fcm(11): {"os": "Android", "provider": "fcm", "appId": APP,
                                                          "lastActiveAt": "2026-09-30T10:00:00Z"}}),
            ({"externalCustomerId": "u-1002", "email": "bob@example.com"},
             {fcm(12): {"provider": "fcm"}, fcm(13): {"os": "iOS", "lastActiveAt": "2026-01-01T00:00:00Z"}}),
            ({"externalCustomerId": "u-1003"}, {fcm(14): {}, fcm(15): {}}),
            ({"externalCustomerId": "u-1004"}, {fcm(16): {"os": "Android", "deviceModel": "Pixel 8"}, fcm(17): {}}),
        ],
    ),
    ("firebase-rtdb", "firebase-rtdb.json"): (
        [],
        0,
        [
            ({"externalCustomerId": "u-1001", "email": "ann@example.com"},
             {fcm(21): {"os": "Android", "lastActiveAt": "2026-01-01T00:00:00Z"}}),
            ({"externalCustomerId": "u-1002"}, {fcm(22): {}, fcm(23): {}}),
            ({"externalCustomerId": "u-1003"}, {}),
        ],
    ),
    ("firebase-rtdb-tokens", "firebase-rtdb-tokens.json"): (
        [],
        0,
        [
            ({"externalCustomerId": "u-1001"}, {fcm(31): {"os": "iOS", "lastActiveAt": "2026-01-01T00:00:00Z"}}),
            ({"externalCustomerId": "u-1002"}, {fcm(32): {}}),
            ({"externalCustomerId": None}, {fcm(33): {"provider": "fcm"}}),
        ],
    ),
    ("braze", "braze.jsonl"): (
        ["--app", f"Shop iOS={APP}", "--app", f"Shop Android={OTHER}"],
        0,
        [
            (
                {"externalCustomerId": "u-1001", "email": "ann@example.com", "sms": "380671234567", "firstName": "Ann",
                 "lastName": "Smith", "languageCode": "uk", "timeZone": "Europe/Kyiv", "plan": "pro"},
                {
                    apns(41): {"os": "iOS", "appId": APP, "active": True, "deviceModel": "iPhone15,2", "deviceId": "D1",
                               "appVersion": "4.1.6", "registeredAt": "2025-01-05T10:00:00Z",
                               "lastActiveAt": "2026-10-02T08:11:05Z"},
                    fcm(42): {"os": "Android", "appId": OTHER, "active": False, "deviceModel": "Pixel 8"},
                },
            ),
            ({"externalCustomerId": "u-1002", "email": "bob@example.com"}, {}),
        ],
    ),
    ("sns", "sns.json"): (
        ["--app", f"shop-android={APP}", "--app", f"shop-ios={OTHER}"],
        0,
        [
            ({"externalCustomerId": "u-1001"}, {fcm(51): {"os": "Android", "appId": APP, "active": True}}),
            ({"externalCustomerId": "u-1002"},
             {apns(52): {"os": "iOS", "appId": OTHER, "active": False, "environment": "sandbox"}}),
            ({"externalCustomerId": None}, {apns(53): {"environment": "production"}}),
        ],
    ),
    ("parse", "parse.json"): (
        ["--app", f"co.shop={APP}"],
        1,
        [
            (
                {"externalCustomerId": "u1001"},
                {apns(61): {"os": "iOS", "locale": "uk-UA", "timeZone": "Europe/Kyiv", "appId": APP,
                            "appVersion": "4.1.6", "deviceId": "i-1", "registeredAt": "2025-02-01T10:00:00Z",
                            "lastActiveAt": "2026-09-30T10:00:00Z"}},
            ),
            ({"externalCustomerId": None}, {fcm(62): {"os": "Android", "provider": "fcm"}}),
        ],
    ),
    ("parse", "parse-mongoexport.jsonl"): (
        [],
        0,
        [({"externalCustomerId": "u1001"}, {apns(63): {"os": "iOS", "lastActiveAt": "2026-09-30T10:00:00Z"}})],
    ),
    ("airship", "airship.json"): (
        ["--app", APP],
        1,
        [
            (
                {"externalCustomerId": "u-1001", "email": "ann@example.com", "plan": "pro"},
                {apns(71).upper(): {"os": "iOS", "active": True, "locale": "uk-UA", "timeZone": "Europe/Kyiv",
                                    "appVersion": "4.1.6", "lastActiveAt": "2026-09-30T10:00:00Z"}},
            ),
            ({"externalCustomerId": "u-1002"}, {fcm(72): {"os": "Android", "active": False, "locale": "en"}}),
        ],
    ),
    ("aerogear", "aerogear.json"): (
        ["--app", APP],
        0,
        [
            ({"externalCustomerId": "u-1001"}, {apns(81): {"os": "iOS", "deviceModel": "iPhone", "active": True}}),
            ({"externalCustomerId": "u-1002"}, {fcm(82): {"os": "Android", "active": False, "appId": APP}}),
        ],
    ),
    ("expo", "expo.csv"): (
        [],
        0,
        [
            ({"externalCustomerId": "u-1001"},
             {"ExponentPushToken[xxxxxxxxxxxxxxxxxxxxx1]": {"os": "iOS", "provider": "expo", "kind": "expo"}}),
            ({"externalCustomerId": "u-1002"},
             {"ExpoPushToken[xxxxxxxxxxxxxxxxxxxxx2]": {"os": "Android", "lastActiveAt": "2026-09-30T10:00:00Z"}}),
        ],
    ),
    ("customerio", "customerio.jsonl"): (
        [],
        0,
        [
            (
                {"externalCustomerId": "u-1001", "email": "ann@example.com"},
                {
                    fcm(91): {"os": "Android", "active": True, "deviceModel": "Pixel 8", "appVersion": "4.1.6",
                              "locale": "uk-UA", "lastActiveAt": "2026-01-01T00:00:00Z"},
                    "dQ1rT00000000000000092": {"os": "iOS", "active": False, "kind": "fid"},
                },
            ),
            ({"externalCustomerId": "u-1002", "email": "bob@example.com"}, {}),
        ],
    ),
    ("iterable", "iterable.jsonl"): (
        ["--app", f"co.shop={APP}"],
        0,
        [
            (
                {"externalCustomerId": "u-1001", "email": "ann@example.com"},
                {apns(101): {"os": "iOS", "environment": "sandbox", "appId": APP, "active": True},
                 fcm(102): {"os": "Android", "active": False}},
            )
        ],
    ),
    ("clevertap", "clevertap.json"): (
        [],
        0,
        [
            (
                {"externalCustomerId": "u-1001", "email": "ann@example.com", "sms": "380671234567", "plan": "pro"},
                {fcm(111): {"os": "Android", "deviceModel": "Pixel 8", "appVersion": "4.1.6"},
                 apns(112): {"os": "iOS"}},
            )
        ],
    ),
    ("azure", "azure.jsonl"): (
        [],
        1,
        [
            ({"externalCustomerId": "u-1001"}, {fcm(121): {"os": "Android", "active": True, "deviceId": "i-1"}}),
            ({"externalCustomerId": "u-1002"}, {apns(122).upper(): {"os": "iOS", "active": False}}),
        ],
    ),
    ("django-push-notifications", "django-push-notifications.sql"): (
        SHOP,
        1,
        [
            (NAMED, {fcm(131): {"os": "Android", "active": True, "appId": APP,
                                "registeredAt": "2026-03-01T10:00:00Z"}}),
            ({"externalCustomerId": "1002", "email": "bob@example.com", "firstName": "Bob"},
             {apns(132): {"os": "iOS", "active": False, "deviceId": "6f1d"}}),
        ],
    ),
    ("fcm-django", "fcm-django.sql"): (
        ["--app", APP],
        1,
        [
            (NAMED, {fcm(141): {"os": "iOS", "active": True, "deviceId": "D1", "provider": "fcm", "kind": "fcm"}}),
            ({"externalCustomerId": "1002"}, {fcm(142): {"os": "Android", "active": False}}),
        ],
    ),
    ("rails", "rails.sql"): (
        [],
        0,
        [(ANN, {apns(151): {"os": "iOS", "lastActiveAt": "2026-09-30T10:00:00Z"}, fcm(152): {"os": "Android"}})],
    ),
    ("action-push-native", "action-push-native.sql"): (
        [],
        0,
        [
            ({"externalCustomerId": "1001"}, {apns(161): {"os": "iOS", "deviceModel": "iPhone 15"}}),
            ({"externalCustomerId": "1002"}, {fcm(162): {"os": "Android", "registeredAt": "2026-03-01T10:00:00Z"}}),
        ],
    ),
    ("laravel", "laravel.sql"): ([], 0, [(ANN, {fcm(171): {"provider": "fcm"}})]),
    ("laravel-devices", "laravel-devices.sql"): (
        [],
        0,
        [
            (ANN, {apns(181): {"os": "iOS"}}),
            ({"externalCustomerId": "1002", "email": "bob@example.com"}, {fcm(182): {"os": "Android"}}),
        ],
    ),
}  # fmt: skip


def source(sample: str, directory: Path) -> str:
    """A sample as what can be uploaded: a script of SQL becomes a database."""
    if not sample.endswith(".sql"):
        return str(EXAMPLES / sample)
    with sqlite3.connect(directory / "base.db") as conn:
        conn.executescript((EXAMPLES / sample).read_text())
    conn.close()
    return f"sqlite:///{directory}/base.db"


def upload(account: Account, directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [TOKENBASE, "upload", *arguments, "--to", account.server.url, "--key", account.secret]
    return subprocess.run([*command, "--output", "json"], cwd=directory, capture_output=True, text=True)


@pytest.mark.parametrize(("preset", "sample"), CASES)
def test_a_sample_becomes_the_base_that_it_describes(
    account: Account, tmp_path: Path, preset: str, sample: str
) -> None:
    arguments, skipped, people = CASES[preset, sample]

    done = upload(account, tmp_path, source(sample, tmp_path), "--from", preset, *arguments, "--fields", "create")

    assert done.returncode == 0, done.stderr + done.stdout
    told = json.loads(done.stdout)
    assert (told["skipped"], told["failed"]) == (skipped, 0)
    names = {field["id"]: field["name"] for field in account.get("/api/v1/additionalfields").json()}
    held = 0
    for person, tokens in people:
        if person["externalCustomerId"] is None:
            ((contact_id,),) = account.rows(
                "SELECT contact_id FROM token WHERE account_id = %s AND value = %s", *tokens
            )
            found = account.get(f"/api/v1/contact/{contact_id}").json()
        else:
            found = account.contact(person["externalCustomerId"])
        known = {**found, **{channel["type"]: channel["value"] for channel in found["channels"]}}
        known |= {names[field["id"]]: field["value"] for field in found["fields"]}
        assert {name: known.get(name) for name in person} == person
        devices = {
            channel["value"]: channel["device"] for channel in found["channels"] if channel["type"] == "mobilepush"
        }
        assert devices.keys() == tokens.keys()
        for token, wanted in tokens.items():
            assert {name: devices[token].get(name) for name in wanted} == wanted
        held += len(tokens)
    assert account.rows("SELECT count(*) FROM contact WHERE account_id = %s") == [(len(people),)]
    assert account.rows("SELECT count(*) FROM token WHERE account_id = %s") == [(held,)]


def test_every_preset_has_a_case_and_is_written_as_it_is_read() -> None:
    assert {preset for preset, _ in CASES} == set(presets.names())
    for name in presets.names():
        assert mapping.parsed(mapping.write(presets.load(name)), name) == presets.load(name)
        assert presets.load(name).title
        assert presets.load(name).about


def test_presets_are_listed_and_shown(tmp_path: Path) -> None:
    listed = subprocess.run([TOKENBASE, "presets"], capture_output=True, text=True, check=True).stdout
    assert [line.split("\t")[0] for line in listed.splitlines()] == presets.names()
    shown = subprocess.run([TOKENBASE, "presets", "onesignal"], capture_output=True, text=True, check=True).stdout
    assert mapping.parsed(shown, "x") == presets.load("onesignal")
    wrong = subprocess.run([TOKENBASE, "presets", "onesignl"], capture_output=True, text=True)
    assert (wrong.returncode, wrong.stderr) == (
        2,
        'tokenbase: there is no preset "onesignl"; did you mean onesignal?\n',
    )


def test_a_file_that_is_no_such_export_is_told(account: Account, tmp_path: Path) -> None:
    done = upload(account, tmp_path, str(EXAMPLES / "expo.csv"), "--from", "onesignal")
    assert done.returncode == 2
    assert 'has no column "identifier"' in done.stderr


def test_an_export_that_has_lost_the_identity_is_told_before_it_is_sent(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"id,identifier,device_type\n1,{fcm(1)},1\n")
    done = subprocess.run(
        [TOKENBASE, "upload", "a.csv", "--from", "onesignal", "--dry-run"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "warning: the export has no column external_user_id" in done.stderr


def test_names_of_apps_and_fields_that_nobody_resolves_are_told_with_how_many_rows(
    account: Account, tmp_path: Path
) -> None:
    done = upload(account, tmp_path, str(EXAMPLES / "braze.jsonl"), "--from", "braze", "--app", f"Shop iOS={APP}")
    assert done.returncode == 0
    assert 'the source names an app "Shop Android": give its UUID by --app "Shop Android=UUID"' in done.stderr
    assert (
        'the server has no additional field "plan": it is left out of 1 rows; --fields create makes it' in done.stderr
    )


def test_an_app_is_added_to_a_mapping_that_is_guessed(account: Account, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("user_id,token\nu1,t1\n")
    assert upload(account, tmp_path, "a.csv", "--app", APP).returncode == 0
    assert account.contact("u1")["channels"][0]["device"]["appId"] == APP
    assert upload(account, tmp_path, "a.csv", "--app", "shop").returncode == 2


def test_a_token_list_is_mapped_by_a_path_with_a_wildcard(account: Account, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"uid":"u1","push":{"tokens":["t1","t2"],"seen":{"t3":5}},"plan":"pro"}\n')
    columns = '"uid" = "externalCustomerId"\n"push.tokens.*" = "mobilepush"\n"push.seen.{key}" = "mobilepush"\n'
    (tmp_path / "m.toml").write_text(f'[columns]\n{columns}"plan" = "fields.plan"\n')
    assert upload(account, tmp_path, "a.jsonl", "--map", "m.toml", "--fields", "create").returncode == 0
    found = account.contact("u1")
    assert sorted(channel["value"] for channel in found["channels"]) == ["t1", "t2", "t3"]
    assert [field["value"] for field in found["fields"]] == ["pro"]
    (tmp_path / "a.jsonl").write_text('{"uid":"u1","push":{},"plan":"free"}\n')
    assert upload(account, tmp_path, "a.jsonl", "--map", "m.toml").returncode == 0
    assert [field["value"] for field in account.contact("u1")["fields"]] == ["free"]

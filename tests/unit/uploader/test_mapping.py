"""The mapping: guessed, written, read, and turned into contacts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tokenbase.uploader import batches, making, mapping, targets
from tokenbase.uploader.faults import BadMapping
from tokenbase.uploader.rows import Row

APP = "83b77a49-fc28-409b-aeaa-68c9d544ab9d"


def contact(columns: dict[str, str], cells: list[str], **constants: str) -> dict[str, Any]:
    return making.compiled(
        mapping.Plan(columns=columns, constants=dict(constants)), list(columns), pytest.fail, pytest.fail
    )(cells)


@pytest.mark.parametrize(
    ("heading", "target"),
    [
        ("External ID", "externalCustomerId"),
        ("externalCustomerId", "externalCustomerId"),
        ("USER_ID", "externalCustomerId"),
        ("pushToken", "mobilepush"),
        ("Device Token", "mobilepush"),
        ("fcm_token", "mobilepush.android"),
        ("E-Mail", "email"),
        ("msisdn", "sms"),
        ("Platform", "device.os"),
        ("device.appId", "device.appId"),
        ("lastActiveAt", "device.lastActiveAt"),
        ("timeZone", "timeZone"),
        ("fields.12345", "fields.12345"),
    ],
)
def test_common_headings_are_known_however_they_are_written(heading: str, target: str) -> None:
    assert targets.guess([heading]) == {heading: target}


def test_unknown_headings_and_second_ones_are_left_out() -> None:
    assert targets.guess(["token", "push_token", "colour"]) == {"token": "mobilepush"}


def test_a_lone_id_is_the_customers_and_beside_a_better_heading_nobodys() -> None:
    assert targets.guess(["id", "token"]) == {"id": "externalCustomerId", "token": "mobilepush"}
    assert targets.guess(["id", "ID"]) == {"id": "externalCustomerId"}
    assert targets.guess(["id", "user_id"]) == {"user_id": "externalCustomerId"}
    assert targets.guess(["id", "identifier"]) == {"identifier": "mobilepush"}


def test_every_target_is_guessed_from_its_own_name() -> None:
    for target in targets.TARGETS:
        if not target.startswith(("device.timeZone", "address.address")) and target != "id":
            assert targets.guess([target]) == {target: target}


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    plan = mapping.Plan(
        columns={'odd "heading", ü': "externalCustomerId", "t": "mobilepush"},
        constants={"device.appId": "83b77a49-fc28-409b-aeaa-68c9d544ab9d"},
        options={"groupNames": ["A", "B"], "restoreDeleted": True, "dedupeOn": "externalCustomerId"},
    )
    file = tmp_path / "m.toml"
    file.write_text(mapping.write(plan))
    assert mapping.read(file) == plan


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[columns]\na = "externalCustomerID"', 'did you mean "externalCustomerId"'),
        ('[constants]\n"device.appid" = "x"', 'did you mean "device.appId"'),
        ("[options]\ngroupName = 1", 'did you mean "groupNames"'),
        ('[options]\ndedupeOn = "name"', "there are externalCustomerId"),
        ("[colums]\n", "unknown field"),
        ("columns = 5", "is not a mapping"),
        ("nonsense", "is not a mapping"),
    ],
)
def test_a_mapping_with_a_fault_names_it_and_the_nearest(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "m.toml"
    file.write_text(text)
    with pytest.raises(BadMapping) as caught:
        mapping.read(file)
    assert told in caught.value.message


def test_a_heading_that_the_source_lacks_is_named() -> None:
    with pytest.raises(BadMapping, match='no column "tokn"; did you mean "token"'):
        mapping.check_headings(mapping.Plan(columns={"tokn": "mobilepush"}), ["token"], "a.csv")


def test_a_row_becomes_a_contact_without_what_is_empty() -> None:
    columns = {
        "id": "externalCustomerId",
        "t": "mobilepush",
        "os": "device.os",
        "on": "device.active",
        "seen": "device.lastActiveAt",
        "made": "device.registeredAt",
        "mail": "email",
        "town": "address.town",
        "plan": "fields.7",
        "name": "firstName",
    }
    cells = ["u1", " t1 ", "iOS", "f", "1759392665", "2024-03-01 10:00:00 UTC", "a@b.co", "Kyiv", "pro", ""]
    assert contact(columns, cells) == {
        "externalCustomerId": "u1",
        "channels": [
            {
                "type": "mobilepush",
                "value": "t1",
                "device": {
                    "os": "iOS",
                    "active": False,
                    "lastActiveAt": "2025-10-02T08:11:05+00:00",
                    "registeredAt": "2024-03-01 10:00:00+00:00",
                },
            },
            {"type": "email", "value": "a@b.co"},
        ],
        "address": {"town": "Kyiv"},
        "fields": [{"id": 7, "value": "pro"}],
    }


@pytest.mark.parametrize(
    "sentinel", ["", "null", "NULL", "(null)", "undefined", "None", "NaN", "BLACKLISTED", "0", "[object Object]"]
)
def test_what_stands_for_no_token_is_none(sentinel: str) -> None:
    assert contact({"t": "mobilepush"}, [sentinel]) == {"channels": []}


def test_two_token_columns_are_two_devices_of_their_own_system() -> None:
    made = contact({"i": "mobilepush.ios", "a": "mobilepush.android", "v": "device.appVersion"}, ["t1", "t2", "4.1"])
    assert made["channels"] == [
        {"type": "mobilepush", "value": "t1", "device": {"appVersion": "4.1", "os": "iOS"}},
        {"type": "mobilepush", "value": "t2", "device": {"appVersion": "4.1", "os": "Android"}},
    ]


def test_constants_are_in_every_contact() -> None:
    plan = mapping.Plan(columns={"t": "mobilepush"}, constants={"device.appId": APP, "languageCode": "uk"})
    made = making.compiled(plan, ["t"], pytest.fail, pytest.fail)(["t1"])
    assert (made["languageCode"], made["channels"][0]["device"]) == ("uk", {"appId": APP})  # type: ignore[index]


def test_objects_are_read_by_name_whatever_their_values_are() -> None:
    plan = mapping.Plan(
        columns={"uid": "externalCustomerId", "t": "mobilepush", "on": "device.active", "x": "fields.1"}
    )
    told: list[str] = []
    made = making.compiled(plan, None, told.append, pytest.fail)({"uid": 5, "t": None, "on": True, "x": ["a"]})
    assert told == ['"x" holds a list where one value is meant: it is taken as its JSON text']
    assert made == {"externalCustomerId": "5", "channels": [], "fields": [{"id": 1, "value": '["a"]'}]}


def item(number: int, *names: str, kind: str = "externalCustomerId") -> batches.Item:
    return batches.Item(Row(number, "", []), b"{}", None, kind, names)


def test_batches_are_of_one_kind_and_at_most_their_size() -> None:
    items = [item(n, f"n{n}", kind="mobilepush" if n % 3 == 0 else "externalCustomerId") for n in range(20)]
    made = list(batches.group(items, 5))
    assert all(len(batch.items) <= 5 and len({found.kind for found in batch.items}) == 1 for batch in made)
    assert sorted(found.row.line for batch in made for found in batch.items) == list(range(20))


def test_what_shares_a_name_keeps_its_order_across_kinds() -> None:
    items = [item(1, "t", kind="mobilepush"), item(2, "x"), item(3, "t", "y"), item(4, "z")]
    order = [found.row.line for batch in batches.group(items, 100) for found in batch.items]
    assert order.index(1) < order.index(3)


def test_a_batch_is_closed_before_its_body_grows_too_large() -> None:
    big = [batches.Item(Row(n, "", []), b"x" * 6_000_000, None, "email", ()) for n in range(5)]
    assert [len(batch.items) for batch in batches.group(big, 3_000)] == [2, 2, 1]


def test_a_mapping_that_is_written_for_unknown_headings_leaves_them_open(tmp_path: Path) -> None:
    file = tmp_path / "m.toml"
    file.write_text(mapping.write(mapping.Plan(columns={"uid": "externalCustomerId"}), ["uid", "colour"]))
    assert '"colour" = ""' in file.read_text()
    assert "# Targets: id, externalCustomerId" in file.read_text()
    assert mapping.read(file) == mapping.Plan(columns={"uid": "externalCustomerId"})
    file.write_text(mapping.write(mapping.Plan(), ["colour"]))
    with pytest.raises(BadMapping, match="maps no column"):
        mapping.read(file)

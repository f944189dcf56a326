"""Sources of every kind: many files, packed and binary ones, addresses, databases."""

from __future__ import annotations

import contextlib
import datetime as dt
import decimal
import gzip
import http.server
import json
import sqlite3
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow
import pyarrow.parquet
import pytest
from backports import zstd

from tokenbase.uploader import faults, source
from tokenbase.uploader.batches import Item
from tokenbase.uploader.rows import Row
from tokenbase.uploader.sources import objects, sql

PEOPLE = [("u1", "t1"), ("u2", "t2"), ("u3", "t3")]
CSV = "user_id,token\n" + "".join(f"{person},{token}\n" for person, token in PEOPLE)


def read(*names: str | Path, **more: Any) -> tuple[list[Item], list[tuple[Row, str]]]:
    opened = source.Source([str(name) for name in names], more.pop("wanted", None), None, **more)
    with contextlib.closing(opened.feed):
        found = list(opened.items(None))
    return [item for item in found if isinstance(item, Item)], [row for row in found if not isinstance(row, Item)]


def ids(items: list[Item]) -> list[str | None]:
    return [item.external_id for item in items]


def contact(item: Item) -> dict[str, Any]:
    made = json.loads(item.contact)
    assert isinstance(made, dict)
    return made


def test_zstd_is_unpacked_and_told_where_it_breaks_off(tmp_path: Path) -> None:
    data = ("user_id,token\n" + "".join(f"u{n},t{n}\n" for n in range(200_000))).encode()
    whole = zstd.compress(data[:1000]) + zstd.compress(data[1000:])
    (tmp_path / "a.csv.zst").write_bytes(whole)
    assert len(read(tmp_path / "a.csv.zst")[0]) == 200_000
    (tmp_path / "a.csv.zst").write_bytes(whole[:-100])
    with pytest.raises(faults.BadSource, match="breaks off after line"):
        read(tmp_path / "a.csv.zst")


def test_parquet_gives_its_rows_as_objects(tmp_path: Path) -> None:
    seen = dt.datetime(2026, 9, 30, 10, tzinfo=dt.UTC)
    rows = [{"user_id": number, "token": f"t{number}", "last_seen": seen, "active": False} for number in range(5_000)]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "a.parquet")
    items, rejected = read(tmp_path / "a.parquet")
    assert (len(items), rejected) == (5_000, [])
    assert items[4_999].row.line == 5_000
    assert contact(items[7]) == {
        "externalCustomerId": "7",
        "channels": [
            {
                "type": "mobilepush",
                "value": "t7",
                "device": {"lastActiveAt": "2026-09-30T10:00:00+00:00", "active": False},
            }
        ],
    }


def test_a_workbook_gives_the_rows_of_its_first_filled_sheet(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.create_sheet("Base")
    for row in ([None], ["user_id", "token", "created_at"], [1001, "t1", dt.datetime(2026, 1, 2)], [], [1002.0, "t2"]):
        sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    items, _ = read(tmp_path / "a.xlsx")
    assert ids(items) == ["1001", "1002"]
    assert contact(items[0])["channels"][0]["device"] == {"registeredAt": "2026-01-02T00:00:00"}
    assert [item.row.line for item in items] == [3, 5]
    assert items[1].row.text == "1002,t2,\r\n"


def test_a_gzipped_parquet_and_a_workbook_in_a_zip_are_unpacked_first(tmp_path: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.table({"user_id": ["u1"], "token": ["t1"]}), tmp_path / "a")
    (tmp_path / "a.parquet.gz").write_bytes(gzip.compress((tmp_path / "a").read_bytes()))
    assert ids(read(tmp_path / "a.parquet.gz")[0]) == ["u1"]
    book = openpyxl.Workbook()
    for row in (["user_id", "token"], ["u2", "t2"]):
        book.worksheets[0].append(row)
    book.save(tmp_path / "b.xlsx")
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as packed:
        packed.write(tmp_path / "b.xlsx", "inner/b.xlsx")
    assert ids(read(tmp_path / "c.zip")[0]) == ["u2"]


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A directory with three files of the same columns, one packed, and one that is none of them."""
    made = tmp_path / "many"
    made.mkdir()
    for number, (person, token) in enumerate(PEOPLE):
        text = f"user_id,token\n{person},{token}\n"
        if number == 1:
            (made / "b.csv.gz").write_bytes(gzip.compress(text.encode()))
        else:
            (made / f"{'abc'[number]}.csv").write_text(text)
    (made / "README").write_text("not a base")
    return made


def test_a_directory_a_pattern_and_several_names_give_all_their_rows_with_their_files(many: Path) -> None:
    for names in ([many], [f"{many}/*.csv*"], [f"{many.parent}/**/*.csv*"], sorted(many.glob("*.csv*"))):
        items, _ = read(*names)
        assert ids(items) == ["u1", "u2", "u3"]
        assert [(Path(item.row.file).name, item.row.line) for item in items] == [
            ("a.csv", 2),
            ("b.csv.gz", 2),
            ("c.csv", 2),
        ]


def test_a_zip_gives_the_rows_of_all_its_members(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        for person, token in PEOPLE:
            packed.writestr(f"segment/{person}.jsonl", json.dumps({"user_id": person, "token": token}))
        packed.writestr("readme", "hello")
    items, _ = read(tmp_path / "a.zip")
    assert ids(items) == ["u1", "u2", "u3"]
    assert items[0].row.file.endswith("a.zip!/segment/u1.jsonl")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("d.csv", "user,token\nu9,t9\n", "d.csv has other columns than"),
        ("d.jsonl", '{"user_id":"u9"}', "d.jsonl has another format (jsonl) than"),
        ("d.csv", "", "d.csv is empty"),
    ],
)
def test_an_odd_one_among_many_is_found_before_anything_is_read(many: Path, name: str, text: str, told: str) -> None:
    (many / name).write_text(text)
    with pytest.raises(faults.BadSource) as caught:
        source.Source(str(many), None, None)
    assert told in caught.value.message


def test_names_that_stand_for_nothing_are_told(tmp_path: Path) -> None:
    for name, told in ((f"{tmp_path}/*.csv", "no file is called like"), (str(tmp_path), "has no file in it")):
        with pytest.raises(faults.BadSource, match=told):
            source.Source(name, None, None)
    with pytest.raises(faults.BadSource, match="standard input cannot be one of several"):
        source.Source(["-", "a.csv"], None, None)


class Files(http.server.BaseHTTPRequestHandler):
    bodies: dict[str, bytes] = {
        "/exports/base.csv": CSV.encode(),
        "/base.csv.gz": gzip.compress(CSV.encode()),
        "/body.json": b'{"contacts":[{"user_id":"u1","token":"t1"}],"dedupeOn":"email"}',
        "/broken.csv": CSV.encode() * 20_000,
    }

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if (body := self.bodies.get(path)) is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:-9] if path == "/broken.csv" else body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_what_an_address_holds_is_read_as_it_comes(address: str) -> None:
    assert ids(read(f"{address}/exports/base.csv?signature=x")[0]) == ["u1", "u2", "u3"]
    assert ids(read(f"{address}/base.csv.gz")[0]) == ["u1", "u2", "u3"]
    opened = source.Source(f"{address}/body.json", None, None)
    assert (opened.options(), len(list(opened.items(None)))) == ({"dedupeOn": "email"}, 1)
    opened.feed.close()


def test_an_address_that_fails_is_told_without_its_secrets(address: str) -> None:
    secret = address.replace("http://", "http://user:SECRET@") + "/none.csv?signature=SECRET"
    for name, told in (
        (secret, f"{address}/none.csv cannot be fetched: HTTP 404"),
        ("http://127.0.0.1:9/a.csv", "cannot be fetched"),
        (f"{address}/broken.csv", "breaks off after line"),
    ):
        with pytest.raises(faults.BadSource) as caught:
            read(name)
        assert told in caught.value.message
        assert "SECRET" not in caught.value.message


@pytest.fixture
def database(tmp_path: Path) -> str:
    with contextlib.closing(sqlite3.connect(tmp_path / "a.db")) as conn:
        conn.execute("CREATE TABLE devices (id INTEGER PRIMARY KEY, user_id TEXT, token TEXT, price NUMERIC)")
        conn.executemany("INSERT INTO devices VALUES (?, ?, ?, 1)", [(9 - n, *who) for n, who in enumerate(PEOPLE)])
        conn.commit()
    return f"sqlite:///{tmp_path}/a.db"


def test_a_table_comes_in_the_order_of_its_key_and_a_query_in_its_own(database: str) -> None:
    assert ids(read(database, asked=sql.Wanted(table="devices"))[0]) == ["u3", "u2", "u1"]
    query = "SELECT user_id, token FROM devices WHERE user_id <> 'u2' ORDER BY user_id"
    assert ids(read(database, asked=sql.Wanted(query=query))[0]) == ["u1", "u3"]


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (sql.Wanted(), "--table or --query"),
        (sql.Wanted("SELECT 1", "devices"), "--table or --query"),
        (sql.Wanted(table="device"), "has no table device; there are devices"),
        (sql.Wanted(query="SELECT nonsense FROM devices"), "no such column: nonsense"),
        (sql.Wanted(query="DELETE FROM devices"), "readonly"),
    ],
)
def test_a_database_that_cannot_be_read_is_told(database: str, wanted: sql.Wanted, told: str) -> None:
    with pytest.raises((faults.BadSource, faults.BadCall)) as caught:
        read(database, asked=wanted)
    assert told in caught.value.message
    assert len(read(database, asked=sql.Wanted(table="devices"))[0]) == 3


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sqlite:////none/a.db", "there is no file /none/a.db"),
        ("postgresql://user:SECRET@127.0.0.1:9/x", "postgresql://user:***@127.0.0.1:9/x cannot be read"),
        ("mysql://user:SECRET@127.0.0.1:9/x", "mysql://user:***@127.0.0.1:9/x cannot be read"),
        ("nonsense://x", "nonsense"),
    ],
)
def test_a_database_out_of_reach_is_told_without_its_password(url: str, told: str) -> None:
    with pytest.raises((faults.BadSource, faults.BadCall)) as caught:
        source.Source(url, None, None, asked=sql.Wanted(table="x"))
    assert told in caught.value.message
    assert "SECRET" not in caught.value.message


def test_values_of_databases_become_plain_ones() -> None:
    given = {"a": decimal.Decimal("1.50"), "b": b"\xff\x00", "c": b"text", "d": [dt.date(2026, 1, 2)], "e": None}
    assert objects.plain(given) == {"a": "1.50", "b": "ff00", "c": "text", "d": ["2026-01-02"], "e": None}


@pytest.mark.parametrize(
    ("missing", "name", "told"),
    [
        ("pyarrow", "a.parquet", "tokenbase[files]"),
        ("openpyxl", "a.xlsx", "tokenbase[files]"),
        ("backports.zstd", "a.csv.zst", "tokenbase[files]"),
        ("sqlalchemy", "sqlite:///a.db", "tokenbase[sql]"),
    ],
)
def test_without_a_library_the_extra_that_has_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, name: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    begins = {"a.parquet": b"PAR1", "a.xlsx": b"PK\x03\x04", "a.csv.zst": zstd.compress(CSV.encode())}
    if name in begins:
        Path(name).write_bytes(begins[name])
    for module in [module for module in sys.modules if module == missing or module.startswith(f"{missing}.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(faults.BadSource) as caught:
        source.Source(name, None, None, asked=sql.Wanted(table="x") if "://" in name else None)
    assert told in caught.value.message

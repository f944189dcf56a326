"""Contract 5: a CSV by link, fetched and imported in the background, with what is wrong told in its session."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

import holding
from filehost import Host, Visit
from linking import lapse, status, until, upload
from server import Account, Server
from tokenbase.imports import ahead, ways

PEOPLE = "user_id,email,token\nu-1,ann@b.co,t-1\nu-2,bob@b.co,t-2\n"
ENDED = ("FINISHED", "ERROR")


@pytest.fixture(scope="module")
def opened(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose operator allows links to loopback."""
    log = tmp_path_factory.mktemp("links") / "log"
    running = Server(
        log, module_database_url, TOKENBASE_PRIVATE_LINKS="127.0.0.1, 127.0.0.3", TOKENBASE_LINK_MEGABYTES="2"
    )
    yield running
    assert running.stop() == 0


@pytest.fixture
def reader(opened: Server) -> Account:
    return opened.account()


def ended(account: Account, session: str, seconds: float = 60) -> dict[str, Any]:
    return until(account, session, lambda told: told["status"] in ENDED, seconds)


def imported(account: Account, link: str, **more: Any) -> dict[str, Any]:
    return ended(account, upload(account, link, **more))


def counts(told: dict[str, Any]) -> tuple[int, ...]:
    return tuple(told[name] for name in ("total", "created", "updated", "skipped", "failed"))


def jobs(account: Account) -> list[tuple[Any, ...]]:
    return account.rows("SELECT state, sealed IS NULL FROM job WHERE account_id = %s")


def test_a_csv_by_link_is_imported_in_the_background_and_its_session_tells_all(reader: Account, host: Host) -> None:
    told = imported(reader, host.file("/people.csv", PEOPLE), groupNames=["By link"], eventKeyForNewContacts="came")
    assert (told["status"], told["failedContacts"], told["skippedContacts"], told["warnings"]) == (
        "FINISHED", [], [], [],
    )  # fmt: skip
    assert counts(told) == (2, 2, 0, 0, 0)
    assert "error" not in told
    contact = reader.contact("u-2")
    assert {channel["value"] for channel in contact["channels"]} == {"bob@b.co", "t-2"}
    assert [group["name"] for group in contact["groups"]] == ["By link"]
    assert told["mapping"][1] == {
        "index": 1, "contactId": contact["id"], "externalCustomerId": "u-2", "result": "created", "changed": True,
    }  # fmt: skip
    assert reader.rows(
        "SELECT t.key, count(*) FROM event e JOIN event_type t USING (account_id) WHERE account_id = %s"
        " AND t.id = e.event_type_id GROUP BY 1"
    ) == [("came", 2)]
    assert jobs(reader) == []
    again = imported(reader, host.url + "/people.csv", groupNamesExclude=["By link"])
    assert (counts(again), again["unchanged"]) == ((2, 0, 2, 0, 0), 2)
    assert reader.contact("u-2")["groups"] == []


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffexternalCustomerId;firstName;email\r\nu-1;Ann;ann@b.co\r\n",
        "External ID\tFirst name\tE-mail\nu-1\tAnn\tann@b.co",
        '\n"user_id","first_name","email"\n\n"u-1","Ann","ann@b.co"\n\n',
        "user_id|first_name|email\ru-1|Ann|ann@b.co\r",
    ],
)
def test_delimiters_marks_ends_and_headings_are_understood(reader: Account, host: Host, text: str) -> None:
    assert counts(imported(reader, host.file("/x.csv", text))) == (1, 1, 0, 0, 0)
    contact = reader.contact("u-1")
    assert (contact["firstName"], contact["channels"][0]["value"]) == ("Ann", "ann@b.co")


def test_cells_in_quotes_hold_delimiters_quotes_and_line_breaks(reader: Account, host: Host) -> None:
    text = 'user_id,address,town\nu-1,"12 High St,\n2nd floor","The ""Hague"""\nu-2,x,y\nu 3,z\n'
    told = imported(reader, host.file("/x.csv", text))
    assert reader.contact("u-1")["address"]["town"] == 'The "Hague"'
    assert [one["line"] for one in told["failedContacts"]] == [5]


def test_rows_that_cannot_be_stored_are_told_with_line_and_reason_and_stop_no_other(
    reader: Account, host: Host
) -> None:
    reader.upload({"externalCustomerId": "gone", "channels": []})
    reader.delete("/api/v1/contact?externalCustomerId=gone")
    text = (
        "user_id,email,firstName,shoe size\nu-1,ann@b.co,Ann,9\nu-2,bob@,Bob,9\nu-3,too,many,cells,here\n"
        'gone,x@b.co,Cid,9\nu-5,eve@b.co,Eve2024,9\n"u-6,f@b.co,Fay,9\nu-7,g@b.co,Guy,9\n'
    )
    told = imported(reader, host.file("/x.csv", text))
    assert told["status"] == "FINISHED"
    assert counts(told) == (7, 3, 0, 1, 3)
    failed = {one["line"]: one for one in told["failedContacts"]}
    assert failed.keys() == {3, 4, 7}
    assert (failed[3]["index"], failed[3]["errorCode"], failed[3]["path"], failed[3]["externalCustomerId"]) == (
        1, 1006, "channels[0].value", "u-2",
    )  # fmt: skip
    assert failed[3]["errorMessage"].startswith('channels[0].value: "bob@"')
    assert (failed[4]["errorCode"], failed[4]["row"]) == (1011, "u-3,too,many,cells,here\n")
    assert failed[4]["errorMessage"].startswith("the row has 5 cells, the heading has 4")
    assert "quotation mark" in failed[7]["errorMessage"]
    assert [(one["line"], one["index"], one["errorCode"]) for one in told["skippedContacts"]] == [(5, 3, 1010)]
    assert [one["message"] for one in told["warnings"] if "line" not in one] == [
        'the column "shoe size" is not known and left out'
    ]
    assert [(one["line"], one["path"]) for one in told["warnings"] if "line" in one] == [(6, "firstName")]
    assert [one["result"] for one in told["mapping"]] == [
        "created", "failed", "failed", "skipped", "created", "failed", "created",
    ]  # fmt: skip


def test_a_deleted_contact_comes_back_where_that_is_asked_for(reader: Account, host: Host) -> None:
    reader.upload({"externalCustomerId": "u-1", "channels": []})
    reader.delete("/api/v1/contact?externalCustomerId=u-1")
    told = imported(reader, host.file("/people.csv", PEOPLE), restoreDeleted=True)
    assert (told["restored"], told["created"]) == (1, 1)


def test_columns_may_name_additional_fields_and_a_field_may_identify(reader: Account, host: Host) -> None:
    job, size = reader.field(name="Job", type="text"), reader.field(name="Shoe size", type="number")
    text = f"email,fields.{job},fields.shoe size\nann@b.co,writer,39\n"
    link = host.file("/x.csv", text)
    told = imported(reader, link, dedupeOn="fieldId", fieldId=job)
    assert counts(told) == (1, 1, 0, 0, 0)
    host.file("/x.csv", text.replace("39", "40").replace("ann", "eve"))
    told = imported(reader, link, dedupeOn="fieldId", fieldId=job)
    assert counts(told) == (1, 0, 1, 0, 0)
    fields = {
        one["id"]: one["value"]
        for one in reader.get(f"/api/v1/contact/{told['mapping'][0]['contactId']}").json()["fields"]
    }
    assert {int(key): str(value) for key, value in fields.items()} == {job: "writer", size: "40"}


def test_ids_may_identify(reader: Account, host: Host) -> None:
    contact = reader.upload({"externalCustomerId": "u-1", "channels": []})["id"]
    told = imported(reader, host.file("/x.csv", f"id,first_name\n{contact},Ann\n999999,Bob\n"), dedupeOn="id")
    assert counts(told) == (2, 0, 1, 0, 1)
    assert reader.contact("u-1")["firstName"] == "Ann"


def test_a_long_file_goes_in_by_portions_and_its_mapping_is_told_by_pages(reader: Account, host: Host) -> None:
    text = "user_id,token\n" + "".join(f"u-{n},t-{n}\n" for n in range(7_500))
    session = upload(reader, host.file("/x.csv", text))
    assert counts(ended(reader, session)) == (7_500, 7_500, 0, 0, 0)
    first, second, third = (status(reader, session, **{"from": n})["mapping"] for n in (0, 2_500, 7_499))
    assert [len(page) for page in (first, second, third)] == [3_000, 3_000, 1]
    assert (first[0]["index"], second[0]["index"], third[0]["index"]) == (0, 2_500, 7_499)
    assert all(one["externalCustomerId"] == f"u-{one['index']}" for one in [*first, *second, *third])
    assert status(reader, session, **{"from": 7_500})["mapping"] == []
    assert reader.get(f"/api/v1/importstatus/{session}?from=x").status_code == 400


KNOWN = ways.FEW + 50


def table(version: str, count: int) -> str:
    rows = [f"x{number},V{version},t-{number}\n" for number in range(count)]
    return "".join(["user_id,first_name,token\n", *rows])


def test_a_single_contact_does_not_wait_for_a_portion_of_known_ones(reader: Account, host: Host) -> None:
    assert counts(imported(reader, host.file("/first.csv", table("1", KNOWN)))) == (KNOWN, KNOWN, 0, 0, 0)
    link = host.file("/second.csv", table("2", KNOWN))
    has_it = (
        "SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND classid = 7151"
        " AND objid = %s AND datname = current_database()"
    )
    with holding.held(reader, f"x{KNOWN // 2}", lambda: imported(reader, link)) as sent:
        assert reader.rows(has_it) == []
        single = {"externalCustomerId": "other", "channels": []}
        assert reader.post("/api/v1/contact", json=single).status_code == 200
        assert reader.contact("x0")["firstName"] == "V1"
    assert counts(sent.result()) == (KNOWN, 0, KNOWN, 0, 0)
    assert reader.contact("x0")["firstName"] == "V2"


def test_a_row_that_is_changed_meanwhile_is_looked_at_again_and_counted_once(reader: Account, host: Host) -> None:
    imported(reader, host.file("/first.csv", table("1", KNOWN)))
    link = host.file("/second.csv", table("2", KNOWN) + ",Nobody,\n")
    last = KNOWN - 1
    with holding.held(reader, f"x{KNOWN // 2}", lambda: imported(reader, link)) as sent:
        single = {"externalCustomerId": f"x{last}", "lastName": "Own", "channels": []}
        assert reader.post("/api/v1/contact", json=single).status_code == 200
    told = sent.result()
    assert counts(told) == (KNOWN + 1, 0, KNOWN, 0, 1)
    assert [row["line"] for row in told["failedContacts"]] == [KNOWN + 2]
    portions = "SELECT first_row, cardinality(contact_ids) FROM import_portion WHERE account_id = %s ORDER BY 2"
    assert reader.rows(portions) == [(0, KNOWN), (0, KNOWN + 1)]
    contact = reader.contact(f"x{last}")
    assert (contact["firstName"], contact["lastName"]) == ("V2", "Own")


def test_new_rows_are_written_while_another_has_the_account(reader: Account, host: Host) -> None:
    reader.upload({"externalCustomerId": "first", "channels": []})
    many = 2 * ahead.PART
    link = host.file("/new.csv", table("1", many))
    with holding.locked(reader):
        session = upload(reader, link)
        holding.until_written(reader)
        assert status(reader, session)["total"] == 0
    assert counts(ended(reader, session)) == (many, many, 0, 0, 0)


def test_of_very_many_bad_rows_the_first_thousand_are_told_and_all_are_counted(reader: Account, host: Host) -> None:
    text = "user_id,email\n" + "".join(f"u-{n},bad\n" for n in range(3_500))
    told = imported(reader, host.file("/x.csv", text))
    assert counts(told) == (3_500, 0, 0, 0, 3_500)
    assert [one["line"] for one in told["failedContacts"]] == list(range(2, 1_002))


@pytest.mark.parametrize("how", ["gzip file", "gzip encoding", "both"])
def test_a_file_may_be_packed(reader: Account, host: Host, how: str) -> None:
    packed = gzip.compress(PEOPLE.encode())
    if how == "gzip file":
        link = host.file("/people.csv.gz", packed)
    elif how == "gzip encoding":
        link = host.file("/people.csv", packed, Content_Encoding="gzip")
    else:
        link = host.file("/people.csv.gz", gzip.compress(packed), Content_Encoding="gzip")
    assert counts(imported(reader, link)) == (2, 2, 0, 0, 0)


def test_credentials_in_the_link_are_sent_and_shown_nowhere(reader: Account, host: Host) -> None:
    secret = "s3cr%40t-inmost"
    authority = f"ann:{secret}@"
    link = host.file("/people-inmost.csv?sign=inmost", PEOPLE).replace("http://", f"http://{authority}")
    waits = host.page("/later-inmost.csv", lambda visit: visit.answer(503)).replace("http://", f"http://{authority}")
    assert imported(reader, link)["status"] == "FINISHED"
    assert host.visits[0][1]["authorization"] == "Basic YW5uOnMzY3JAdC1pbm1vc3Q="
    session = upload(reader, waits)
    told = until(reader, session, lambda told: "error" in told)
    assert told["error"] == "127.0.0.1 answers with HTTP 503"
    assert "inmost" not in str(told)
    assert "inmost" not in reader.server.log.read_text()
    assert "s3cr" not in reader.server.log.read_text()
    for table in ("job", "import_session"):
        for (row,) in reader.rows(f"SELECT t::text FROM {table} t WHERE account_id = %s"):
            assert "inmost" not in row
            assert b"inmost".hex() not in row
    host.page("/later-inmost.csv", lambda visit: visit.answer(404))
    lapse(reader)
    assert ended(reader, session)["error"] == "127.0.0.1 answers with HTTP 404"
    # With the last attempt the link is gone, encrypted as it was.
    assert jobs(reader) == [("failed", True)]


def test_a_redirect_is_followed_and_takes_no_credentials_to_another_server(reader: Account, host: Host) -> None:
    other = Host("127.0.0.3")
    other.file("/people.csv", PEOPLE)
    host.page("/here", lambda visit: visit.answer(302, Location="/there"))
    host.page("/there", lambda visit: visit.answer(307, Location=f"{other.url}/people.csv"))
    link = f"{host.url}/here".replace("http://", "http://ann:pw@")
    assert imported(reader, link)["status"] == "FINISHED"
    assert ["authorization" in headers for _, headers in host.visits] == [True, True]
    assert ["authorization" in headers for _, headers in other.visits] == [False]
    other.close()


def test_redirects_without_end_and_to_elsewhere_end_the_session(reader: Account, host: Host) -> None:
    host.page("/round", lambda visit: visit.answer(301, Location="/round"))
    host.page("/file", lambda visit: visit.answer(301, Location="file:///etc/passwd"))
    assert imported(reader, f"{host.url}/round")["error"] == "127.0.0.1 redirects more than 5 times"
    assert imported(reader, f"{host.url}/file")["error"] == "127.0.0.1 redirects to what is no http or https address"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"", "the file is empty"),
        (b"user_id,email\n", "the file has headings and no rows"),
        (b"a,b\n1,2\n", "none of the headings is known (a, b)"),
        (b"<!doctype html>\n<p>\n", "none of the headings is known (<!doctype html>)"),
        (b"email,email\na@b.co,b@b.co\n", 'the file: two columns are called "email"'),
        (b"user_id\nu-1\nu-\xe9\n", "the file is not UTF-8: byte 0xE9 in line 3"),
        ("user_id\nu-1\n".encode("utf-16"), "the file is not UTF-8: byte 0xFF in line 1"),
        (b"PK\x03\x04...", "the file is a ZIP or a workbook"),
        (b"\x1f\x8b\x08nonsense", "the file is not a whole gzip"),
        (b"user_id\n" + b"u-1\n" * 600_000, "the file has 2 MB, more than the 2 that are fetched"),
        (gzip.compress(b"user_id\n" + b"u-1\n" * 5_000_000), "the file has more than 2 MB"),
        (b"user_id\n" + b"x" * 1_100_000, "line 2 has over 1,048,576 characters"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_none_ends_the_session_with_the_reason(
    reader: Account, host: Host, text: bytes, error: str
) -> None:
    told = imported(reader, host.file("/x.csv", text))
    assert told["status"] == "ERROR"
    assert told["error"].startswith(error)
    assert counts(told) == (0, 0, 0, 0, 0)
    assert told["finishedAt"] is not None
    assert jobs(reader) == [("failed", True)]


@pytest.mark.parametrize("code", [401, 403, 404, 410])
def test_an_answer_that_will_stay_ends_the_session(reader: Account, host: Host, code: int) -> None:
    told = imported(reader, host.page("/x.csv", lambda visit: visit.answer(code, b"user_id\nu-1\n")))
    assert (told["status"], told["error"]) == ("ERROR", f"127.0.0.1 answers with HTTP {code}")


def test_a_host_that_there_is_not_ends_the_session(reader: Account) -> None:
    session = upload(reader, "http://nobody.invalid/people.csv")
    told = until(reader, session, lambda told: "error" in told)
    # Where there is no name service at all, it is tried again.
    assert told["error"] in (
        "there is no host nobody.invalid", "the name service does not answer for nobody.invalid",
    )  # fmt: skip


def test_what_may_pass_is_tried_again_and_told_meanwhile(reader: Account, host: Host) -> None:
    closed = Host()
    closed.close()
    session = upload(reader, f"{closed.url}/people.csv")
    told = until(reader, session, lambda told: "error" in told)
    assert told["status"] in ("NEW", "IMPORTING")
    assert "refused" in told["error"]

    answers = [lambda visit: visit.answer(503), cut, lambda visit: visit.answer(200, PEOPLE.encode())]
    session = upload(reader, host.page("/x.csv", lambda visit: answers.pop(0)(visit)))
    for error in ("127.0.0.1 answers with HTTP 503", "127.0.0.1 cannot be fetched from"):
        told = until(reader, session, lambda told, error=error: error in told.get("error", ""))
        assert (told["finishedAt"], told["total"]) == (None, 0)
        lapse(reader)
    told = ended(reader, session)
    assert (told["status"], told["total"]) == ("FINISHED", 2)
    assert "error" not in told


def cut(visit: Visit) -> None:
    """Promise more than comes."""
    visit.send_response(200)
    visit.send_header("Content-Length", "1000")
    visit.end_headers()
    visit.wfile.write(PEOPLE.encode())


def test_what_never_passes_fails_after_five_attempts(reader: Account, host: Host) -> None:
    session = upload(reader, host.page("/x.csv", lambda visit: visit.answer(500)))
    for attempt in range(1, 6):
        deadline = time.monotonic() + 30
        while len(host.visits) < attempt or reader.rows(
            "SELECT 1 FROM job WHERE account_id = %s AND state = 'running'"
        ):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        lapse(reader)
    told = ended(reader, session)
    assert (told["status"], told["error"]) == ("ERROR", "127.0.0.1 answers with HTTP 500 (5 attempts)")
    assert len(host.visits) == 5


def test_a_slow_host_holds_up_no_request_and_its_file_arrives(reader: Account, host: Host) -> None:
    def slowly(visit: Visit) -> None:
        visit.send_response(200)
        visit.send_header("Transfer-Encoding", "chunked")
        visit.end_headers()
        for line in PEOPLE.splitlines(keepends=True):
            visit.wfile.write(f"{len(line):x}\r\n{line}\r\n".encode())
            visit.wfile.flush()
            time.sleep(1.5)
        visit.wfile.write(b"0\r\n\r\n")

    session = upload(reader, host.page("/x.csv", slowly))
    began = time.monotonic()
    reader.upload({"externalCustomerId": "meanwhile", "channels": []})
    assert time.monotonic() - began < 1.5
    assert until(reader, session, lambda told: told["status"] != "NEW")["status"] == "IMPORTING"
    assert counts(ended(reader, session)) == (2, 2, 0, 0, 0)


def test_a_host_that_hangs_holds_up_no_other_account(reader: Account, host: Host) -> None:
    let_go = threading.Event()
    hanging = upload(reader, host.page("/hangs.csv", lambda visit: let_go.wait(60) and visit.answer(404)))
    behind = upload(reader, host.file("/people.csv", PEOPLE))
    other = reader.server.account("Other")
    assert imported(other, host.url + "/people.csv")["status"] == "FINISHED"
    # One of the account's own waits for it.
    assert [status(reader, session)["status"] for session in (hanging, behind)] == ["IMPORTING", "NEW"]
    let_go.set()
    assert ended(reader, hanging)["status"] == "ERROR"
    assert ended(reader, behind)["status"] == "FINISHED"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"link": None}, "link"),
        ({"link": " "}, "link"),
        ({"link": "people.csv"}, "link"),
        ({"link": "ftp://example.com/x.csv"}, "link"),
        ({"link": "file:///etc/passwd"}, "link"),
        ({"link": "http://"}, "link"),
        ({"link": "http://example.com:99999/x"}, "link"),
        ({"link": "http://example.com/\r\nX: y"}, "link"),
        ({"link": "http://exa mple.com/"}, "link"),
        ({"link": "http://example.com/" + "x" * 2_048}, "link"),
        ({"dedupeOn": None}, "dedupeOn"),
        ({"dedupeOn": "shoe size"}, "dedupeOn"),
        ({"dedupeOn": "fieldId", "fieldId": 999}, "fieldId"),
        ({"eventKeyForNewContacts": "no key"}, "eventKeyForNewContacts"),
        ({"groupNames": ["x" * 256]}, "groupNames[0]"),
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_400_and_no_session(reader: Account, body: dict[str, Any], path: str) -> None:
    sent = {"link": "http://example.com/x.csv", "dedupeOn": "email", **body}
    response = reader.post("/api/v1/contacts/upload", json=sent)
    assert response.status_code == 400
    assert [one["path"] for one in response.json()["errors"]] == [path]
    assert reader.rows("SELECT 1 FROM import_session WHERE account_id = %s") == jobs(reader) == []


def test_an_account_has_a_hundred_links_waiting_at_most(reader: Account, host: Host) -> None:
    link = host.page("/x.csv", lambda visit: visit.answer(500))
    answers = [reader.post("/api/v1/contacts/upload", json={"link": link, "dedupeOn": "email"}) for _ in range(101)]
    assert [response.status_code for response in answers] == [200] * 100 + [429]
    assert answers[-1].headers["retry-after"]
    reader.rows("DELETE FROM job WHERE account_id = %s RETURNING 1")


def test_a_session_of_a_link_is_no_other_accounts(reader: Account, host: Host) -> None:
    session = upload(reader, host.file("/people.csv", PEOPLE))
    stranger = reader.server.account("Stranger")
    assert stranger.get(f"/api/v1/importstatus/{session}").status_code == 404
    ended(reader, session)
    assert stranger.get(f"/api/v1/importstatus/{session}").status_code == 404
    assert stranger.get("/api/v1/contact?externalCustomerId=u-1").status_code == 404


PRIVATE = ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1", "2130706433", "0x7f.1")


def test_private_addresses_are_refused_unless_the_operator_allows_them(
    database_url: str, directory: Any, host: Host
) -> None:
    server = Server(directory / "log", database_url)
    account = server.account()
    port = host.server_address[1]
    host.file("/people.csv", PEOPLE)
    sessions = [(name, upload(account, f"http://{name}:{port}/people.csv")) for name in PRIVATE]
    sessions += [(name, upload(account, f"http://{name}/latest/meta-data")) for name in ("169.254.169.254", "10.0.0.1")]
    for name, session in sessions:
        told = ended(account, session)
        assert told["status"] == "ERROR", name
        assert "not public" in told["error"] or "no host" in told["error"], (name, told["error"])
    assert host.visits == []
    assert server.stop() == 0


def test_a_redirect_to_a_private_address_is_refused(reader: Account) -> None:
    allowed, inside = Host("127.0.0.3"), Host("127.0.0.2")
    inside.file("/people.csv", PEOPLE)
    link = allowed.page("/people.csv", lambda visit: visit.answer(302, Location=f"{inside.url}/people.csv"))
    told = imported(reader, link)
    assert told["status"] == "ERROR"
    assert told["error"].startswith("127.0.0.2 leads to an address that is not public")
    assert (len(allowed.visits), inside.visits) == (1, [])
    allowed.close()
    inside.close()

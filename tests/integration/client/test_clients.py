"""Both clients against a real server, and against one that fails first."""

from __future__ import annotations

import asyncio
import http.server
import inspect
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import tokenbase
from filehost import Host
from server import Account, Server
from tokenbase.client import faults
from tokenbase.contract.contacts import Channel, Contact

APP = "83b77a49-fc28-409b-aeaa-68c9d544ab9d"
REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "client.md"
UPLOADERS = {"add_contacts", "try_contacts", "version", "contact", "contacts", "account"}
"""What only the uploader and the export use."""


class Both:
    """One of the two clients behind plain calls, so that one test holds for both."""

    def __init__(self, kind: str, url: str, key: str, **more: Any) -> None:
        self.kind, self.arguments, self.more = kind, (url, key), more

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *args, **kwargs: self._call(name, args, kwargs)

    def _call(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self.kind == "sync":
            with tokenbase.Client(*self.arguments, **self.more) as to:
                found = getattr(to, name)(*args, **kwargs)
                return list(found) if inspect.isgenerator(found) else found

        async def ask() -> Any:
            async with tokenbase.AsyncClient(*self.arguments, **self.more) as to:
                found = getattr(to, name)(*args, **kwargs)
                return [one async for one in found] if inspect.isasyncgen(found) else await found

        return asyncio.run(ask())


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def to(kind: str, account: Account) -> Any:
    return Both(kind, account.server.url, account.secret)


def person(number: int, **more: Any) -> dict[str, Any]:
    return {"externalCustomerId": f"x{number}", "channels": [], **more}


def ended(to: Any, session: str, status: str) -> Any:
    """What is told of an import when it has a status."""
    until = time.monotonic() + 60
    while (told := to.import_status(session)).status != status:
        assert time.monotonic() < until
        time.sleep(0.2)
    return told


def test_contacts_go_in_and_come_back_typed(to: Any, account: Account) -> None:
    token = Channel(type="mobilepush", value="t/1+%")
    answer = to.import_contacts(
        [Contact(external_customer_id="x1", channels=[token]), person(2, lastName="Smith"), {"channels": []}],
        groupNames=["Customers"],
    )
    assert (answer.created, len(answer.failed_contacts)) == (2, 1)
    assert [one.result for one in to.import_status(answer.async_session_id).mapping] == ["created", "created", "failed"]
    found = to.read("x1")
    assert (found.external_customer_id, found.channels[0].value) == ("x1", "t/1+%")
    assert to.read_by_id(found.id) == found
    assert [segment.name for segment in to.segments()] == ["Customers"]
    assert to.segments(name="nobody's") == []


def test_one_contact_is_saved_updated_and_deleted(to: Any) -> None:
    saved = to.save(person(1, firstName="12345"))
    assert saved.warnings[0].path == "firstName"
    assert to.update(saved.id, {"firstName": "Ann"}).id == saved.id
    assert to.read("x1").first_name == "Ann"
    assert to.delete("x1") is None
    with pytest.raises(faults.NotFound):
        to.read("x1")
    to.delete("x1", erase=True)
    assert to.save(person(1)).id != saved.id


def test_a_search_goes_over_its_pages(to: Any, account: Account) -> None:
    account.upload(*(person(number, lastName="Smith") for number in range(1003)), person(5000, lastName="Jones"))
    found = to.search(lastname="smith")
    assert len({contact.id for contact in found}) == len(found) == 1003
    assert to.search(email="nobody@example.com") == []


def test_tokens_and_fields(to: Any, account: Account) -> None:
    token = {"type": "mobilepush", "value": "a/b c", "device": {"appId": APP}}
    owner = account.upload(person(1, channels=[token]))["id"]
    assert to.token_owner(APP, "a/b c") == owner
    assert to.token_active(APP, "a/b c") is True
    to.set_token_active(APP, "a/b c", False)
    assert to.token_active(APP, "a/b c") is False
    made = to.create_field("Shoe size")
    assert made.id in {field.id for field in to.fields()}


def test_segments_are_made_counted_filled_and_removed(to: Any, account: Account) -> None:
    account.upload(*(person(number, address={"town": "Kyiv" if number else "Lviv"}) for number in range(501)))
    kyiv = {"on": "town", "is": "kyiv"}
    assert to.count(kyiv) == 500
    made = to.create_segment("In Kyiv", kyiv)
    assert (made.type, to.segment(made.id).conditions) == ("Dynamic", kyiv)
    with pytest.raises(faults.Conflict):
        to.create_segment("In Kyiv")
    assert to.change_segment(made.id, "All", {"on": "created", "within": 1}).name == "All"
    assert to.segment(made.id).conditions == {"on": "created", "within": 1}
    assert len({contact.id for contact in to.segment_contacts(made.id)}) == 501
    listed = to.create_segment("Some")
    moved = to.attach(listed.id, ["x1", "x2", "nobody"])
    assert (moved.contacts, [one.path for one in moved.warnings]) == (2, ["externalCustomerIds[2]"])
    assert to.detach(listed.id, "x1").contacts == 1
    assert [contact.external_customer_id for contact in to.segment_contacts(listed.id)] == ["x2"]
    with pytest.raises(faults.Conflict):
        to.attach(made.id, ["x1"])
    assert to.attach(listed.id, contact_ids=[to.read("x3").id]).contacts == 1
    # To the server, nobody would be everybody.
    for word in (to.attach, to.detach):
        with pytest.raises(faults.BadRequest, match="nobody"):
            word(listed.id, [])
    assert len(to.segment_contacts(listed.id)) == 2
    assert to.empty_segment(listed.id).contacts == 2
    to.delete_segment(made.id)
    with pytest.raises(faults.NotFound):
        to.segment(made.id)
    with pytest.raises(faults.BadRequest) as caught:
        to.count({"on": "town", "is": 3})
    assert caught.value.errors[0].path == "conditions.is"


def test_what_people_want_to_receive_is_noted(to: Any, account: Account) -> None:
    channels = [{"type": "mobilepush", "value": "t1", "device": {"appId": APP}}, {"type": "email", "value": "ann@b.co"}]
    account.upload(person(1, channels=channels))
    assert (to.mute(APP, ["t1"]).tokens, to.unmute(APP, ["t1", "t2"]).tokens) == (1, 1)
    assert [one.path for one in to.unsubscribe(["ann@b.co", "nobody"]).warnings] == ["emails[1]"]
    assert account.rows("SELECT count(*) FROM unsubscribed_email WHERE account_id = %s") == [(1,)]
    assert to.resubscribe("ann@b.co").warnings == []
    assert account.rows("SELECT count(*) FROM unsubscribed_email WHERE account_id = %s") == [(0,)]
    bob = {"firstName": "Bob", "channels": [{"type": "email", "value": "bob@b.co"}]}
    subscribed = to.subscribe(bob, ["News"], form_type="footer")
    assert to.read_by_id(subscribed.id).groups[0].name == "News"


def test_what_is_held_is_exported_and_an_erasure_is_on_record(to: Any) -> None:
    saved = to.save(person(1, firstName="Ann"))
    assert (to.export("x1").contact.id, to.export("x1").deleted_at) == (saved.id, None)
    to.delete("x1", erase=True)
    with pytest.raises(faults.NotFound):
        to.export("x1")
    bare = to.save({"channels": [{"type": "mobilepush", "value": "t9"}]}).id
    assert to.export_by_id(bare).contact.channels[0].value == "t9"
    for asked in ({"external_id": "x1"}, {"contact_id": saved.id}, {}):
        assert [one.contact_id for one in to.erasures(**asked)] == [saved.id]
    assert to.erasures(contact_id=bare) == []


def test_a_link_is_imported_and_told_of_row_by_row(kind: str, database_url: str, tmp_path: Path, host: Host) -> None:
    server = Server(tmp_path / "log", database_url, TOKENBASE_PRIVATE_LINKS="127.0.0.1")
    to = Both(kind, server.url, server.account().secret)
    people = "".join(f"x{number},{'joe@' if number == 1 else ''}\n" for number in range(3_002))
    session = to.import_link(host.file("/people.csv", "externalCustomerId,email\n" + people), groupNames=["By link"])
    told = ended(to, session, "FINISHED")
    assert (told.total, told.created, told.failed, told.skipped) == (3_002, 3_001, 1, 0)
    assert [one.line for one in told.failed_contacts] == [3]
    rest = to.import_status(session, first=len(told.mapping))
    assert [one.index for one in told.mapping + rest.mapping] == list(range(3_002))
    assert server.stop() == 0


def test_a_link_that_may_not_be_fetched_ends_with_the_reason(to: Any) -> None:
    session = to.import_link("http://127.0.0.1:9/contacts.csv", groupNames=["By link"])
    told = ended(to, session, "ERROR")
    assert "TOKENBASE_PRIVATE_LINKS" in told.error


def test_exceptions_are_named_by_the_problem(to: Any, kind: str, account: Account) -> None:
    url = account.server.url
    with pytest.raises(faults.Unauthorised):
        Both(kind, url, "tb_wrong").fields()
    with pytest.raises(faults.Forbidden):
        Both(kind, url, account.key("events")).read("x")
    with pytest.raises(faults.BadRequest) as caught:
        to.import_contacts([person(1)], "name")
    assert (caught.value.status, caught.value.errors[0].path) == (400, "dedupeOn")
    with pytest.raises(faults.TooManyContacts, match="3,001"):
        to.import_contacts([person(number) for number in range(3001)])
    first = to.save(person(1)).id
    to.save(person(2))
    with pytest.raises(faults.Conflict):
        to.update(first, {"externalCustomerId": "x2"})
    to.import_contacts([person(3)], idempotency_key="k")
    with pytest.raises(faults.IdempotencyConflict):
        to.import_contacts([person(4)], idempotency_key="k")
    with pytest.raises(faults.TooLarge):
        to.import_contacts([person(1, contactKey="x" * 40_000_000)])


class Failing(http.server.BaseHTTPRequestHandler):
    """Answers by a script: a status and headers for each request, the last one for all further."""

    protocol_version = "HTTP/1.1"
    script: list[tuple[int, dict[str, str]]]
    asked: list[str]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.asked.append(self.headers.get("Idempotency-Key", ""))
        status, headers = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if status == 0:
            self.close_connection = True
            return
        content = json.dumps({"id": 1, "created": 1} if status == 200 else {"errorMessage": "no"}).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_DELETE = do_POST

    def log_message(self, *_: Any) -> None:
        pass


Script = Callable[..., tuple[str, type[Failing]]]


@pytest.fixture
def failing() -> Iterator[Script]:
    running: list[tuple[http.server.ThreadingHTTPServer, threading.Thread]] = []

    def start(*script: tuple[int, dict[str, str]]) -> tuple[str, type[Failing]]:
        handler = type("Handler", (Failing,), {"script": list(script), "asked": []})
        made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        running.append((made, thread))
        return f"http://127.0.0.1:{made.server_port}", handler

    yield start
    for made, thread in running:
        made.shutdown()
        thread.join()
        made.server_close()


def waiting(kind: str, pauses: list[float]) -> Callable[[float], Any]:
    async def later(seconds: float) -> None:
        pauses.append(seconds)

    return pauses.append if kind == "sync" else later


def test_what_may_pass_is_tried_again_after_what_the_server_says_or_longer(kind: str, failing: Script) -> None:
    url, handler = failing((429, {"Retry-After": "7"}), (503, {}), (0, {}), (500, {}), (200, {}))
    pauses: list[float] = []
    to: Any = Both(kind, url, "k", wait=waiting(kind, pauses))
    assert to.import_contacts([person(1)]).created == 1
    assert pauses[0] == 7
    for pause, longest in zip(pauses[1:], (1, 2, 4), strict=True):
        assert longest / 2 <= pause <= longest
    # Each attempt is the same request to the server.
    assert len(handler.asked) == 5
    assert len(set(handler.asked)) == 1
    assert handler.asked[0]


def test_after_the_last_attempt_the_fault_is_raised(kind: str, failing: Script) -> None:
    for status, fault in ((429, faults.TooManyRequests), (503, faults.Unavailable), (502, faults.TryAgain)):
        url, handler = failing((status, {"Retry-After": "0"}))
        to: Any = Both(kind, url, "k", retries=2, wait=waiting(kind, []))
        with pytest.raises(fault, match=f"HTTP {status}: no"):
            to.save(person(1))
        assert len(handler.asked) == 3


@pytest.mark.parametrize(
    ("deed", "given"),
    [
        ("delete", ["x"]),
        ("create_field", ["Size"]),
        ("import_link", ["http://example.com/x.csv"]),
        ("subscribe", [{"channels": []}]),
        ("create_segment", ["A"]),
        ("delete_segment", [1]),
        ("empty_segment", [1]),
    ],
)
def test_what_is_not_safe_to_repeat_is_not_sent_twice_where_it_may_have_arrived(
    kind: str, failing: Script, deed: str, given: list[Any]
) -> None:
    for status, attempts in ((0, 1), (502, 1), (429, 3), (503, 3)):
        url, handler = failing((status, {"Retry-After": "0"}))
        to: Any = Both(kind, url, "k", retries=2, wait=waiting(kind, []))
        with pytest.raises(faults.TryAgain) as caught:
            getattr(to, deed)(*given)
        assert (len(handler.asked), caught.value.unknown) == (attempts, attempts == 1)


def test_both_clients_have_the_same_methods_and_the_reference_names_them() -> None:
    def methods(kind: type) -> dict[str, str]:
        found = inspect.getmembers(kind, inspect.isfunction)
        return {name: str(inspect.signature(one)) for name, one in found if not name.startswith("_")}

    ours = {name: signature for name, signature in methods(tokenbase.Client).items() if name not in UPLOADERS}
    theirs = methods(tokenbase.AsyncClient)
    assert ours.keys() == theirs.keys()
    for name, signature in ours.items():
        assert theirs[name].replace("AsyncIterator", "Iterator") == signature
    text = REFERENCE.read_text()
    assert set(re.findall(r"`(\w+)\(", text)) | set(re.findall(r", `(\w+)\(", text)) == {"Client", *ours}
    for name, fault in vars(faults).items():
        assert not isinstance(fault, type) or f"`{name}`" in text, name

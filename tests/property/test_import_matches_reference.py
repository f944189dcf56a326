"""Whatever is sent, the base ends as the reference model says (tests/property/reference.py)."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import os
from typing import Any
from unittest import mock

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from property.reference import Model
from tokenbase.accounts import accounts
from tokenbase.contacts import fields, identity, removal
from tokenbase.contract import tokens
from tokenbase.contract.fields import FieldDefinition
from tokenbase.contract.imports import ImportRequest
from tokenbase.imports import ahead, arrivals, batch, single, ways
from tokenbase.store import database

EXAMPLES = int(os.environ.get("TOKENBASE_TEST_EXAMPLES", "150"))
APPS = (None, "83b77a49-fc28-409b-aeaa-68c9d544ab9d", "1f0c3c1e-7a54-4b3f-9c53-3b1f2ad0e6f1")
EMAILS = ("a@b.co", "A@B.co", "c@d.co")
PHONES = ("380671234567", "380671234568")
HEX = "ab" * 32
TOKENS = ("t1", "t2", HEX)
FIELDS = (501, 502)

token = st.tuples(st.sampled_from(APPS), st.sampled_from(TOKENS))
device = st.fixed_dictionaries({}, optional={"os": st.sampled_from(["iOS", "Android"]), "active": st.booleans()})
contact = st.fixed_dictionaries(
    {
        "tokens": st.dictionaries(token, device, max_size=2),
        "fields": st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(["v1", "v2"]), max_size=2),
    },
    optional={
        "external": st.sampled_from(["x1", "x2", "x3"]),
        "id": st.integers(0, 4),
        "firstName": st.sampled_from(["Ann", "Bob"]),
        "contactKey": st.sampled_from(["k1", "k2"]),
        "email": st.sampled_from(EMAILS),
        "sms": st.sampled_from(PHONES),
        "telegram": st.sampled_from(["g1", "g2"]),
    },
)
NAMES = ["firstName", "contactKey", "email", "sms", "telegram", "externalCustomerId", "mobilepush"]
DEDUPE = ["externalCustomerId", "email", "sms", "email_or_sms", "mobilepush", "telegram", "contactKey", "fieldId", "id"]
request = st.fixed_dictionaries(
    {
        "act": st.just("request"),
        "contacts": st.lists(contact, min_size=1, max_size=5),
        "dedupe_on": st.sampled_from(DEDUPE),
        "listed": st.none() | st.lists(st.sampled_from(NAMES), unique=True),
        "field_ids": st.lists(st.sampled_from(FIELDS), unique=True),
        "restore": st.booleans(),
        "field_id": st.sampled_from(FIELDS),
    }
)
one = st.fixed_dictionaries({"act": st.just("single"), "contact": contact})
again = st.fixed_dictionaries({"act": st.just("again"), "which": st.integers(0, 5)})
remove = st.fixed_dictionaries({"act": st.just("remove"), "which": st.integers(0, 20), "erase": st.booleans()})


class Run:
    """One account, and the model of it, going through the same acts."""

    def __init__(self, base: database.Database) -> None:
        self.base = base
        self.model = Model()
        self.ids: list[int] = []
        self.requests: list[dict[str, Any]] = []
        self.time = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
        self.account_id = accounts.create(base, "Test", "a@b.co", self.time)
        for field_id in FIELDS:
            fields.create(
                base, self.account_id, FieldDefinition(id=field_id, name=f"F{field_id}", type="text"), self.time
            )

    def clock(self) -> dt.datetime:
        return self.time

    def act(self, act: dict[str, Any]) -> None:
        self.time += dt.timedelta(seconds=1)
        if act["act"] == "again":
            # What was sent before, whatever happened since: contacts that stand as they were sent are passed over.
            if not self.requests:
                return
            act = self.requests[act["which"] % len(self.requests)]
        if act["act"] == "request":
            self.requests.append(act)
            self._request(**{name: value for name, value in act.items() if name != "act"})
        elif act["act"] == "single":
            self._single(act["contact"])
        else:
            self._remove(act["which"], act["erase"])

    def _request(self, contacts: list[dict[str, Any]], dedupe_on: str, field_id: int, **how: Any) -> None:
        # Nobody can send the id of a contact that is not there yet.
        contacts = [sent if sent.get("id", 0) < len(self.ids) else {**sent, "id": 10**12} for sent in contacts]
        expected = self.model.request(contacts, dedupe_on, field_id=field_id, **how)
        body = {
            "contacts": [self._wire(sent) for sent in contacts],
            "dedupeOn": dedupe_on,
            "fieldId": field_id,
            "contactFields": how["listed"],
            "customFieldsIDs": how["field_ids"],
            "restoreDeleted": how["restore"],
        }
        asked = msgspec.json.decode(json.dumps(body), type=ImportRequest)
        answer = json.loads(batch.accept(self.base, self.account_id, asked, None, False, self.clock))
        self._learn_ids()
        assert answer["total"] == len(contacts)
        assert answer["total"] == sum(answer[n] for n in ("created", "updated", "restored", "skipped", "failed"))
        with self.base.transaction() as conn:
            statement = b"SELECT results, contact_ids FROM import_session WHERE account_id = %s AND id = %s"
            ((letters, ids),) = conn.execute(statement, (self.account_id, answer["asyncSessionId"])).fetchall()
        words = {"c": "created", "u": "updated", "n": "updated", "r": "restored", "s": "skipped", "f": "failed"}
        got = [
            (words[letter], self.ids.index(contact_id) if contact_id else None, letter in "cur")
            for letter, contact_id in zip(letters, ids, strict=True)
        ]
        assert got == expected

    def _single(self, sent: dict[str, Any]) -> None:
        sent = {name: value for name, value in sent.items() if name != "id"}
        ((result, number, _),) = self.model.request([sent], "single", restore=True)
        raw = msgspec.Raw(json.dumps(self._wire(sent)).encode())
        try:
            saved = single.save(self.base, self.account_id, raw, self.clock)
        except batch.problems.BadValue:
            assert result == "failed"
            return
        self._learn_ids()
        assert self.ids.index(saved.id) == number

    def _remove(self, which: int, erase: bool) -> None:
        there = [c["number"] for c in self.model.contacts if not c["erased"] and (erase or not c["deleted"])]
        if there:
            number = there[which % len(there)]
            self.model.delete(number, erase)
            removal.by_id(self.base, self.account_id, self.ids[number], erase, self.time)

    def _wire(self, sent: dict[str, Any]) -> dict[str, Any]:
        channels = [
            {
                "type": "mobilepush",
                "value": _cased(value, described),
                "device": described | ({"appId": app} if app else {}),
            }
            for (app, value), described in sent["tokens"].items()
        ]
        channels += [{"type": kind, "value": sent[kind]} for kind in ("email", "sms", "telegram") if kind in sent]
        made = {name: sent[name] for name in ("firstName", "contactKey") if name in sent}
        made |= {"channels": channels, "fields": [{"id": i, "value": value} for i, value in sent["fields"].items()]}
        if "external" in sent:
            made["externalCustomerId"] = sent["external"]
        if "id" in sent:
            made["id"] = self.ids[sent["id"]] if sent["id"] < len(self.ids) else sent["id"]
        return made

    def _learn_ids(self) -> None:
        with self.base.transaction() as conn:
            rows = conn.execute(
                b"SELECT id FROM contact WHERE account_id = %s ORDER BY id", (self.account_id,)
            ).fetchall()
        self.ids += [row[0] for row in rows if not self.ids or row[0] > self.ids[-1]]

    def check(self) -> None:
        """The whole base is what the model says, and the identity table is exactly what the base makes of it."""
        with self.base.transaction() as conn:
            stored = conn.execute(
                b"SELECT id, external_id, email, sms, telegram, first_name, contact_key, fields, deleted_at IS NOT NULL"
                b" FROM contact WHERE account_id = %s ORDER BY id",
                (self.account_id,),
            ).fetchall()
            devices = conn.execute(
                b"SELECT contact_id, app_id::text, value, os, active FROM token WHERE account_id = %s",
                (self.account_id,),
            ).fetchall()
            keys = conn.execute(
                b"SELECT replace(key::text, '-', ''), slot, contact_id FROM identity WHERE account_id = %s",
                (self.account_id,),
            ).fetchall()
            identifying = fields.identifying(conn, self.account_id)
        kept = [contact for contact in self.model.contacts if not contact["erased"]]
        assert stored == [
            (
                self.ids[c["number"]],
                c["external"],
                c["email"],
                c["sms"],
                c["telegram"],
                c["firstName"],
                c["contactKey"],
                {str(field_id): value for field_id, value in c["fields"].items()},
                c["deleted"],
            )
            for c in kept
        ]
        expected_devices = {
            (self.ids[c["number"]], app, tokens.folded(value)): (described.get("os"), described["active"])
            for c in kept
            for (app, value), described in c["tokens"].items()
        }
        assert {
            (owner, app, tokens.folded(value)): (os, on) for owner, app, value, os, on in devices
        } == expected_devices
        assert len(devices) == len(expected_devices)
        assert sorted(keys) == sorted(itertools.chain.from_iterable(self._keys(c, identifying) for c in kept))

    def _keys(self, contact: dict[str, Any], identifying: frozenset[int]) -> list[tuple[str, int, int]]:
        contact_id = self.ids[contact["number"]]
        unique = [identity.external(contact["external"])] if contact["external"] else []
        shared = []
        if not contact["deleted"]:
            unique += [identity.token(app, tokens.folded(value)) for app, value in contact["tokens"]]
            columns = {"email": "email", "sms": "sms", "telegram": "telegram", "contactKey": "contact_key"}
            shared = [identity.of_column(columns[name], contact[name]) for name in columns if contact[name]]
            shared += [identity.field(i, contact["fields"][i]) for i in identifying if i in contact["fields"]]
        return [(key, 0, contact_id) for key in unique] + [(key, contact_id, contact_id) for key in shared]


def _cased(value: str, described: dict[str, Any]) -> str:
    """Hex now in this case, now in that: to the model it is one token."""
    return value.upper() if value == HEX and "os" in described else value


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(request | request | again | one | remove, min_size=1, max_size=7))
def test_any_sequence_of_requests_ends_as_the_model_says(base: database.Database, acts: list[dict[str, Any]]) -> None:
    run = Run(base)
    for act in acts:
        run.act(act)
        run.check()


@pytest.mark.parametrize("part", [1, 2])
@settings(max_examples=EXAMPLES // 2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(request | request | again | one | remove, min_size=1, max_size=7))
def test_what_is_written_part_by_part_is_what_is_written_at_once(
    base: database.Database, part: int, acts: list[dict[str, Any]]
) -> None:
    run = Run(base)
    parts = mock.patch.object(ahead, "PART", part), mock.patch.object(arrivals, "PART", part)
    with parts[0], parts[1], mock.patch.object(ways, "FEW", 0):
        for act in acts:
            run.act(act)
            run.check()

"""Each search reads an index: the plans that PostgreSQL makes for the very statements of the search, on a base of some
size beside that of another account.
"""

from __future__ import annotations

import datetime as dt

import psycopg
import pytest
from psycopg import sql as composing

from tokenbase.contacts import cards, fields, identity
from tokenbase.segments import compiling, conditions, dynamic
from tokenbase.store import database

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
MANY = 20_000
APP = "83b77a49-fc28-409b-aeaa-68c9d544ab9d"


@pytest.fixture(params=["just imported", "known to the planner"])
def filled(base: database.Database, request: pytest.FixtureRequest) -> database.Database:
    """Two accounts: the first with many contacts of whom a few share each name, the second with as many others."""
    with base.transaction() as conn:
        conn.execute(
            "INSERT INTO contact (account_id, id, created_at, updated_at, email_confirmed, first_name, last_name,"
            " fields)"
            " SELECT 1 + n %% 2, n, %(now)s, %(now)s, false, 'First' || n %% 2000, 'Last' || n %% 3000, '{}'"
            " FROM generate_series(1, %(many)s) AS n",
            {"now": NOW, "many": 2 * MANY},
        )
        conn.execute(
            "INSERT INTO identity (account_id, key, slot, contact_id)"
            " SELECT 1 + n %% 2, encode(substr(sha256(convert_to('external:' || n, 'UTF8')), 1, 16), 'hex')::uuid, 0, n"
            " FROM generate_series(1, %(many)s) AS n",
            {"many": 2 * MANY},
        )
    if request.param == "known to the planner":
        with base.transaction() as conn:
            conn.execute("ANALYZE")
    return base


def plan(base: database.Database, statement: bytes, **parameters: object) -> str:
    """The plan of a statement with these parameters, prepared as the server prepares it."""
    given = {"account_id": 1, "keys": "", "many": 0, "first_name": None, "last_name": None, "rows": 500, "skipped": 0}
    with base.transaction() as conn, psycopg.ClientCursor(conn) as cursor:
        return "\n".join(row[0] for row in cursor.execute(b"EXPLAIN " + statement, {**given, **parameters}))


@pytest.mark.parametrize(
    ("statement", "names", "index"),
    [
        ("page_by_names", {"first_name": "fIRST16"}, "contact_by_name"),
        ("page_by_names", {"last_name": "LAST16"}, "contact_by_name"),
        ("page_by_names", {"first_name": "First16", "last_name": "last16"}, "contact_by_name"),
        ("page_by_keys", {"keys": identity.external("16"), "many": 1}, "identity_pkey"),
    ],
)
def test_a_search_reads_its_index_and_no_whole_table(
    filled: database.Database, statement: str, names: dict[str, object], index: str
) -> None:
    found = plan(filled, getattr(cards.sql, statement), **names)
    assert index in found
    assert "Seq Scan" not in found


def test_the_index_finds_names_in_any_case_and_no_deleted_contact(filled: database.Database) -> None:
    wanted = [number for number in range(1, 2 * MANY + 1) if number % 2 == 0 and number % 2000 == 16]
    found, total = cards.search(filled, 1, cards.Search(first_name="fIRST16"), 0, 500)
    assert ([card.id for card in found], total) == (wanted, len(wanted))
    with filled.transaction() as conn:
        conn.execute("UPDATE contact SET deleted_at = %s WHERE account_id = 1 AND id = %s", (NOW, wanted[0]))
    assert cards.search(filled, 1, cards.Search(first_name="First16"), 1, 500)[1] == len(wanted) - 1
    found, total = cards.search(filled, 1, cards.Search(first_name="First16", last_name="LAST16"), 0, 3)
    assert ([card.id for card in found], total) == ([6016, 12016, 18016], 6)
    found, total = cards.search(filled, 1, cards.Search(last_name="last16"), 0, 2)
    assert ([card.id for card in found], total) == ([3016, 6016], 13)


CONDITIONS: list[tuple[dict[str, object], set[str]]] = [
    ({"on": "firstName", "is": "First16"}, {"contact_by_name", "contact_pkey"}),
    ({"not": {"on": "lastName", "in": ["Last16", "Last17"]}}, {"contact_by_name", "contact_pkey"}),
    ({"on": "firstName", "startsWith": "First16"}, {"contact_pkey"}),
    ({"on": "externalCustomerId", "in": ["16", "18"]}, {"identity_pkey", "contact_pkey"}),
    ({"on": "email", "is": "a@b.co"}, {"identity_pkey"}),
    ({"on": "field", "id": 1, "is": "m"}, {"contact_pkey"}),
    ({"on": "channel", "is": "mobilepush"}, {"token_pkey"}),
    ({"on": "os", "is": "iOS"}, {"token_pkey"}),
    ({"on": "appVersion", "below": "2"}, {"token_pkey"}),
    ({"on": "lastActive", "within": 30}, {"token_pkey"}),
    ({"on": "device", "all": [{"on": "app", "is": APP}, {"on": "active", "is": True}]}, {"token_pkey"}),
    ({"on": "event", "key": "bought", "within": 30}, {"event_"}),
    ({"on": "segment", "is": 7}, {"segment_member_"}),
    ({"not": {"any": [{"on": "os", "is": "iOS"}, {"on": "segment", "is": 7}]}}, {"token_pkey", "segment_member_"}),
]


def test_conditions_read_indexes_and_no_whole_table(filled: database.Database) -> None:
    with filled.transaction() as conn, psycopg.ClientCursor(conn) as cursor:
        conn.execute(
            "INSERT INTO token (account_id, contact_id, key, channel, value, kind, active, os, created_at, updated_at)"
            " SELECT account_id, id, gen_random_uuid(), 'mobilepush', id::text, 'unknown', true, 'iOS', %(now)s,"
            " %(now)s FROM contact",
            {"now": NOW},
        )
        conn.execute("ANALYZE token")
        fields.create_personal(filled, 1, NOW)
        known = fields.load(conn, 1)
        number = min(known)
        for sent, indexes in CONDITIONS:
            sent = {**sent, "id": number} if sent.get("on") == "field" else sent
            condition, given = compiling.where(conditions.read(sent, known), NOW)
            conn.execute(dynamic.sql.read_by_index, {"account_id": 1})
            for whole in (dynamic.WHO + dynamic.PAGE, dynamic.COUNT):
                statement = composing.SQL("EXPLAIN " + whole).format(condition)
                parameters = {**given, "account_id": 1, "rows": 500, "skipped": 0}
                found = "\n".join(row[0] for row in cursor.execute(statement, parameters))
                assert "Seq Scan" not in found, found
                assert all(index in found for index in indexes), found

"""Many clients at once on one account: the base is what some order of their requests one by one would have made."""

from __future__ import annotations

import concurrent.futures
import random
from typing import Any

import pytest

from server import Account


def batches(seed: int) -> list[list[dict[str, Any]]]:
    """Overlapping batches: few people, few tokens, few addresses, everybody fights for them."""
    chance = random.Random(seed)
    made = []
    for _ in range(6):
        batch = []
        for _ in range(120):
            channels = [{"type": "mobilepush", "value": f"t{chance.randrange(150)}"}]
            channels.append({"type": "email", "value": f"a{chance.randrange(40)}@b.co"})
            person: dict[str, Any] = {"channels": channels, "firstName": "Ann"}
            if chance.random() < 0.7:
                person["externalCustomerId"] = f"x{chance.randrange(100)}"
            batch.append(person)
        made.append(batch)
    return made


@pytest.mark.parametrize("dedupe_on", ["externalCustomerId", "email", "mobilepush"])
def test_eight_clients_leave_no_double_person_and_no_token_with_two_owners(account: Account, dedupe_on: str) -> None:
    def client(number: int) -> list[dict[str, Any]]:
        return [
            account.upload(*batch, dedupe_on=dedupe_on, groupNames=["All", f"Client {number}"])
            for batch in batches(number)
        ]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = [answer for part in pool.map(client, range(8)) for answer in part]

    for answer in answers:
        assert answer["total"] == sum(answer[n] for n in ("created", "updated", "restored", "skipped", "failed"))
    ((contacts,),) = account.rows("SELECT count(*) FROM contact WHERE account_id = %s")
    assert contacts == sum(answer["created"] for answer in answers)
    doubles = "SELECT external_id FROM contact WHERE account_id = %s GROUP BY 1 HAVING count(external_id) > 1"
    assert account.rows(doubles) == []
    assert account.rows("SELECT value FROM token WHERE account_id = %s GROUP BY 1 HAVING count(*) > 1") == []
    orphans = (
        "SELECT token.value FROM token LEFT JOIN identity ON identity.account_id = token.account_id"
        " AND identity.key = token.key AND identity.slot = 0 WHERE token.account_id = %s"
        " AND identity.contact_id IS DISTINCT FROM token.contact_id"
    )
    assert account.rows(orphans) == []
    strays = (
        "SELECT identity.key FROM identity LEFT JOIN contact ON contact.account_id = identity.account_id"
        " AND contact.id = identity.contact_id WHERE identity.account_id = %s AND contact.id IS NULL"
    )
    assert account.rows(strays) == []
    assert account.rows("SELECT count(*) FROM event WHERE account_id = %s") == [(contacts,)]
    assert account.rows("SELECT count(*) FROM segment WHERE account_id = %s") == [(9,)]
    if dedupe_on == "email":
        nameless = "SELECT lower(email) FROM contact WHERE account_id = %s AND external_id IS NULL"
        assert account.rows(f"{nameless} GROUP BY 1 HAVING count(*) > 1") == []


def test_single_contacts_at_once_make_one_person(account: Account) -> None:
    def add(number: int) -> int:
        body = {"channels": [{"type": "email", "value": "a@b.co"}], "firstName": "Ann"}
        return int(account.post("/api/v1/contact", json=body).json()["id"])

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(add, range(24)))) == 1
    assert account.rows("SELECT count(*) FROM contact WHERE account_id = %s") == [(1,)]


def test_the_first_use_of_a_field_as_identity_and_uploads_at_once_leave_no_double(account: Account) -> None:
    field = account.field(name="Card", type="text")

    def upload(number: int) -> dict[str, Any]:
        people = [{"channels": [], "fields": [{"id": field, "value": f"c{n}"}]} for n in range(50)]
        return account.upload(*people, dedupe_on="fieldId", fieldId=field)

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(upload, range(6)))
    assert sum(answer["created"] for answer in answers) == 50

"""Contract 6: static segments: which there are, who is in them, who comes in and goes out."""

from __future__ import annotations

from typing import Any

import pytest

from server import Account


def fill(account: Account, name: str, *external_ids: str) -> int:
    """The id of a static segment with these contacts in it."""
    account.upload(*({"externalCustomerId": external_id, "channels": []} for external_id in external_ids),
                   groupNames=[name])  # fmt: skip
    (segment,) = [found for found in account.get("/api/v1/groups").json() if found["name"] == name]
    return int(segment["id"])


def members(account: Account, segment: int, query: str = "") -> tuple[list[str], str]:
    response = account.get(f"/api/v1/group/{segment}/contacts{query}")
    assert response.status_code == 200, response.text
    return [contact["externalCustomerId"] for contact in response.json()], response.headers["TotalCount"]


def move(account: Account, segment: int, verb: str, body: object) -> Any:
    response = account.post(f"/api/v1/group/{segment}/contacts/{verb}", json=body)
    assert response.status_code == 200, response.text
    return response.json()


def test_segments_are_listed_by_a_text_in_their_name_and_paged(account: Account) -> None:
    first, second = fill(account, "New customers", "a"), fill(account, "Old Customers", "a")
    fill(account, "Others", "a")
    listed = account.get("/api/v1/groups")
    assert listed.headers["TotalCount"] == "3"
    assert listed.json()[0] == {"id": first, "name": "New customers", "type": "Static"}
    found = account.get("/api/v1/groups?name=CUSTOMERS")
    assert [segment["id"] for segment in found.json()] == [first, second]
    page = account.get("/api/v1/groups/?name=customers&startindex=2&maxrows=1")
    assert ([segment["id"] for segment in page.json()], page.headers["TotalCount"]) == ([second], "2")
    assert account.get("/api/v1/groups?name=100%25").json() == []
    assert account.get("/api/v1/groups?maxrows=0").status_code == 400


def test_who_is_in_a_segment_is_paged_and_shown_whole(account: Account) -> None:
    segment = fill(account, "G", "a", "b", "c")
    assert members(account, segment) == (["a", "b", "c"], "3")
    assert members(account, segment, "?startindex=2&maxrows=1") == (["b"], "3")
    account.delete("/api/v1/contact?externalCustomerId=b")
    assert members(account, segment) == (["a", "c"], "2")
    (contact, _) = account.get(f"/api/v1/group/{segment}/contacts").json()
    assert contact == account.contact("a")


def test_contacts_are_attached_by_either_id_and_unknown_ones_are_told(account: Account) -> None:
    segment = fill(account, "G", "a")
    fill(account, "Others", "b", "c", "d")
    numbers = [str(account.contact("b")["id"]), account.contact("c")["id"], 987654321, "x"]
    answer = move(account, segment, "attach", {"contactIds": numbers})
    assert answer["contacts"] == 2
    assert [warning["path"] for warning in answer["warnings"]] == ["contactIds[2]", "contactIds[3]"]
    assert move(account, segment, "attach", {"externalCustomerIds": ["d", "d"]}) == {"contacts": 1}
    assert members(account, segment)[0] == ["a", "b", "c", "d"]
    assert move(account, segment, "attach", {"contactIds": account.contact("b")["id"]}) == {"contacts": 1}
    assert members(account, segment)[1] == "4"


def test_contacts_are_detached_and_all_of_them_when_none_is_named(account: Account) -> None:
    segment, other = fill(account, "G", "a", "b", "c", "d"), fill(account, "Others", "a")
    assert move(account, segment, "detach", {"externalCustomerIds": ["b", "nobody"]})["contacts"] == 1
    assert move(account, segment, "detach", {"contactIds": [account.contact("c")["id"]]}) == {"contacts": 1}
    assert members(account, segment)[0] == ["a", "d"]
    assert move(account, segment, "detach", {"contactIds": ["nobody"]})["contacts"] == 0
    assert members(account, segment)[1] == "2"
    assert move(account, segment, "detach", {}) == {"contacts": 2}
    assert members(account, segment) == ([], "0")
    assert members(account, other)[0] == ["a"]
    assert account.post(f"/api/v1/group/{segment}/contacts/detach").status_code == 200


@pytest.mark.parametrize("verb", ["attach", "detach"])
def test_more_than_500_contacts_are_refused_and_none_is_moved(account: Account, verb: str) -> None:
    segment = fill(account, "G", "a")
    response = account.post(f"/api/v1/group/{segment}/contacts/{verb}", json={"contactIds": list(range(1, 502))})
    assert response.status_code == 400
    assert response.json()["errors"][0]["path"] == "contactIds"
    assert "501" in response.json()["errorMessage"]
    assert members(account, segment)[0] == ["a"]
    full = account.post(f"/api/v1/group/{segment}/contacts/{verb}", json={"contactIds": list(range(1, 501))})
    assert full.status_code == 200


def test_attaching_nobody_is_400(account: Account) -> None:
    response = account.post(f"/api/v1/group/{fill(account, 'G', 'a')}/contacts/attach", json={"contactIds": []})
    assert (response.status_code, response.json()["errors"][0]["path"]) == (400, "contactIds")


def test_the_segments_and_contacts_of_another_account_are_not_there(account: Account) -> None:
    stranger = account.server.account("Stranger")
    segment, theirs = fill(account, "G", "a"), fill(stranger, "G", "z")
    for method, path in (("GET", ""), ("POST", "/attach"), ("POST", "/detach")):
        for unknown in (theirs, 0, "abc", "9" * 30):
            response = account.request(
                method, f"/api/v1/group/{unknown}/contacts{path}", json={"externalCustomerIds": ["a"]}
            )
            assert response.status_code == 404, (method, path, unknown)
    assert move(account, segment, "attach", {"contactIds": [stranger.contact("z")["id"]]})["contacts"] == 0
    assert members(account, segment)[0] == ["a"]
    assert members(stranger, theirs)[0] == ["z"]

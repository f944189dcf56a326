"""The import as one would explain it to somebody: one contact at a time, over plain dictionaries, by looking at all.

Contract 3 in a hundred lines. It has no keys, no batches and no SQL, and knows only good values.
"""

from __future__ import annotations

from typing import Any

COLUMNS = {"firstName": "firstName", "contactKey": "contactKey", "email": "email", "sms": "sms", "telegram": "telegram"}
KINDS = {
    "externalCustomerId": [],
    "email": ["email"],
    "sms": ["sms"],
    "email_or_sms": ["sms", "email"],
    "mobilepush": ["mobilepush"],
    "telegram": ["telegram"],
    "contactKey": ["contactKey"],
    "fieldId": ["field"],
    "id": ["id"],
    "single": ["email", "sms", "mobilepush"],
}


class Model:
    def __init__(self) -> None:
        self.contacts: list[dict[str, Any]] = []
        self.requests = 0
        self.steps = 0

    def request(
        self,
        contacts: list[dict[str, Any]],
        dedupe_on: str,
        listed: list[str] | None = None,
        field_ids: list[int] | None = None,
        restore: bool = False,
        field_id: int | None = None,
    ) -> list[tuple[str, int | None, bool]]:
        """What became of each contact: the result, the contact's number, whether anything changed."""
        self.requests += 1
        self.new: list[dict[str, Any]] = []
        self.carried: dict[int, set[str]] = {}
        self.listed, self.field_ids, self.restore, self.field_id = listed, field_ids, restore, field_id
        outcomes = [self._one(sent, KINDS[dedupe_on]) for sent in contacts]
        for contact in self.contacts:
            if contact["updated"][0] == self.requests:
                # All that one request changed bears one time; among equals the later contact is the more recent.
                contact["updated"] = (self.requests, 0, contact["number"])
        return outcomes

    def delete(self, number: int, erase: bool) -> None:
        self.requests += 1
        contact = self.contacts[number]
        contact["deleted"] = True
        contact["updated"] = (self.requests, 0, number)
        if erase:
            contact["erased"] = True

    def _one(self, sent: dict[str, Any], kinds: list[str]) -> tuple[str, int | None, bool]:
        if sent.get("external") is None and not any(self._values(sent, kind) for kind in kinds):
            return "failed", None, False
        contact, result = self._match(sent, kinds), "updated"
        if contact is None:
            if "id" in kinds and sent.get("external") is None:
                return "failed", None, False
            contact, result = self._create(), "created"
        elif contact["deleted"]:
            if not self.restore:
                return "skipped", None, False
            self._bring_back(contact)
            result = "restored"
        changed = self._update(contact, sent)
        if changed or result == "restored":
            self._touch(contact)
        return result, contact["number"], changed or result != "updated"

    def _match(self, sent: dict[str, Any], kinds: list[str]) -> dict[str, Any] | None:
        if sent.get("external") is not None:
            for contact in self.contacts:
                if contact["external"] == sent["external"] and not contact["erased"]:
                    return contact
        for kind in kinds:
            shared = [
                contact
                for contact in self.contacts
                if not contact["deleted"] and set(self._values(sent, kind)) & set(self._values(contact, kind))
            ]
            if sent.get("external") is not None:
                shared = [contact for contact in shared if contact["external"] is None]
            if shared:
                return max(shared, key=lambda contact: contact["updated"])
        return None

    def _values(self, contact: dict[str, Any], kind: str) -> list[Any]:
        if kind == "mobilepush":
            return list(contact["tokens"])
        if kind == "field":
            value = contact["fields"].get(self.field_id)
        elif kind == "id":
            value = contact["number"] if "number" in contact else contact.get("id")
        else:
            value = contact.get(kind)
            value = value.lower() if kind == "email" and value else value
        return [] if value is None else [value]

    def _create(self) -> dict[str, Any]:
        contact = {"number": len(self.contacts), "external": None, "fields": {}, "tokens": {}}
        contact |= {"deleted": False, "erased": False, "updated": (0, 0, 0)} | dict.fromkeys(COLUMNS)
        self.contacts.append(contact)
        self.new.append(contact)
        return contact

    def _bring_back(self, contact: dict[str, Any]) -> None:
        contact["deleted"] = False
        for token in list(contact["tokens"]):
            if any(token in other["tokens"] for other in self._living() if other is not contact):
                del contact["tokens"][token]

    def _update(self, contact: dict[str, Any], sent: dict[str, Any]) -> bool:
        is_new = any(contact is other for other in self.new)
        before = self._seen(contact)
        carried = self.carried.setdefault(contact["number"], set())
        for name in COLUMNS:
            if sent.get(name) is not None:
                carried.add(name)
                same = name == "email" and (contact["email"] or "").lower() == sent[name].lower()
                if not same and (is_new or self.listed is None or name in self.listed):
                    contact[name] = sent[name]
        if sent.get("external") is not None:
            carried.add("externalCustomerId")
            contact["external"] = contact["external"] or sent["external"]
        if not is_new and self.listed is not None:
            for name in set(self.listed) - carried - {"mobilepush"}:
                contact["external" if name == "externalCustomerId" else name] = None
        for field_id, value in sent["fields"].items():
            if is_new or self.field_ids is None or field_id in self.field_ids:
                contact["fields"][field_id] = value
        moved = False
        if is_new or self.listed is None or "mobilepush" in self.listed:
            for token, device in sent["tokens"].items():
                known: dict[str, Any] = {"active": True}
                for other in self._living():
                    if other is not contact and token in other["tokens"]:
                        known = other["tokens"].pop(token)
                        self._touch(other)
                        moved = True
                contact["tokens"][token] = {**contact["tokens"].get(token, known), **device}
        return moved or self._seen(contact) != before

    def _living(self) -> list[dict[str, Any]]:
        return [contact for contact in self.contacts if not contact["deleted"]]

    def _touch(self, contact: dict[str, Any]) -> None:
        self.steps += 1
        contact["updated"] = (self.requests, 1, self.steps)

    @staticmethod
    def _seen(contact: dict[str, Any]) -> dict[str, Any]:
        copy = {name: value for name, value in contact.items() if name != "updated"}
        return copy | {"fields": dict(contact["fields"]), "tokens": {t: dict(d) for t, d in contact["tokens"].items()}}

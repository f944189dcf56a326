"""The small answers: what a request about one contact, one token or the account itself is told."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from tokenbase.contract import problems


class Nothing(msgspec.Struct, frozen=True):
    """An empty object: it was done, and there is nothing to tell."""

    EXAMPLE: ClassVar[dict[str, object]] = {}


class Saved(msgspec.Struct, frozen=True, omit_defaults=True):
    """The contact's id, and what of it was dropped or changed."""

    EXAMPLE: ClassVar[dict[str, object]] = {
        "id": 123,
        "warnings": [{"index": 0, "path": "firstName", "message": 'dropped: "Ann2024" has more than 3 digits'}],
    }

    id: int
    warnings: list[problems.Problem] = []


class TokenContact(msgspec.Struct, frozen=True, rename="camel"):
    """Whose a push token is."""

    EXAMPLE: ClassVar[dict[str, object]] = {"contactId": 123}

    contact_id: int


class TokenActivity(msgspec.Struct, frozen=True):
    """Whether a push token may be sent to."""

    EXAMPLE: ClassVar[dict[str, object]] = {"active": True}

    active: bool


class AccountInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whose account the key opens."""

    EXAMPLE: ClassVar[dict[str, object]] = {
        "userEmail": "owner@example.com",
        "organisationName": "Example Ltd",
        "accountId": 1,
    }

    user_email: str
    organisation_name: str
    account_id: int


class Balance(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What clients of paid services ask for; here it is nought."""

    EXAMPLE: ClassVar[dict[str, object]] = {"currentBalance": 0, "currency": "", "bonusEmails": 0, "bonusSmses": 0}

    current_balance: int
    currency: str
    bonus_emails: int
    bonus_smses: int


class Version(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which program answers."""

    EXAMPLE: ClassVar[dict[str, object]] = {"name": "Tokenbase", "version": "0.1.0", "protocolVersion": "v1"}

    name: str
    version: str
    protocol_version: str

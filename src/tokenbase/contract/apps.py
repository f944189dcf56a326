"""Apps and their tokens as they stand on the wire."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec

from tokenbase.contract import imports, limits, problems
from tokenbase.contract.contacts import Device, Text


class Apns(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A key for Apple's push service: the text of the .p8 file, and what it goes with."""

    key: str
    key_id: str
    team_id: str
    topic: str
    sandbox: bool = False


class AppDefinition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """An app to be registered. `id` names one known from its tokens, `fcm` is the JSON of a Google service account."""

    EXAMPLE: ClassVar[dict[str, object]] = {"id": "83b77a49-fc28-409b-aeaa-68c9d544ab9d", "name": "Shop"}

    name: str
    id: str | None = None
    fcm: dict[str, Any] | None = None
    apns: Apns | None = None


class AppCard(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An app of the account; `registered` is false for one that is only known from its tokens."""

    EXAMPLE: ClassVar[dict[str, object]] = {
        "id": "83b77a49-fc28-409b-aeaa-68c9d544ab9d",
        "name": "Shop",
        "registered": True,
        "hasCredentials": False,
    }

    id: str
    name: str
    registered: bool
    has_credentials: bool


class AppToken(msgspec.Struct, kw_only=True, omit_defaults=True, rename="camel"):
    """A push token without a profile; with an external id it joins that contact."""

    EXAMPLE: ClassVar[dict[str, object]] = {"token": "8900-7654-6456-9876-0011", "device": {"os": "Android"}}

    token: Text | None = None
    device: Device | None = None
    external_customer_id: Text | None = None


_TOKENS = msgspec.Meta(
    extra_json_schema={"items": {"$ref": "#/components/schemas/AppToken"}, "maxItems": limits.CONTACTS_PER_REQUEST}
)


class AppTokens(msgspec.Struct, kw_only=True):
    """Up to 3,000 push tokens of one app. Each stays raw, so that a bad one cannot spoil the others."""

    EXAMPLE: ClassVar[dict[str, object]] = {
        "tokens": [{"token": "8900-7654-6456-9876-0011", "device": {"os": "Android"}, "externalCustomerId": "u-1"}]
    }

    tokens: Annotated[list[msgspec.Raw], _TOKENS]


class AppTokensAnswer(msgspec.Struct, kw_only=True, rename="camel"):
    """What became of the tokens: the counts are those of a bulk request, a token standing for its contact."""

    EXAMPLE: ClassVar[dict[str, object]] = {
        "asyncSessionId": "882fca13-8cf6-4a31-8c00-c2c28dab4890",
        "failedTokens": [
            {"index": 1, "path": "tokens[1].token", "message": "it is empty: send the value", "errorCode": 1006}
        ],
        "warnings": [],
        "total": 2,
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "restored": 0,
        "skipped": 0,
        "failed": 1,
    }

    async_session_id: str
    failed_tokens: list[problems.Problem]
    warnings: list[problems.Problem]
    total: int
    created: int
    updated: int
    unchanged: int
    restored: int
    skipped: int
    failed: int
    dry_run: bool | msgspec.UnsetType = msgspec.UNSET
    mapping: list[imports.MappedContact] | msgspec.UnsetType = msgspec.UNSET


class TokenList(msgspec.Struct, frozen=True):
    """Up to 3,000 push tokens."""

    EXAMPLE: ClassVar[dict[str, object]] = {"tokens": ["8900-7654-6456-9876-0011"]}

    tokens: list[str] | str


class Muted(msgspec.Struct, frozen=True, omit_defaults=True):
    """How many tokens there are of those named, and which there are not."""

    EXAMPLE: ClassVar[dict[str, object]] = {
        "tokens": 1,
        "warnings": [{"path": "tokens[1]", "message": "no contact of this account has that token of that app"}],
    }

    tokens: int
    warnings: list[problems.Problem] = []

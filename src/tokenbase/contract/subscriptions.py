"""What contacts want to receive, as it stands on the wire."""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec

from tokenbase.contract import problems
from tokenbase.contract.contacts import Group


class ContactEmail(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A contact's e-mail address."""

    contact_id: int
    email: str


class ContactEmails(msgspec.Struct, frozen=True, kw_only=True):
    """The e-mail addresses of those of the contacts that have one."""

    EXAMPLE: ClassVar[dict[str, object]] = {"results": [{"contactId": 123, "email": "ann@example.com"}]}

    results: list[ContactEmail]


class Emails(msgspec.Struct, frozen=True):
    """Up to 3,000 e-mail addresses."""

    EXAMPLE: ClassVar[dict[str, object]] = {"emails": ["ann@example.com"]}

    emails: list[str] | str


class Warned(msgspec.Struct, frozen=True, omit_defaults=True):
    """It was done, but for what the warnings name."""

    EXAMPLE: ClassVar[dict[str, object]] = {
        "warnings": [{"path": "emails[1]", "message": 'passed over: "joe@" is not an e-mail address: …'}]
    }

    warnings: list[problems.Problem] = []


class Subscriptions(msgspec.Struct, frozen=True):
    """The kinds of messages that a contact wants, by names of your own."""

    EXAMPLE: ClassVar[dict[str, object]] = {"subscriptions": ["News", "Sales"]}

    subscriptions: list[str] | str


_CONTACT = msgspec.Meta(extra_json_schema={"$ref": "#/components/schemas/Contact"})


class SubscribeRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Somebody who subscribes. `form_type` ends the key of the event, such as `subscribeFromApi-footer`."""

    EXAMPLE: ClassVar[dict[str, object]] = {
        "contact": {"firstName": "Ann", "channels": [{"type": "email", "value": "ann@example.com"}]},
        "groups": ["Newsletter"],
        "formType": "footer",
    }

    contact: Annotated[msgspec.Raw, _CONTACT] = msgspec.field(default_factory=lambda: msgspec.Raw(b"null"))
    groups: list[str | Group] | str | Group | None = None
    form_type: str | None = None

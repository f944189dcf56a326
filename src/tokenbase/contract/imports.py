"""The bulk request `POST /api/v1/contacts`, its answer, and the status of an import session."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, ClassVar

import msgspec

from tokenbase.contract import limits, problems
from tokenbase.contract.contacts import Id

DEDUPE_KEYS = (
    "externalCustomerId",
    "email",
    "sms",
    "email_or_sms",
    "mobilepush",
    "push",
    "webpush",
    "telegram",
    "id",
    "contactKey",
    "fieldId",
)
"""What `dedupeOn` may name. `push` is an older word for `mobilepush`."""

CONTACT_FIELDS = (
    "firstName",
    "lastName",
    "email",
    "sms",
    "viber",
    "mobilepush",
    "webpush",
    "telegram",
    "address",
    "town",
    "region",
    "postcode",
    "languageCode",
    "timeZone",
    "contactKey",
    "externalCustomerId",
)
"""What `contactFields` may name."""

RESULTS = ("created", "updated", "restored", "skipped", "failed")


_CONTACTS = msgspec.Meta(
    extra_json_schema={
        "items": {"$ref": "#/components/schemas/Contact"},
        "minItems": 1,
        "maxItems": limits.CONTACTS_PER_REQUEST,
    }
)


class ImportRequest(msgspec.Struct, omit_defaults=True, kw_only=True, rename="camel"):
    """The envelope of a bulk request. Each contact stays raw, so that a bad one cannot spoil the others."""

    EXAMPLE: ClassVar[dict[str, object]] = {
        "contacts": [
            {
                "externalCustomerId": "u-1",
                "channels": [
                    {"type": "mobilepush", "value": "8900-7654-6456-9876-0011", "device": {"os": "Android"}},
                    {"type": "email", "value": "ann@example.com"},
                ],
            }
        ],
        "dedupeOn": "externalCustomerId",
        "groupNames": ["Customers"],
    }

    contacts: Annotated[list[msgspec.Raw] | None, _CONTACTS] = None
    dedupe_on: Annotated[str | None, msgspec.Meta(extra_json_schema={"enum": [*DEDUPE_KEYS, None]})] = None
    field_id: Id | None = None
    contact_fields: list[str] | str | None = None
    custom_fields_ids: list[Id] | Id | None = msgspec.field(default=None, name="customFieldsIDs")
    group_names: list[str] | str | None = None
    group_names_exclude: list[str] | str | None = None
    restore_deleted: bool | None = None
    event_key_for_new_contacts: str | None = None


class ImportAnswer(msgspec.Struct, kw_only=True, rename="camel"):
    """What a bulk request is answered with, once everything is on disk.

    `id` is 0 for a batch and the contact's id when one contact was sent. `updated` counts every contact that was
    known before, `unchanged` how many of those were already exactly so: `total` is the sum of `created`, `updated`,
    `restored`, `skipped` and `failed`.
    """

    EXAMPLE: ClassVar[dict[str, object]] = {
        "id": 0,
        "asyncSessionId": "882fca13-8cf6-4a31-8c00-c2c28dab4890",
        "failedContacts": [
            {
                "channels": [{"type": "email", "value": "joe@"}],
                "index": 1,
                "errorCode": 1006,
                "errorMessage": 'contacts[1].channels[0].value: "joe@" is not an e-mail address',
                "path": "contacts[1].channels[0].value",
            }
        ],
        "warnings": [],
        "total": 2,
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "restored": 0,
        "skipped": 0,
        "failed": 1,
        "skippedContacts": [],
    }

    id: int
    async_session_id: str
    failed_contacts: list[msgspec.Raw]
    warnings: list[problems.Problem]
    total: int
    created: int
    updated: int
    unchanged: int
    restored: int
    skipped: int
    failed: int
    skipped_contacts: list[problems.Problem]
    dry_run: bool | msgspec.UnsetType = msgspec.UNSET
    mapping: list[MappedContact] | msgspec.UnsetType = msgspec.UNSET


class MappedContact(msgspec.Struct, kw_only=True, rename="camel"):
    """What became of one contact of a batch. `changed` is false where an update found everything as it was."""

    index: int
    contact_id: int | None
    external_customer_id: str | None
    result: str
    changed: bool


class ImportStatus(msgspec.Struct, kw_only=True, rename="camel"):
    """What `GET /api/v1/importstatus/{id}` tells of a session, during it and for at least 30 days after it.

    `status` is NEW, IMPORTING, FINISHED or ERROR; `error` says why it ended, or why the last attempt came to nothing.
    Of the import of a link the mapping has the rows from the one that was asked for, 3,000 of them at most, and what is
    told of single rows has their `line` in the file; the first 1,000 such things are kept.
    """

    EXAMPLE: ClassVar[dict[str, object]] = {
        "id": "882fca13-8cf6-4a31-8c00-c2c28dab4890",
        "status": "FINISHED",
        "mapping": [{"index": 0, "contactId": 123, "externalCustomerId": "u-1", "result": "created", "changed": True}],
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "restored": 0,
        "skipped": 0,
        "failed": 0,
        "total": 1,
        "startedAt": "2026-11-23T17:05:00Z",
        "finishedAt": "2026-11-23T17:05:01Z",
        "failedContacts": [],
    }

    id: str
    status: str
    mapping: list[MappedContact]
    created: int
    updated: int
    unchanged: int
    restored: int
    skipped: int
    failed: int
    total: int
    started_at: dt.datetime
    finished_at: dt.datetime | None
    failed_contacts: list[msgspec.Raw]
    skipped_contacts: list[problems.Problem] | msgspec.UnsetType = msgspec.UNSET
    warnings: list[problems.Problem] | msgspec.UnsetType = msgspec.UNSET
    error: str | msgspec.UnsetType = msgspec.UNSET


class LinkRequest(msgspec.Struct, omit_defaults=True, kw_only=True, rename="camel"):
    """A CSV to be fetched over HTTP(S) and imported in the background; its keys mean what a bulk request's do."""

    EXAMPLE: ClassVar[dict[str, object]] = {
        "link": "https://user:password@files.example.com/contacts.csv",
        "dedupeOn": "externalCustomerId",
        "groupNames": ["Customers"],
        "restoreDeleted": False,
    }

    link: str | None = None
    dedupe_on: Annotated[str | None, msgspec.Meta(extra_json_schema={"enum": [*DEDUPE_KEYS, None]})] = None
    field_id: Id | None = None
    group_names: list[str] | str | None = None
    group_names_exclude: list[str] | str | None = None
    restore_deleted: bool | None = None
    event_key_for_new_contacts: str | None = None


class LinkAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """The session by which the import can be followed."""

    EXAMPLE: ClassVar[dict[str, object]] = {"asyncSessionId": "882fca13-8cf6-4a31-8c00-c2c28dab4890"}

    async_session_id: str

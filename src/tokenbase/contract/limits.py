"""The numbers a sender can run into. Each says where it comes from; only the rates can be changed by a setting."""

CONTACTS_PER_REQUEST = 3_000
"""Contacts in one bulk request (the seed page)."""

BODY_BYTES = 32 * 1024 * 1024
"""Bytes of one request body, after decompression (ours): 3,000 contacts of 11 kB each."""

TOKEN_CHARACTERS = 4_096
"""Characters of one push token. Providers document no length, so this only keeps out what cannot be one (ours)."""

EXTERNAL_ID_CHARACTERS = 255
CONTACT_KEY_CHARACTERS = 255
NAME_CHARACTERS = 40
ADDRESS_CHARACTERS = 255
DEVICE_TEXT_CHARACTERS = 255
DEVICE_MODEL_CHARACTERS = 50
GROUP_NAME_CHARACTERS = 255
GROUP_CONTACTS_PER_REQUEST = 500
"""Contacts that one request puts into a segment or takes out of it (documented)."""

LINK_CHARACTERS = 2_048
"""Characters of the link of a CSV (ours)."""

DETAILS_PER_SESSION = 1_000
"""Rows of a CSV by link of which a session keeps what was wrong with them; all are counted (ours)."""

CONDITIONS = 50
"""Conditions of one dynamic segment, groups of them included (ours)."""
CONDITION_DEPTH = 6
CONDITION_VALUES = 500
"""Values in the list of one condition (ours)."""
SEGMENT_VALUES = 1_000
"""Values that all conditions of one dynamic segment compare with (ours)."""
CONDITION_CHARACTERS = 255

EVENT_KEY_CHARACTERS = 255
FORM_TYPE_CHARACTERS = 200
"""Characters of the form type that ends the key of an event type (ours)."""
EVENT_VALUE_CHARACTERS = 1_000
EVENT_PARAMS_BYTES = 64 * 1024
"""Bytes of one event's parameters (ours)."""

EVENTS_PER_REQUEST = 1_000
"""Events in one request of v3 (documented)."""

IDENTIFYING_FIELD_CHARACTERS = 50
"""Characters of an additional field's value when that field identifies the contact (`dedupeOn: fieldId`)."""

TEXT_FIELD_CHARACTERS = 1_000
TEXT_AREA_CHARACTERS = 5_000
NUMBER_FIELD_LIMIT = 2_147_483_647

REQUESTS_PER_SECOND = 200
"""Requests a second with one key to one address (contract 1), where `RATES` has no other number."""

_EVENTS, _PAST = 350, 100
RATES = {
    # A bulk request has its slots, and a limit of its own would only slow an upload down (ours).
    "POST /api/v1/contacts": 0,
    "POST /api/v1/apps/{appUuid}/tokens": 0,
    "GET /api/v1/contacts": 50,
    "GET /api/v1/contact/token/{appUuid}/{token}/contactId": 150,
    "POST /api/v1/event": _EVENTS,
    "POST /api/v2/event": _EVENTS,
    "POST /api/v3/event": _EVENTS,
    "POST /api/v3/events": _EVENTS,
    "POST /api/v1/past_events": _PAST,
    "POST /api/v2/past_events": _PAST,
    "POST /api/v3/past_events": _PAST,
    "DELETE /api/v1/past_events": 5,
    "DELETE /api/v2/past_events": 5,
    "DELETE /api/v3/past_events": 5,
    "GET /api/v2/contacts/messages": 10,
}
"""Requests a second with one key by method and path (contract 1); 0 is no limit. The setting TOKENBASE_RATE_LIMITS
may say otherwise."""

PAGE_ROWS = 500
"""Rows of a list in one answer: the default and the most."""

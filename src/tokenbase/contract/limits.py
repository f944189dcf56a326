"""The numbers a sender can run into. Each says where it comes from; the settings may not change them."""

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
EVENT_KEY_CHARACTERS = 255
IDENTIFYING_FIELD_CHARACTERS = 50
"""Characters of an additional field's value when that field identifies the contact (`dedupeOn: fieldId`)."""

TEXT_FIELD_CHARACTERS = 1_000
TEXT_AREA_CHARACTERS = 5_000
NUMBER_FIELD_LIMIT = 2_147_483_647

PAGE_ROWS = 500
"""Rows of a list in one answer: the default and the most."""

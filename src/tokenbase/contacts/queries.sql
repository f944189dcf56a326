-- Statements of the contacts room. Every one takes the account first: no row of another account can be named.

-- name: lock_account
-- Requests that write to one account go one after the other (contract 3); the lock ends with the transaction.
SELECT pg_advisory_xact_lock(7151, %(account_id)s);

-- name: match_by_key
-- Who holds each key, by the key's place in the list.
SELECT asked.place, identity.contact_id
FROM unnest(string_to_array(%(keys)s, ',')::uuid[]) WITH ORDINALITY AS asked (key, place)
JOIN identity ON identity.key = asked.key
WHERE identity.account_id = %(account_id)s;

-- name: contacts_by_id
-- The contacts with these ids, deleted ones too.
SELECT
  id, updated_at, deleted_at IS NOT NULL, fields,
  external_id, email, email_confirmed, sms, viber, telegram, first_name, last_name, language_code, time_zone,
  contact_key, region, town, address, postcode, address_description, address_book_id
FROM contact
WHERE account_id = %(account_id)s
  AND id = ANY(%(ids)s);

-- name: cards_by_id
-- The contacts with these ids as they are shown.
SELECT
  id, created_at, updated_at, deleted_at IS NOT NULL, fields,
  external_id, email, email_confirmed, sms, viber, telegram, first_name, last_name, language_code, time_zone,
  contact_key, region, town, address, postcode, address_description, address_book_id
FROM contact
WHERE account_id = %(account_id)s
  AND id = ANY(%(ids)s);

-- name: tokens_by_holder
-- The tokens with these keys that stand with these contacts, pair by pair.
SELECT
  contact_id, replace(key::text, '-', ''),
  channel, value, kind, active, app_id::text, device_model, os, locale, language, client_version, app_version, device_id,
  time_zone, advertising_id, environment, provider, web_push_p256dh, web_push_auth, registered_at, last_active_at
FROM unnest(%(contact_ids)s::bigint[], string_to_array(%(keys)s, ',')::uuid[]) AS asked (holder, token_key)
JOIN token ON token.contact_id = asked.holder AND token.key = asked.token_key
WHERE token.account_id = %(account_id)s;

-- name: tokens_of_contacts
-- All tokens of these contacts, the one seen last first.
SELECT
  contact_id, replace(key::text, '-', ''),
  channel, value, kind, active, app_id::text, device_model, os, locale, language, client_version, app_version, device_id,
  time_zone, advertising_id, environment, provider, web_push_p256dh, web_push_auth, registered_at, last_active_at
FROM token
WHERE account_id = %(account_id)s
  AND contact_id = ANY(%(contact_ids)s)
ORDER BY contact_id, last_active_at DESC NULLS LAST, created_at, key;

-- name: copy_contacts
-- New contacts.
COPY contact (
  account_id, id, created_at, updated_at, fields,
  external_id, email, email_confirmed, sms, viber, telegram, first_name, last_name, language_code, time_zone,
  contact_key, region, town, address, postcode, address_description, address_book_id
) FROM STDIN;

-- name: copy_identities
-- New keys. The primary key refuses a second holder of one that only one may have.
COPY identity (account_id, key, slot, contact_id) FROM STDIN;

-- name: copy_tokens
-- Tokens that are new to their contact.
COPY token (
  account_id, contact_id, key, created_at, updated_at,
  channel, value, kind, active, app_id, device_model, os, locale, language, client_version, app_version, device_id,
  time_zone, advertising_id, environment, provider, web_push_p256dh, web_push_auth, registered_at, last_active_at
) FROM STDIN;

-- name: update_contacts
-- Known contacts as they are now. No indexed column changes, so the index stays untouched.
UPDATE contact
SET updated_at = %(now)s,
    deleted_at = CASE WHEN new.restored THEN NULL ELSE deleted_at END,
    fields = new.fields, external_id = new.external_id, email = new.email, email_confirmed = new.email_confirmed,
    sms = new.sms, viber = new.viber, telegram = new.telegram, first_name = new.first_name, last_name = new.last_name,
    language_code = new.language_code, time_zone = new.time_zone, contact_key = new.contact_key, region = new.region,
    town = new.town, address = new.address, postcode = new.postcode, address_description = new.address_description,
    address_book_id = new.address_book_id
FROM json_to_recordset(%(rows)s::json) AS new (
  id bigint, restored boolean, fields jsonb, external_id text, email text, email_confirmed boolean, sms text, viber text,
  telegram text, first_name text, last_name text, language_code text, time_zone text, contact_key text, region text,
  town text, address text, postcode text, address_description text, address_book_id integer
)
WHERE contact.account_id = %(account_id)s
  AND contact.id = new.id;

-- name: update_tokens
-- Tokens that stay with their contact, with what was learnt of their devices.
UPDATE token
SET updated_at = %(now)s,
    channel = new.channel, kind = new.kind, active = new.active, app_id = new.app_id, device_model = new.device_model,
    os = new.os, locale = new.locale, language = new.language, client_version = new.client_version,
    app_version = new.app_version, device_id = new.device_id, time_zone = new.time_zone,
    advertising_id = new.advertising_id, environment = new.environment, provider = new.provider,
    web_push_p256dh = new.web_push_p256dh, web_push_auth = new.web_push_auth, registered_at = new.registered_at,
    last_active_at = new.last_active_at
FROM json_to_recordset(%(rows)s::json) AS new (
  contact_id bigint, key uuid, channel text, kind text, active boolean, app_id uuid, device_model text, os text,
  locale text, language text, client_version text, app_version text, device_id text, time_zone text, advertising_id text,
  environment text, provider text, web_push_p256dh text, web_push_auth text, registered_at timestamptz,
  last_active_at timestamptz
)
WHERE token.account_id = %(account_id)s
  AND token.contact_id = new.contact_id
  AND token.key = new.key;

-- name: delete_tokens
-- Tokens that left their contact, pair by pair.
DELETE FROM token
USING unnest(%(contact_ids)s::bigint[], string_to_array(%(keys)s, ',')::uuid[]) AS gone (holder, token_key)
WHERE token.account_id = %(account_id)s
  AND token.contact_id = gone.holder
  AND token.key = gone.token_key;

-- name: move_identities
-- Keys that go from one contact to another.
UPDATE identity
SET contact_id = moved.contact_id
FROM unnest(%(contact_ids)s::bigint[], string_to_array(%(keys)s, ',')::uuid[]) AS moved (contact_id, moved_key)
WHERE identity.account_id = %(account_id)s
  AND identity.key = moved.moved_key
  AND identity.slot = 0;

-- name: delete_identities
-- Keys that contacts no longer have, pair by pair.
DELETE FROM identity
USING unnest(%(contact_ids)s::bigint[], string_to_array(%(keys)s, ',')::uuid[]) AS gone (holder, gone_key)
WHERE identity.account_id = %(account_id)s
  AND identity.key = gone.gone_key
  AND identity.contact_id = gone.holder;

-- name: index_field
-- Put the values of an additional field into the identity table, once, when it first identifies. Deleted contacts are
-- left out: nothing but their external id finds them.
INSERT INTO identity (account_id, key, slot, contact_id)
SELECT
  account_id,
  encode(substr(sha256(convert_to('field:' || %(field_id)s || ':' || (fields ->> %(field_id)s), 'UTF8')), 1, 16), 'hex')::uuid,
  id,
  id
FROM contact
WHERE account_id = %(account_id)s
  AND deleted_at IS NULL
  AND fields ->> %(field_id)s <> '';

-- name: mark_identifying
-- From now on the field's values stand in the identity table. No row comes back where they already did.
UPDATE field
SET identifies = true
WHERE account_id = %(account_id)s
  AND id = %(field_id)s
  AND NOT identifies
RETURNING id;

-- name: mark_deleted
-- Contacts that are deleted, but can come back.
UPDATE contact
SET deleted_at = %(now)s,
    updated_at = %(now)s
WHERE account_id = %(account_id)s
  AND id = ANY(%(ids)s);

-- name: erase_contacts
-- Contacts that are gone for good.
DELETE FROM contact
WHERE account_id = %(account_id)s
  AND id = ANY(%(ids)s);

-- name: erase_tokens
-- Tokens of contacts that are gone for good.
DELETE FROM token
WHERE account_id = %(account_id)s
  AND contact_id = ANY(%(ids)s);

-- name: erase_events
-- Events of contacts that are gone for good: their parameters hold addresses.
DELETE FROM event
WHERE account_id = %(account_id)s
  AND contact_id = ANY(%(ids)s);

-- name: erase_memberships
-- Memberships of contacts that are gone for good.
DELETE FROM segment_member
WHERE account_id = %(account_id)s
  AND contact_id = ANY(%(ids)s);

-- name: record_erasure
-- What was erased, and when: the one thing that stays.
INSERT INTO erasure (account_id, contact_id, erased_at)
SELECT %(account_id)s, id, %(now)s
FROM unnest(%(ids)s::bigint[]) AS gone (id);

-- name: page_by_keys
-- A page of the contacts that hold all of `many` keys and bear these names, by id; each row with the number of all,
-- and one row without an id when the page is empty.
WITH matched AS (
  SELECT id
  FROM contact
  WHERE account_id = %(account_id)s
    AND id IN (
      SELECT contact_id
      FROM identity
      WHERE account_id = %(account_id)s
        AND key = ANY(string_to_array(%(keys)s, ',')::uuid[])
      GROUP BY contact_id
      HAVING count(*) = %(many)s
    )
    AND deleted_at IS NULL
    AND (%(first_name)s::text IS NULL OR lower(first_name) = lower(%(first_name)s))
    AND (%(last_name)s::text IS NULL OR lower(last_name) = lower(%(last_name)s))
)
SELECT page.id, total.contacts
FROM (SELECT count(*) AS contacts FROM matched) AS total
LEFT JOIN (SELECT id FROM matched ORDER BY id LIMIT %(rows)s OFFSET %(skipped)s) AS page ON true
ORDER BY page.id;

-- name: page_by_names
-- The same without any key.
WITH matched AS (
  SELECT id
  FROM contact
  WHERE account_id = %(account_id)s
    AND deleted_at IS NULL
    AND (%(first_name)s::text IS NULL OR lower(first_name) = lower(%(first_name)s))
    AND (%(last_name)s::text IS NULL OR lower(last_name) = lower(%(last_name)s))
)
SELECT page.id, total.contacts
FROM (SELECT count(*) AS contacts FROM matched) AS total
LEFT JOIN (SELECT id FROM matched ORDER BY id LIMIT %(rows)s OFFSET %(skipped)s) AS page ON true
ORDER BY page.id;

-- name: set_token_active
-- Whether a token may be sent to.
UPDATE token
SET active = %(active)s,
    updated_at = %(now)s
WHERE account_id = %(account_id)s
  AND contact_id = %(contact_id)s
  AND key = %(key)s;

-- name: token_active
-- Whether a token may be sent to, if the contact has it.
SELECT active
FROM token
WHERE account_id = %(account_id)s
  AND contact_id = %(contact_id)s
  AND key = %(key)s;

-- name: memberships_of_contacts
-- The segments that contacts were put in, by name.
SELECT segment_member.contact_id, segment.id, segment.name, segment.type
FROM segment_member
JOIN segment ON segment.account_id = segment_member.account_id AND segment.id = segment_member.segment_id
WHERE segment_member.account_id = %(account_id)s
  AND segment_member.contact_id = ANY(%(contact_ids)s)
ORDER BY segment.name;

-- Additional fields

-- name: fields
-- The additional fields of an account.
SELECT id, address_book_id, list_name, key, name, type, allowed_values, identifies
FROM field
WHERE account_id = %(account_id)s
ORDER BY address_book_id, list_name, id;

-- name: identifying_fields
-- The additional fields whose values stand in the identity table.
SELECT id
FROM field
WHERE account_id = %(account_id)s
  AND identifies;

-- name: create_field
-- A new additional field. No row comes back where its id, or its key in its list, is taken.
INSERT INTO field (account_id, id, address_book_id, list_name, key, name, type, allowed_values, identifies, created_at)
VALUES (
  %(account_id)s, %(id)s, %(address_book_id)s, %(list_name)s, %(key)s, %(name)s, %(type)s, %(allowed_values)s, false,
  %(now)s
)
ON CONFLICT DO NOTHING
RETURNING id;

-- Statements of the contacts room. Every one takes the account first: no row of another account can be named.

-- name: lock_account
-- Requests that write to one account go one after the other (contract 3); the lock ends with the transaction. So do the
-- settings: what follows asks for rows by their keys, where an index is always right, but where the planner, as long as
-- a base grows faster than its statistics, would read whole tables. For the same reason joins below compare the account
-- with one beside each key asked for: told of one account it would think of few rows, and look at each for each key.
-- `patience` is how long it may wait for a row from now on, '' for as long as the connection says (store/database.py).
SELECT
  pg_advisory_xact_lock(7151, %(account_id)s),
  set_config('enable_seqscan', 'off', true),
  set_config('enable_hashjoin', 'off', true),
  set_config('enable_mergejoin', 'off', true),
  set_config('lock_timeout', coalesce(nullif(%(patience)s, ''), current_setting('lock_timeout')), true);

-- name: write_ahead
-- Whoever writes contacts before the account's lock holds this meanwhile; the settings are those of lock_account.
SELECT
  pg_advisory_xact_lock_shared(7155, %(account_id)s),
  set_config('enable_seqscan', 'off', true),
  set_config('enable_hashjoin', 'off', true),
  set_config('enable_mergejoin', 'off', true);

-- name: await_writers
-- Wait for those who write ahead of the account's lock at this moment.
SELECT pg_advisory_xact_lock(7155, %(account_id)s);

-- name: queue_import
-- Imports of an account wait for one another here, so that a request for one contact never has more than one of them
-- before it at the account's lock.
SELECT pg_advisory_xact_lock(7152, %(account_id)s);

-- name: match_by_key
-- Who holds each key.
SELECT key::text, contact_id
FROM identity
WHERE account_id = %(account_id)s
  AND key = ANY(string_to_array(%(keys)s, ',')::uuid[]);

-- name: digests
-- The digests of contacts that stand as they were last imported.
SELECT id, digest::text
FROM contact
WHERE account_id = %(account_id)s
  AND id = ANY(%(ids)s::bigint[])
  AND digest IS NOT NULL
  AND deleted_at IS NULL;

-- name: forget_digests
-- Contacts that something else than an import changed.
UPDATE contact
SET digest = NULL
WHERE account_id = %(account_id)s
  AND id = ANY(%(ids)s::bigint[])
  AND digest IS NOT NULL;

-- name: contacts_by_id
-- The contacts with these ids, deleted ones too, as cells (contacts/incoming.py).
SELECT
  id, updated_at::text, deleted_at IS NOT NULL, coalesce(digest::text, ''), xmin::text, fields::text,
  coalesce(external_id, ''), coalesce(email, ''), email_confirmed::text, coalesce(sms, ''), coalesce(viber, ''),
  coalesce(telegram, ''), coalesce(first_name, ''), coalesce(last_name, ''), coalesce(language_code, ''),
  coalesce(time_zone, ''), coalesce(contact_key, ''), coalesce(region, ''), coalesce(town, ''),
  coalesce(address, ''), coalesce(postcode, ''), coalesce(address_description, ''),
  coalesce(address_book_id::text, '')
FROM contact
WHERE account_id = %(account_id)s
  AND id = ANY(%(ids)s::bigint[]);

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
-- Those of these tokens that stand with these contacts, pair by pair, as cells behind the pair's place and the version.
SELECT
  asked.place,
  token.xmin::text,
  channel, value, kind, active::text, coalesce(app_id::text, ''), coalesce(device_model, ''), coalesce(os, ''),
  coalesce(locale, ''), coalesce(language, ''), coalesce(client_version, ''), coalesce(app_version, ''),
  coalesce(device_id, ''), coalesce(time_zone, ''), coalesce(advertising_id, ''), coalesce(environment, ''),
  coalesce(provider, ''), coalesce(web_push_p256dh, ''), coalesce(web_push_auth, ''),
  coalesce(registered_at::text, ''), coalesce(last_active_at::text, '')
FROM unnest(
  array_fill(%(account_id)s::integer, ARRAY[%(many)s]), %(contact_ids)s::bigint[], string_to_array(%(keys)s, ',')::uuid[]
) WITH ORDINALITY AS asked (account, holder, token_key, place)
JOIN token
  ON token.account_id = asked.account
  AND token.contact_id = asked.holder
  AND token.key = asked.token_key;

-- name: kept_tokens
-- All tokens that stand with these deleted contacts, as cells, the one seen last first.
SELECT
  contact_id, key::text,
  channel, value, kind, active::text, coalesce(app_id::text, ''), coalesce(device_model, ''), coalesce(os, ''),
  coalesce(locale, ''), coalesce(language, ''), coalesce(client_version, ''), coalesce(app_version, ''),
  coalesce(device_id, ''), coalesce(time_zone, ''), coalesce(advertising_id, ''), coalesce(environment, ''),
  coalesce(provider, ''), coalesce(web_push_p256dh, ''), coalesce(web_push_auth, ''),
  coalesce(registered_at::text, ''), coalesce(last_active_at::text, '')
FROM token
WHERE account_id = %(account_id)s
  AND contact_id = ANY(%(contact_ids)s::bigint[])
ORDER BY contact_id, last_active_at DESC NULLS LAST, created_at, key;

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
  account_id, id, created_at, updated_at, digest, fields,
  external_id, email, email_confirmed, sms, viber, telegram, first_name, last_name, language_code, time_zone,
  contact_key, region, town, address, postcode, address_description, address_book_id
) FROM STDIN (FORMAT binary);

-- name: copy_identities
-- New keys. The primary key refuses a second holder of one that only one may have.
COPY identity (account_id, key, slot, contact_id) FROM STDIN (FORMAT binary);

-- name: copy_tokens
-- Tokens that are new to their contact.
COPY token (
  account_id, contact_id, key, created_at, updated_at,
  channel, value, kind, active, app_id, device_model, os, locale, language, client_version, app_version, device_id,
  time_zone, advertising_id, environment, provider, web_push_p256dh, web_push_auth, registered_at, last_active_at
) FROM STDIN (FORMAT binary);

-- name: update_contacts
-- Known contacts as they are now. What a row does not name stays, and an empty text makes it null. Where only the
-- digest is new nothing else is. Where a row names a version, the contact is left alone if it is of another by now. No
-- indexed column changes, so the index stays untouched.
UPDATE contact
SET digest = new.digest,
    updated_at = CASE WHEN new.changed THEN %(now)s ELSE updated_at END,
    deleted_at = CASE WHEN new.restored THEN NULL ELSE deleted_at END,
    fields = coalesce(new.fields, contact.fields),
    external_id = nullif(coalesce(new.external_id, contact.external_id), ''),
    email = nullif(coalesce(new.email, contact.email), ''),
    email_confirmed = coalesce(new.email_confirmed, contact.email_confirmed),
    sms = nullif(coalesce(new.sms, contact.sms), ''),
    viber = nullif(coalesce(new.viber, contact.viber), ''),
    telegram = nullif(coalesce(new.telegram, contact.telegram), ''),
    first_name = nullif(coalesce(new.first_name, contact.first_name), ''),
    last_name = nullif(coalesce(new.last_name, contact.last_name), ''),
    language_code = nullif(coalesce(new.language_code, contact.language_code), ''),
    time_zone = nullif(coalesce(new.time_zone, contact.time_zone), ''),
    contact_key = nullif(coalesce(new.contact_key, contact.contact_key), ''),
    region = nullif(coalesce(new.region, contact.region), ''),
    town = nullif(coalesce(new.town, contact.town), ''),
    address = nullif(coalesce(new.address, contact.address), ''),
    postcode = nullif(coalesce(new.postcode, contact.postcode), ''),
    address_description = nullif(coalesce(new.address_description, contact.address_description), ''),
    address_book_id = coalesce(new.address_book_id, contact.address_book_id)
FROM json_to_recordset(%(rows)s::json) AS new (
  account_id integer, id bigint, version xid, digest uuid, changed boolean, restored boolean, fields jsonb, external_id text, email text,
  email_confirmed boolean, sms text, viber text, telegram text, first_name text, last_name text, language_code text,
  time_zone text, contact_key text, region text, town text, address text, postcode text, address_description text,
  address_book_id integer
)
WHERE contact.account_id = new.account_id
  AND contact.id = new.id
  AND (new.version IS NULL OR contact.xmin = new.version);

-- name: update_tokens
-- Tokens that stay with their contact, with what was learnt of their devices. What a row does not name stays, and an
-- empty text makes it null; versions are as above.
UPDATE token
SET updated_at = %(now)s,
    active = coalesce(new.active, token.active),
    device_model = nullif(coalesce(new.device_model, token.device_model), ''),
    os = nullif(coalesce(new.os, token.os), ''),
    locale = nullif(coalesce(new.locale, token.locale), ''),
    language = nullif(coalesce(new.language, token.language), ''),
    client_version = nullif(coalesce(new.client_version, token.client_version), ''),
    app_version = nullif(coalesce(new.app_version, token.app_version), ''),
    device_id = nullif(coalesce(new.device_id, token.device_id), ''),
    time_zone = nullif(coalesce(new.time_zone, token.time_zone), ''),
    advertising_id = nullif(coalesce(new.advertising_id, token.advertising_id), ''),
    environment = coalesce(new.environment, token.environment),
    provider = coalesce(new.provider, token.provider),
    web_push_p256dh = nullif(coalesce(new.web_push_p256dh, token.web_push_p256dh), ''),
    web_push_auth = nullif(coalesce(new.web_push_auth, token.web_push_auth), ''),
    registered_at = coalesce(new.registered_at, token.registered_at),
    last_active_at = coalesce(new.last_active_at, token.last_active_at)
FROM json_to_recordset(%(rows)s::json) AS new (
  account_id integer, contact_id bigint, key uuid, version xid, active boolean, device_model text, os text, locale text, language text,
  client_version text, app_version text, device_id text, time_zone text, advertising_id text, environment text,
  provider text, web_push_p256dh text, web_push_auth text, registered_at timestamptz, last_active_at timestamptz
)
WHERE token.account_id = new.account_id
  AND token.contact_id = new.contact_id
  AND token.key = new.key
  AND (new.version IS NULL OR token.xmin = new.version);

-- name: contacts_unchanged
-- How many of these contacts are of these versions, pair by pair.
SELECT count(*)
FROM unnest(
  array_fill(%(account_id)s::integer, ARRAY[%(many)s]), %(contact_ids)s::bigint[], %(versions)s::xid[]
) AS asked (account, id, version)
JOIN contact
  ON contact.account_id = asked.account
  AND contact.id = asked.id
  AND contact.xmin = asked.version;

-- name: tokens_unchanged
-- How many of these tokens stand with these contacts in these versions.
SELECT count(*)
FROM unnest(
  array_fill(%(account_id)s::integer, ARRAY[%(many)s]),
  %(contact_ids)s::bigint[],
  string_to_array(%(keys)s, ',')::uuid[],
  %(versions)s::xid[]
) AS asked (account, holder, token_key, version)
JOIN token
  ON token.account_id = asked.account
  AND token.contact_id = asked.holder
  AND token.key = asked.token_key
  AND token.xmin = asked.version;

-- name: delete_tokens
-- Tokens that left their contact, pair by pair; those with a version only while they are of it.
DELETE FROM token
USING unnest(
  array_fill(%(account_id)s::integer, ARRAY[%(many)s]),
  %(contact_ids)s::bigint[],
  string_to_array(%(keys)s, ',')::uuid[],
  %(versions)s::xid[]
) AS gone (account, holder, token_key, version)
WHERE token.account_id = gone.account
  AND token.contact_id = gone.holder
  AND token.key = gone.token_key
  AND (gone.version IS NULL OR token.xmin = gone.version);

-- name: move_identities
-- Keys that go from one contact to another.
UPDATE identity
SET contact_id = moved.contact_id
FROM unnest(
  array_fill(%(account_id)s::integer, ARRAY[%(many)s]), %(contact_ids)s::bigint[], string_to_array(%(keys)s, ',')::uuid[]
) AS moved (account, contact_id, moved_key)
WHERE identity.account_id = moved.account
  AND identity.key = moved.moved_key
  AND identity.slot = 0;

-- name: delete_identities
-- Keys that contacts no longer have, pair by pair.
DELETE FROM identity
USING unnest(
  array_fill(%(account_id)s::integer, ARRAY[%(many)s]), %(contact_ids)s::bigint[], string_to_array(%(keys)s, ',')::uuid[]
) AS gone (account, holder, gone_key)
WHERE identity.account_id = gone.account
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
    updated_at = %(now)s,
    digest = NULL
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
INSERT INTO erasure (account_id, contact_id, external_key, erased_at)
VALUES (%(account_id)s, %(contact_id)s, %(external_key)s, %(now)s);

-- name: page_of_erasures
-- A page of what was erased, the first first, of one contact or one external id if they are given; rows as below.
WITH matched AS (
  SELECT contact_id, erased_at
  FROM erasure
  WHERE account_id = %(account_id)s
    AND (%(contact_id)s::bigint IS NULL OR contact_id = %(contact_id)s)
    AND (%(external_key)s::uuid IS NULL OR external_key = %(external_key)s)
)
SELECT page.contact_id, page.erased_at, total.erasures
FROM (SELECT count(*) AS erasures FROM matched) AS total
LEFT JOIN (
  SELECT contact_id, erased_at FROM matched ORDER BY erased_at, contact_id LIMIT %(rows)s OFFSET %(skipped)s
) AS page ON true
ORDER BY page.erased_at, page.contact_id;

-- name: erase_stray_events
-- Events of nobody known that name a person who is gone for good.
DELETE FROM event
WHERE account_id = %(account_id)s
  AND contact_id = 0
  AND EXISTS (
    SELECT
    FROM jsonb_each_text(event.params) AS param (name, value)
    JOIN unnest(%(names)s::text[], %(values)s::text[]) AS gone (name, value)
      ON gone.name = lower(param.name) AND lower(gone.value) = lower(trim(param.value))
  );

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
-- The same without any key: by the first name, the last name or both, in the words of the index of names. They name the
-- account too; it is compared again as a sum, lest the planner, while the base grows faster than its statistics, read all
-- contacts of the account for it.
WITH matched AS (
  SELECT id
  FROM contact
  WHERE account_id + 0 = %(account_id)s
    AND deleted_at IS NULL
    AND (first_name IS NOT NULL OR last_name IS NOT NULL)
    AND ARRAY['f' || account_id::text || ':' || lower(first_name), 'l' || account_id::text || ':' || lower(last_name)]
      @> array_remove(
        ARRAY[
          'f' || %(account_id)s::integer::text || ':' || lower(%(first_name)s::text),
          'l' || %(account_id)s::integer::text || ':' || lower(%(last_name)s::text)
        ],
        NULL
      )
)
SELECT page.id, total.contacts
FROM (SELECT count(*) AS contacts FROM matched) AS total
LEFT JOIN (SELECT id FROM matched ORDER BY id LIMIT %(rows)s OFFSET %(skipped)s) AS page ON true
ORDER BY page.id;

-- name: page_of_all
-- The same of everybody.
SELECT page.id, total.contacts
FROM (
  SELECT count(*) AS contacts
  FROM contact
  WHERE account_id = %(account_id)s
    AND deleted_at IS NULL
) AS total
LEFT JOIN (
  SELECT id
  FROM contact
  WHERE account_id = %(account_id)s
    AND deleted_at IS NULL
  ORDER BY id
  LIMIT %(rows)s OFFSET %(skipped)s
) AS page ON true
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

-- Contacts by name, and what they want

-- name: living_contacts
-- Those of these contacts that are there and not deleted, and when each was last changed.
SELECT id, updated_at::text
FROM contact
WHERE account_id = %(account_id)s
  AND id = ANY(%(ids)s)
  AND deleted_at IS NULL;

-- name: emails_of_contacts
-- The e-mail addresses of those of these contacts that have one.
SELECT id, email
FROM contact
WHERE account_id = %(account_id)s
  AND id = ANY(%(ids)s)
  AND deleted_at IS NULL
  AND email IS NOT NULL;

-- name: unsubscribe
-- Addresses whose owners want no e-mail, and when they last said so.
INSERT INTO unsubscribed_email (account_id, key, unsubscribed_at)
SELECT %(account_id)s, new.key, %(now)s
FROM unnest(string_to_array(%(keys)s, ',')::uuid[]) AS new (key)
ON CONFLICT (account_id, key) DO UPDATE
SET unsubscribed_at = excluded.unsubscribed_at;

-- name: resubscribe
-- Addresses whose owners want e-mail again.
DELETE FROM unsubscribed_email
WHERE account_id = %(account_id)s
  AND key = ANY(string_to_array(%(keys)s, ',')::uuid[]);

-- name: unsubscribed
-- Those of these addresses that are unsubscribed.
SELECT key::text
FROM unsubscribed_email
WHERE account_id = %(account_id)s
  AND key = ANY(string_to_array(%(keys)s, ',')::uuid[]);

-- name: subscriptions
-- What a contact is subscribed to.
SELECT name
FROM subscription
WHERE account_id = %(account_id)s
  AND contact_id = %(contact_id)s
ORDER BY name;

-- name: end_subscriptions
-- What a contact is no longer subscribed to: all but these.
DELETE FROM subscription
WHERE account_id = %(account_id)s
  AND contact_id = %(contact_id)s
  AND NOT name = ANY(%(names)s::text[]);

-- name: begin_subscriptions
-- What a contact is subscribed to from now on.
INSERT INTO subscription (account_id, contact_id, name)
SELECT %(account_id)s, %(contact_id)s, name
FROM unnest(%(names)s::text[]) AS wanted (name)
ON CONFLICT DO NOTHING;

-- name: erase_subscriptions
-- Subscriptions of contacts that are gone for good.
DELETE FROM subscription
WHERE account_id = %(account_id)s
  AND contact_id = ANY(%(ids)s);

-- name: erase_mails
-- That contacts who are gone for good were asked by mail.
DELETE FROM confirmation_mail
WHERE account_id = %(account_id)s
  AND contact_id = ANY(%(ids)s);

-- Muted tokens

-- name: mute_tokens
-- Tokens that are kept and not sent to.
INSERT INTO muted_token (account_id, key, muted_at)
SELECT %(account_id)s, muted.key, %(now)s
FROM unnest(string_to_array(%(keys)s, ',')::uuid[]) AS muted (key)
ON CONFLICT DO NOTHING;

-- name: unmute_tokens
-- Tokens that are sent to again.
DELETE FROM muted_token
WHERE account_id = %(account_id)s
  AND key = ANY(string_to_array(%(keys)s, ',')::uuid[]);

-- name: muted_tokens
-- Those of these tokens that are muted.
SELECT key::text
FROM muted_token
WHERE account_id = %(account_id)s
  AND key = ANY(string_to_array(%(keys)s, ',')::uuid[]);

-- name: erase_mutes
-- What was noted of tokens that nobody has any more.
DELETE FROM muted_token
WHERE account_id = %(account_id)s
  AND key = ANY(string_to_array(%(keys)s, ',')::uuid[])
  AND NOT EXISTS (
    SELECT FROM identity
    WHERE identity.account_id = muted_token.account_id
      AND identity.key = muted_token.key
  );

-- Erasures, and what is stored beside the account's lock

-- name: hold_erasures
-- Whoever stores something about contacts without the account's lock keeps erasures waiting, and nobody else.
SELECT pg_advisory_xact_lock_shared(7153, %(account_id)s);

-- name: lock_erasures
-- An erasure waits for all that is being stored about contacts.
SELECT pg_advisory_xact_lock(7153, %(account_id)s);

-- Statements of the imports room.

-- name: event_type_id
-- The event type with this key.
SELECT id
FROM event_type
WHERE account_id = %(account_id)s
  AND key = %(key)s;

-- name: create_event_type
-- An event type that an import named first; its name is its key (contract 4).
INSERT INTO event_type (account_id, id, key, name, created_at)
VALUES (%(account_id)s, %(id)s, %(key)s, %(key)s, %(now)s);

-- name: copy_events
-- One event for each new contact.
COPY event (account_id, contact_id, id, event_type_id, occurred_at, key_value, params) FROM STDIN;

-- name: create_session
-- An import that is finished, with what became of each contact.
INSERT INTO import_session (
  account_id, id, status, started_at, finished_at, total, created, updated, unchanged, restored, skipped, failed,
  contact_ids, results, failed_contacts
)
VALUES (
  %(account_id)s, %(id)s, 'FINISHED', %(started_at)s, %(finished_at)s, %(total)s, %(created)s, %(updated)s,
  %(unchanged)s, %(restored)s, %(skipped)s, %(failed)s, %(contact_ids)s::bigint[], %(results)s, %(failed_contacts)s
);

-- name: session
-- One import session of the account.
SELECT
  status, started_at, finished_at, total, created, updated, unchanged, restored, skipped, failed, contact_ids, results,
  failed_contacts
FROM import_session
WHERE account_id = %(account_id)s
  AND id = %(id)s;

-- name: external_ids
-- The external ids that contacts have today: an erased contact's is not kept anywhere.
SELECT id, external_id
FROM contact
WHERE account_id = %(account_id)s
  AND id = ANY(%(ids)s)
  AND external_id IS NOT NULL;

-- name: first_answer
-- What this Idempotency-Key was answered first, and to which body.
SELECT body_hash, answer
FROM idempotent_answer
WHERE account_id = %(account_id)s
  AND key = %(key)s;

-- name: keep_answer
-- The first answer to an Idempotency-Key.
INSERT INTO idempotent_answer (account_id, key, body_hash, answer, created_at)
VALUES (%(account_id)s, %(key)s, %(body_hash)s, %(answer)s, %(now)s);

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
COPY event (account_id, contact_id, id, event_type_id, occurred_at, key_value, params) FROM STDIN (FORMAT binary);

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

-- name: open_session
-- The session of a link, whose rows come later.
INSERT INTO import_session (
  account_id, id, status, started_at, total, created, updated, unchanged, restored, skipped, failed, contact_ids, results,
  failed_contacts, by_link
)
VALUES (%(account_id)s, %(id)s, 'NEW', %(now)s, 0, 0, 0, 0, 0, 0, 0, '{}', '', '[]', true);

-- name: begin_session
-- The session of a link is being worked on.
UPDATE import_session
SET status = 'IMPORTING'
WHERE account_id = %(account_id)s
  AND id = %(id)s
  AND status = 'NEW';

-- name: grow_session
-- The counts of one more portion.
UPDATE import_session
SET total = total + %(total)s, created = created + %(created)s, updated = updated + %(updated)s,
  unchanged = unchanged + %(unchanged)s, restored = restored + %(restored)s, skipped = skipped + %(skipped)s,
  failed = failed + %(failed)s
WHERE account_id = %(account_id)s
  AND id = %(id)s;

-- name: add_portion
-- What became of the rows of one portion.
INSERT INTO import_portion (account_id, session_id, first_row, created_at, contact_ids, results, details)
VALUES (
  %(account_id)s, %(id)s, %(first_row)s, %(now)s, %(contact_ids)s::bigint[], %(results)s, %(details)s
);

-- name: end_session
-- The session of a link is over, well or with an error.
UPDATE import_session
SET status = %(status)s, finished_at = %(now)s, error = %(error)s
WHERE account_id = %(account_id)s
  AND id = %(id)s;

-- name: portions
-- The portions that have rows between two.
SELECT first_row, contact_ids, results
FROM import_portion
WHERE account_id = %(account_id)s
  AND session_id = %(id)s
  AND first_row < %(until)s
  AND first_row + length(results) > %(first)s
ORDER BY first_row;

-- name: details
-- What is told of single rows of a session.
SELECT details
FROM import_portion
WHERE account_id = %(account_id)s
  AND session_id = %(id)s
  AND details <> ''
ORDER BY first_row;

-- name: session
-- One import session of the account.
SELECT
  by_link IS TRUE, error, status, started_at, finished_at, total, created, updated, unchanged, restored, skipped, failed, contact_ids, results,
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

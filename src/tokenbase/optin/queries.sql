-- Statements of the room of double opt-in.

-- name: contact
-- Whom a mail or a link is for: the address, whether it is confirmed, and what an event of them is called by.
SELECT email, email_confirmed, sms, external_id
FROM contact
WHERE account_id = %(account_id)s
  AND id = %(contact_id)s
  AND deleted_at IS NULL;

-- name: confirm_email
-- A contact whose owner pressed the button.
UPDATE contact
SET email_confirmed = true,
    updated_at = %(now)s,
    digest = NULL
WHERE account_id = %(account_id)s
  AND id = %(contact_id)s;

-- name: unsubscribed_at
-- When the owner of an address last said that they want no e-mail.
SELECT unsubscribed_at
FROM unsubscribed_email
WHERE account_id = %(account_id)s
  AND key = %(key)s;

-- name: lift_unsubscription
-- An address whose owner wants e-mail again: what they said after they were asked stands above the link.
DELETE FROM unsubscribed_email
WHERE account_id = %(account_id)s
  AND key = %(key)s
  AND unsubscribed_at < %(asked_at)s;

-- name: record_event
-- The event of somebody who subscribes.
INSERT INTO event (account_id, contact_id, id, event_type_id, occurred_at, key_value, params)
VALUES (
  %(account_id)s, %(contact_id)s, %(id)s, %(event_type_id)s, %(now)s, %(key_value)s, %(params)s::jsonb
);

-- name: mails_to_address
-- How many mails an address was given since a moment, and how many of them since a later one.
SELECT count(*), count(*) FILTER (WHERE created_at > %(pause)s)
FROM confirmation_mail
WHERE account_id = %(account_id)s
  AND email_key = %(key)s
  AND created_at > %(day)s;

-- name: put_mail
-- A mail that waits to be handed over.
INSERT INTO confirmation_mail (account_id, id, contact_id, email_key, state, attempts, due_at, created_at)
VALUES (%(account_id)s, %(id)s, %(contact_id)s, %(key)s, 'waiting', 0, %(now)s, %(now)s);

-- name: claim_mail
-- The mail of any account that has waited longest, for one process: after `until` another may take it.
UPDATE confirmation_mail
SET attempts = attempts + 1,
    due_at = %(until)s
WHERE (account_id, id) IN (
  SELECT account_id, id
  FROM confirmation_mail
  WHERE state = 'waiting'
    AND due_at <= %(now)s
  ORDER BY due_at
  LIMIT 1
  FOR UPDATE SKIP LOCKED
)
RETURNING account_id, id, contact_id, replace(email_key::text, '-', ''), attempts, created_at;

-- name: finish_mail
-- A mail that is done with, unless another process has taken it over.
UPDATE confirmation_mail
SET state = %(state)s,
    finished_at = %(now)s,
    last_error = coalesce(%(error)s, last_error)
WHERE account_id = %(account_id)s
  AND id = %(id)s
  AND attempts = %(attempts)s
  AND state = 'waiting';

-- name: postpone_mail
-- A mail that is tried again later, unless another process has taken it over.
UPDATE confirmation_mail
SET due_at = %(due_at)s,
    last_error = %(error)s
WHERE account_id = %(account_id)s
  AND id = %(id)s
  AND attempts = %(attempts)s
  AND state = 'waiting';

-- name: drop_mails
-- Mails to a contact that nobody needs any more.
UPDATE confirmation_mail
SET state = 'dropped',
    finished_at = %(now)s
WHERE account_id = %(account_id)s
  AND contact_id = %(contact_id)s
  AND state = 'waiting';

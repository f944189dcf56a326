-- Statements of the store itself.

-- name: take_block
-- The next block of numbers: a name's first block begins at 1.
INSERT INTO id_block (name, next)
VALUES (%(name)s, 1 + %(size)s)
ON CONFLICT (name) DO UPDATE
SET next = id_block.next + %(size)s
RETURNING next - %(size)s;

-- name: create_migrations
-- What was applied, and what it was.
CREATE TABLE IF NOT EXISTS migration (
  name text PRIMARY KEY,
  checksum text NOT NULL,
  applied_at timestamptz NOT NULL
);

-- name: applied
-- The migrations that were applied.
SELECT name, checksum
FROM migration
ORDER BY name;

-- name: record_migration
-- A migration that is being applied in this transaction.
INSERT INTO migration (name, checksum, applied_at)
VALUES (%(name)s, %(checksum)s, %(now)s);

-- name: lock_migrations
-- Only one process migrates; the others wait and find it done. The lock ends with the session.
SELECT pg_advisory_lock(7150);

-- name: unlock_migrations
-- The next process may look.
SELECT pg_advisory_unlock(7150);

-- name: version
-- The server's version as a number: 150004 is 15.4.
SELECT current_setting('server_version_num')::integer;

-- name: partitions
-- The monthly partitions of the table event that exist.
SELECT child.relname
FROM pg_inherits
JOIN pg_class AS child ON child.oid = pg_inherits.inhrelid
WHERE pg_inherits.inhparent = 'event'::regclass;

-- name: lock_partitions
-- Only one process makes partitions at a time; the lock ends with the transaction.
SELECT pg_advisory_xact_lock(7152);

-- name: sweep_sessions
-- A piece of the import sessions that are older than they are kept for.
DELETE FROM import_session
WHERE (account_id, id) IN (
  SELECT account_id, id
  FROM import_session
  WHERE started_at < %(before)s
  LIMIT %(piece)s
);

-- name: sweep_portions
-- A piece of the portions of sessions of links.
DELETE FROM import_portion
WHERE (account_id, session_id, first_row) IN (
  SELECT account_id, session_id, first_row
  FROM import_portion
  WHERE created_at < %(before)s
  LIMIT %(piece)s
);

-- name: sweep_jobs
-- A piece of the jobs that failed long ago.
DELETE FROM job
WHERE (account_id, id) IN (
  SELECT account_id, id
  FROM job
  WHERE state = 'failed'
    AND due_at < %(before)s
  LIMIT %(piece)s
);

-- name: sweep_answers
-- A piece of the answers to Idempotency-Keys that nobody will repeat any more.
DELETE FROM idempotent_answer
WHERE (account_id, key) IN (
  SELECT account_id, key
  FROM idempotent_answer
  WHERE created_at < %(before)s
  LIMIT %(piece)s
);

-- name: sweep_mails
-- A piece of what is known of mails that were asked for longer ago than it is kept.
DELETE FROM confirmation_mail
WHERE (account_id, id) IN (
  SELECT account_id, id
  FROM confirmation_mail
  WHERE created_at < %(before)s
  LIMIT %(piece)s
);

-- name: ping
-- A sign of life.
SELECT 1;

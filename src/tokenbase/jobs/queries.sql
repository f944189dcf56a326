-- Statements of the jobs room.

-- name: add
-- A job that may be taken at once.
INSERT INTO job (
  account_id, id, kind, state, payload, sealed, progress, attempt, tries, due_at, created_at
)
VALUES (
  %(account_id)s, %(id)s, %(kind)s, 'waiting', %(payload)s, %(sealed)s, '', 0, 0, %(now)s, %(now)s
);

-- name: count_open
-- How many jobs of an account wait or run.
SELECT count(*)
FROM job
WHERE account_id = %(account_id)s
  AND state <> 'failed';

-- name: due
-- Whether a job is due, of whatever account, also one whose account has another that runs.
SELECT EXISTS (
  SELECT
  FROM job
  WHERE due_at <= %(now)s
    AND state <> 'failed'
);

-- name: take_turns
-- Workers claim one after another: of two that looked at once, neither would see what the other takes of an account.
SELECT pg_advisory_xact_lock(7154);

-- name: claim
-- The job that is due for the longest time, of whatever account, for one worker alone: taken, it is not due. A row that
-- its worker is just writing is passed over. An account has one job running at a time, so that none waits for all of another.
WITH due AS MATERIALIZED (
  SELECT account_id, id
  FROM job
  WHERE due_at <= %(now)s
    AND state <> 'failed'
    AND NOT EXISTS (
      SELECT
      FROM job AS other
      WHERE other.account_id = job.account_id
        AND other.state = 'running'
        AND other.due_at > %(now)s
    )
  ORDER BY due_at, created_at
  LIMIT 1
  FOR UPDATE OF job SKIP LOCKED
)
UPDATE job
SET state = 'running', attempt = attempt + 1, tries = tries + 1, due_at = %(until)s
FROM due
WHERE job.account_id = due.account_id
  AND job.id = due.id
RETURNING
  job.account_id, job.id::text, job.kind, job.payload, job.sealed, job.progress, job.attempt, job.tries, job.last_error;

-- name: extend
-- A sign of life of who runs a job; no row when it is somebody else's by now.
UPDATE job
SET due_at = %(until)s
WHERE account_id = %(account_id)s
  AND id = %(id)s
  AND attempt = %(attempt)s
  AND state = 'running';

-- name: advance
-- How far a job has come, in the transaction that took it there; no row when it is somebody else's by now.
UPDATE job
SET progress = %(progress)s, tries = 0, due_at = %(until)s
WHERE account_id = %(account_id)s
  AND id = %(id)s
  AND attempt = %(attempt)s
  AND state = 'running';

-- name: finish
-- A job that is done leaves nothing; no row when it is somebody else's by now.
DELETE FROM job
WHERE account_id = %(account_id)s
  AND id = %(id)s
  AND attempt = %(attempt)s
  AND state = 'running';

-- name: postpone
-- A job that is to be tried again, and why it has to be.
UPDATE job
SET state = 'waiting', due_at = %(due_at)s, last_error = coalesce(%(reason)s, last_error),
  tries = greatest(tries - %(less)s, 0)
WHERE account_id = %(account_id)s
  AND id = %(id)s
  AND attempt = %(attempt)s
  AND state = 'running';

-- name: give_up
-- A job that failed for good. What was secret of it goes.
UPDATE job
SET state = 'failed', last_error = %(reason)s, sealed = NULL, due_at = %(now)s
WHERE account_id = %(account_id)s
  AND id = %(id)s
  AND attempt = %(attempt)s
  AND state = 'running';

-- name: queue_again
-- The account's other jobs stand behind those of others that were due meanwhile.
UPDATE job
SET due_at = %(now)s
WHERE account_id = %(account_id)s
  AND state = 'waiting'
  AND due_at < %(now)s;

-- name: last_error
-- Why the last attempt at a job came to nothing.
SELECT last_error
FROM job
WHERE account_id = %(account_id)s
  AND id = %(id)s;

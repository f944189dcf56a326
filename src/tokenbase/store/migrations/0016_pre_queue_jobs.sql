-- Work in the background (docs/decisions/0012-job-queue.md). `due_at` is when a job may be taken: its next attempt while it
-- waits, the end of the lease while it runs. `attempt` grows with every taking, so that who lost a job cannot write for it.
CREATE TABLE job (
  account_id integer NOT NULL,
  id uuid NOT NULL,
  kind text NOT NULL,
  state text NOT NULL CHECK (state IN ('waiting', 'running', 'failed')),
  payload text NOT NULL,
  -- What of it is secret, encrypted; gone with the job's end.
  sealed bytea,
  progress text NOT NULL,
  attempt integer NOT NULL,
  -- Attempts since the last progress.
  tries integer NOT NULL,
  due_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  last_error text,
  PRIMARY KEY (account_id, id)
);
CREATE INDEX job_due ON job (due_at) WHERE state <> 'failed';

-- A session may be one of a job: then it grows by portions, and can end with an error.
ALTER TABLE import_session ADD COLUMN by_link boolean;
ALTER TABLE import_session ADD COLUMN error text;

-- What became of the rows of one portion, as import_session has it of a request's contacts. `details` is what is told of
-- single rows: {"failed": [...], "skipped": [...], "warnings": [...]}, empty for nothing.
CREATE TABLE import_portion (
  account_id integer NOT NULL,
  session_id uuid NOT NULL,
  first_row integer NOT NULL,
  created_at timestamptz NOT NULL,
  contact_ids bigint[] NOT NULL,
  results text NOT NULL,
  details text NOT NULL,
  PRIMARY KEY (account_id, session_id, first_row)
);

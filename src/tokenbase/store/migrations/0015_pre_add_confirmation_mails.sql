-- Mails that ask whether an address wants to be subscribed: written with the contact, handed over afterwards, so that none
-- is lost with the process. The address itself stands with the contact alone; here is its key in the identity table.
CREATE TABLE confirmation_mail (
  account_id integer NOT NULL,
  id bigint NOT NULL,
  contact_id bigint NOT NULL,
  email_key uuid NOT NULL,
  state text NOT NULL CHECK (state IN ('waiting', 'sent', 'failed', 'dropped')),
  attempts integer NOT NULL,
  -- When to try next; while one process tries, when another may take over.
  due_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL,
  finished_at timestamptz,
  last_error text,
  PRIMARY KEY (account_id, id)
);
CREATE INDEX confirmation_mail_due ON confirmation_mail (due_at) WHERE state = 'waiting';
CREATE INDEX confirmation_mail_by_address ON confirmation_mail (account_id, email_key, created_at);
CREATE INDEX confirmation_mail_by_contact ON confirmation_mail (account_id, contact_id);
CREATE INDEX confirmation_mail_by_age ON confirmation_mail (created_at);

-- Tokens that are kept and not sent to, by their key in the identity table: apart from the tokens themselves, so that one
-- stays muted when it is uploaded again or moves to another contact.
CREATE TABLE muted_token (
  account_id integer NOT NULL,
  key uuid NOT NULL,
  muted_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, key)
);

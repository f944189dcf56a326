-- Addresses whose owners want no e-mail, by their key in the identity table: kept apart from contacts, so that no import,
-- deletion or erasure brings one back, and without the address itself.
CREATE TABLE unsubscribed_email (
  account_id integer NOT NULL,
  key uuid NOT NULL,
  unsubscribed_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, key)
);

-- The kinds of messages that a contact wants.
CREATE TABLE subscription (
  account_id integer NOT NULL,
  contact_id bigint NOT NULL,
  name text NOT NULL,
  PRIMARY KEY (account_id, contact_id, name)
);

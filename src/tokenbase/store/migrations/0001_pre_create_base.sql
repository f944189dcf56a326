-- The base: accounts and their keys, contacts and who they are, tokens, segments, events, import sessions.
-- account_id and the contact's id or key stand in every primary key, and nothing refers to another table by a
-- constraint, so that the same tables can be spread over several machines (docs/decisions/0003-schema.md).

-- Blocks of numbers are handed to processes, which give them out one by one: an id is never used twice.
CREATE TABLE id_block (
  name text PRIMARY KEY,
  next bigint NOT NULL
);

CREATE TABLE account (
  id integer PRIMARY KEY,
  name text NOT NULL,
  email text NOT NULL,
  created_at timestamptz NOT NULL
);

CREATE TABLE api_key (
  account_id integer NOT NULL,
  id bigint NOT NULL,
  name text NOT NULL,
  prefix text NOT NULL,
  hash bytea NOT NULL UNIQUE,
  rights text NOT NULL CHECK (rights IN ('full', 'events', 'events-and-contacts', 'events-and-contacts-add', 'messages')),
  enabled boolean NOT NULL,
  created_at timestamptz NOT NULL,
  last_used_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, id)
);

CREATE TABLE app (
  account_id integer NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  registered boolean NOT NULL,
  credentials bytea,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, id)
);

CREATE TABLE field (
  account_id integer NOT NULL,
  id bigint NOT NULL,
  address_book_id integer NOT NULL,
  list_name text NOT NULL,
  key text NOT NULL,
  name text NOT NULL,
  type text NOT NULL CHECK (type IN ('text', 'textarea', 'number', 'decimal', 'date', 'datetime', 'select', 'checkbox')),
  allowed_values text[] NOT NULL,
  -- Whether the field's values stand in the identity table; from the first import that identifies by it.
  identifies boolean NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, id),
  UNIQUE (account_id, address_book_id, list_name, key)
);

CREATE TABLE contact (
  account_id integer NOT NULL,
  id bigint NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  deleted_at timestamptz,
  external_id text,
  email text,
  email_confirmed boolean NOT NULL,
  sms text,
  viber text,
  telegram text,
  first_name text,
  last_name text,
  language_code text,
  time_zone text,
  contact_key text,
  region text,
  town text,
  address text,
  postcode text,
  address_description text,
  address_book_id integer,
  -- Additional fields by their id: {"12345": "writer"}.
  fields jsonb NOT NULL,
  PRIMARY KEY (account_id, id)
) WITH (fillfactor = 85);

-- Every "who is this?" is one question to this table. `key` is the first half of the SHA-256 of a kind and a value
-- (contacts/identity.py). `slot` is 0 where only one contact may hold the key (external id, token), so that the
-- primary key forbids a second one, and the contact's id where several may (e-mail, phone).
CREATE TABLE identity (
  account_id integer NOT NULL,
  key uuid NOT NULL,
  slot bigint NOT NULL,
  contact_id bigint NOT NULL,
  PRIMARY KEY (account_id, key, slot) INCLUDE (contact_id)
);

CREATE TABLE token (
  account_id integer NOT NULL,
  contact_id bigint NOT NULL,
  key uuid NOT NULL,
  channel text NOT NULL CHECK (channel IN ('mobilepush', 'webpush')),
  value text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('apns', 'fcm', 'fid', 'gcm', 'expo', 'url', 'unknown')),
  active boolean NOT NULL,
  app_id uuid,
  device_model text,
  os text,
  locale text,
  language text,
  client_version text,
  app_version text,
  device_id text,
  time_zone text,
  advertising_id text,
  environment text CHECK (environment IN ('production', 'sandbox')),
  provider text CHECK (provider IN ('fcm', 'apns', 'hms', 'expo')),
  web_push_p256dh text,
  web_push_auth text,
  registered_at timestamptz,
  last_active_at timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, contact_id, key)
) WITH (fillfactor = 85);

-- What was erased for good, and when: the one thing that stays.
CREATE TABLE erasure (
  account_id integer NOT NULL,
  contact_id bigint NOT NULL,
  erased_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, contact_id)
);

CREATE TABLE segment (
  account_id integer NOT NULL,
  id bigint NOT NULL,
  name text NOT NULL,
  type text NOT NULL CHECK (type IN ('Static', 'Dynamic')),
  created_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, id),
  UNIQUE (account_id, name)
);

CREATE TABLE segment_member (
  account_id integer NOT NULL,
  segment_id bigint NOT NULL,
  contact_id bigint NOT NULL,
  PRIMARY KEY (account_id, contact_id, segment_id)
);
CREATE INDEX segment_member_by_segment ON segment_member (account_id, segment_id, contact_id);

CREATE TABLE event_type (
  account_id integer NOT NULL,
  id bigint NOT NULL,
  key text NOT NULL,
  name text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, id),
  UNIQUE (account_id, key)
);

-- One partition a month, made ahead by store/partitions.py; the default one is there so that no event is ever lost.
CREATE TABLE event (
  account_id integer NOT NULL,
  contact_id bigint NOT NULL,
  id bigint NOT NULL,
  event_type_id bigint NOT NULL,
  occurred_at timestamptz NOT NULL,
  key_value text NOT NULL,
  params jsonb NOT NULL,
  PRIMARY KEY (account_id, contact_id, id, occurred_at)
) PARTITION BY RANGE (occurred_at);
CREATE TABLE event_default PARTITION OF event DEFAULT;

CREATE TABLE import_session (
  account_id integer NOT NULL,
  id uuid NOT NULL,
  status text NOT NULL CHECK (status IN ('NEW', 'IMPORTING', 'FINISHED', 'ERROR')),
  started_at timestamptz NOT NULL,
  finished_at timestamptz,
  total integer NOT NULL,
  created integer NOT NULL,
  updated integer NOT NULL,
  unchanged integer NOT NULL,
  restored integer NOT NULL,
  skipped integer NOT NULL,
  failed integer NOT NULL,
  -- By the index of each contact in the request: its id (0 for none) and one letter for what became of it.
  contact_ids bigint[] NOT NULL,
  results text NOT NULL,
  -- The failed contacts as they were sent, a JSON list. Text, since JSON may hold what jsonb refuses (\u0000).
  failed_contacts text NOT NULL,
  PRIMARY KEY (account_id, id)
);
CREATE INDEX import_session_by_age ON import_session (started_at);

-- The first answer given to an Idempotency-Key, to be given again.
CREATE TABLE idempotent_answer (
  account_id integer NOT NULL,
  key text NOT NULL,
  body_hash bytea NOT NULL,
  answer bytea NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, key)
);
CREATE INDEX idempotent_answer_by_age ON idempotent_answer (created_at);

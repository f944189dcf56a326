-- Statements of the accounts room.

-- name: create_account
-- A new account.
INSERT INTO account (id, name, email, created_at)
VALUES (%(id)s, %(name)s, %(email)s, %(now)s);

-- name: account
-- One account.
SELECT id, name, email, created_at
FROM account
WHERE id = %(account_id)s;

-- name: accounts
-- All accounts.
SELECT id, name, email, created_at
FROM account
ORDER BY id;

-- name: create_key
-- A new key: only its hash is kept.
INSERT INTO api_key (account_id, id, name, prefix, hash, rights, enabled, created_at, last_used_at)
VALUES (%(account_id)s, %(id)s, %(name)s, %(prefix)s, %(hash)s, %(rights)s, true, %(now)s, %(now)s);

-- name: keys
-- The keys of an account.
SELECT id, name, prefix, rights, enabled, created_at, last_used_at
FROM api_key
WHERE account_id = %(account_id)s
ORDER BY id;

-- name: key_by_hash
-- The key with this hash, whoever's it is: this is how an account is found at all.
SELECT account_id, id, rights, enabled, last_used_at
FROM api_key
WHERE hash = %(hash)s;

-- name: touch_key
-- When a key was last used.
UPDATE api_key
SET last_used_at = %(now)s
WHERE account_id = %(account_id)s
  AND id = %(id)s
  AND last_used_at < %(now)s;

-- name: switch_key
-- A key on or off. One that is switched on counts as used now, so that its idle days begin again.
UPDATE api_key
SET enabled = %(enabled)s,
    last_used_at = CASE WHEN %(enabled)s THEN %(now)s ELSE last_used_at END
WHERE account_id = %(account_id)s
  AND id = %(id)s
RETURNING id;

-- name: delete_key
-- A key that is gone.
DELETE FROM api_key
WHERE account_id = %(account_id)s
  AND id = %(id)s
RETURNING id;

-- name: register_app
-- An app by its name; one that was only known from its tokens becomes registered.
INSERT INTO app (account_id, id, name, registered, credentials, created_at)
VALUES (%(account_id)s, %(id)s, %(name)s, true, %(credentials)s, %(now)s)
ON CONFLICT (account_id, id) DO UPDATE
SET name = excluded.name,
    registered = true,
    credentials = coalesce(excluded.credentials, app.credentials);

-- name: apps
-- The apps of an account.
SELECT id::text, name, registered, credentials IS NOT NULL
FROM app
WHERE account_id = %(account_id)s
ORDER BY created_at, id;

-- name: note_apps
-- Apps that tokens came with and that nobody registered yet.
INSERT INTO app (account_id, id, name, registered, created_at)
SELECT %(account_id)s, new.id, '', false, %(now)s
FROM unnest(%(ids)s::uuid[]) AS new (id)
ON CONFLICT (account_id, id) DO NOTHING;

-- name: apps_unregistered
-- The apps of an account that nobody registered yet.
SELECT id::text
FROM app
WHERE account_id = %(account_id)s
  AND NOT registered;

-- name: unregistered_apps
-- Those of these apps that nobody registered yet.
SELECT id::text
FROM app
WHERE account_id = %(account_id)s
  AND id = ANY(%(ids)s::uuid[])
  AND NOT registered;

-- Statements of the automation room.

-- name: living
-- Those of these contacts that are there and not deleted: when each was last changed, and whether it has an external id.
SELECT id, updated_at::text, external_id IS NOT NULL
FROM contact
WHERE account_id = %(account_id)s
  AND id = ANY(%(ids)s)
  AND deleted_at IS NULL;

-- name: event_types
-- The event types with these keys.
SELECT key, id
FROM event_type
WHERE account_id = %(account_id)s
  AND key = ANY(%(keys)s);

-- name: create_event_types
-- Event types that an event named first; the name of each is its key.
INSERT INTO event_type (account_id, id, key, name, created_at)
SELECT %(account_id)s, new.id, new.key, new.key, %(now)s
FROM unnest(%(ids)s::bigint[], %(keys)s::text[]) AS new (id, key);

-- name: record_events
-- Events that were told over the API.
INSERT INTO event (account_id, contact_id, id, event_type_id, occurred_at, key_value, params, past)
SELECT
  %(account_id)s, new.contact_id, new.id, new.event_type_id, new.occurred_at, new.key_value, new.params, %(past)s
FROM json_to_recordset(%(rows)s::json) AS new (
  contact_id bigint, id bigint, event_type_id bigint, occurred_at timestamptz, key_value text, params jsonb
);

-- name: delete_past_events
-- Past events of a type and a time.
DELETE FROM event
WHERE account_id = %(account_id)s
  AND event_type_id = %(event_type_id)s
  AND occurred_at >= %(since)s
  AND occurred_at < %(until)s
  AND past;

-- name: deleted_at
-- When a contact was deleted, if it was.
SELECT deleted_at
FROM contact
WHERE account_id = %(account_id)s
  AND id = %(contact_id)s;

-- name: events_of_contact
-- Every event of a contact.
SELECT event.id, event_type.key, event.key_value, event.params, event.occurred_at, event.past IS TRUE
FROM event
JOIN event_type ON event_type.account_id = event.account_id AND event_type.id = event.event_type_id
WHERE event.account_id = %(account_id)s
  AND event.contact_id = %(contact_id)s
ORDER BY event.occurred_at, event.id;

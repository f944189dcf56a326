-- Statements of the segments room.

-- name: segments_by_name
-- The segments with these names.
SELECT name, id, type
FROM segment
WHERE account_id = %(account_id)s
  AND name = ANY(%(names)s);

-- name: create_segments
-- New static segments.
INSERT INTO segment (account_id, id, name, type, created_at)
SELECT %(account_id)s, new.id, new.name, 'Static', %(now)s
FROM unnest(%(ids)s::bigint[], %(names)s::text[]) AS new (id, name)
ON CONFLICT DO NOTHING;

-- name: attach
-- Every contact into every segment; those that are in it stay in it.
INSERT INTO segment_member (account_id, segment_id, contact_id)
SELECT %(account_id)s, segment_id, contact_id
FROM unnest(%(segment_ids)s::bigint[]) AS segment (segment_id)
CROSS JOIN unnest(%(contact_ids)s::bigint[]) AS member (contact_id)
ON CONFLICT DO NOTHING;

-- name: detach
-- The contacts out of the segments.
DELETE FROM segment_member
WHERE account_id = %(account_id)s
  AND segment_id = ANY(%(segment_ids)s)
  AND contact_id = ANY(%(contact_ids)s);

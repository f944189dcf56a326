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

-- name: page_of_segments
-- A page of the segments whose names have a text in them, by id; each row with the number of all, and one row without an
-- id when the page is empty.
WITH matched AS (
  SELECT id, name, type
  FROM segment
  WHERE account_id = %(account_id)s
    AND (%(name)s::text IS NULL OR strpos(lower(name), lower(%(name)s)) > 0)
)
SELECT page.id, page.name, page.type, total.segments
FROM (SELECT count(*) AS segments FROM matched) AS total
LEFT JOIN (SELECT id, name, type FROM matched ORDER BY id LIMIT %(rows)s OFFSET %(skipped)s) AS page ON true
ORDER BY page.id;

-- name: page_of_members
-- A page of the contacts in a static segment, by id; rows as above.
WITH matched AS (
  SELECT contact.id
  FROM segment_member
  JOIN contact ON contact.account_id = segment_member.account_id AND contact.id = segment_member.contact_id
  WHERE segment_member.account_id = %(account_id)s
    AND segment_member.segment_id = %(segment_id)s
    AND contact.deleted_at IS NULL
)
SELECT page.id, total.contacts
FROM (SELECT count(*) AS contacts FROM matched) AS total
LEFT JOIN (SELECT id FROM matched ORDER BY id LIMIT %(rows)s OFFSET %(skipped)s) AS page ON true
ORDER BY page.id;

-- name: empty
-- Everybody out of a segment.
DELETE FROM segment_member
WHERE account_id = %(account_id)s
  AND segment_id = %(segment_id)s;

-- name: create_segment
-- A new segment, with conditions if it is dynamic.
INSERT INTO segment (account_id, id, name, type, conditions, created_at)
VALUES (%(account_id)s, %(id)s, %(name)s, %(type)s, %(conditions)s::jsonb, %(now)s);

-- name: segment
-- One segment with its conditions.
SELECT name, type, conditions
FROM segment
WHERE account_id = %(account_id)s
  AND id = %(segment_id)s;

-- name: change_segment
-- Another name for a segment, and other conditions where there are any.
UPDATE segment
SET name = %(name)s,
    conditions = coalesce(%(conditions)s::jsonb, conditions)
WHERE account_id = %(account_id)s
  AND id = %(segment_id)s;

-- name: remove_segment
-- A segment without members.
DELETE FROM segment
WHERE account_id = %(account_id)s
  AND id = %(segment_id)s;

-- name: read_by_index
-- Until the transaction ends no table is read whole, and nothing takes longer than anybody waits for it.
SELECT set_config('enable_seqscan', 'off', true), set_config('statement_timeout', '30s', true)
WHERE %(account_id)s::integer IS NOT NULL;

-- name: static_segments
-- Those of these segments that are lists.
SELECT id
FROM segment
WHERE account_id = %(account_id)s
  AND id = ANY(%(ids)s::bigint[])
  AND type = 'Static';

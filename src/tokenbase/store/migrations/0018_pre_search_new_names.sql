-- What the index of names has taken in but not sorted yet is read whole by each search: 4 MB of it, PostgreSQL's own limit,
-- take longer than everything else in one.
ALTER INDEX contact_by_name SET (gin_pending_list_limit = 256);

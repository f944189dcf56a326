-- The ids of a session's contacts are written as they are: to pack them takes PostgreSQL longer than to store all else that
-- a repeated upload changes, and saves 5 bytes a contact, for 30 days.
ALTER TABLE import_session ALTER COLUMN contact_ids SET STORAGE EXTERNAL;
ALTER TABLE import_portion ALTER COLUMN contact_ids SET STORAGE EXTERNAL;

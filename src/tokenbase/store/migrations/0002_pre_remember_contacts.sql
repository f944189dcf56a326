-- What a contact was when it was last imported (imports/unchanged.py): a digest of it as it was sent. Every other change
-- of the contact or of its tokens clears it.
ALTER TABLE contact ADD COLUMN digest uuid;

-- By what an erased contact can be asked for: the key of its external id, the external id itself being gone.
ALTER TABLE erasure ADD COLUMN external_key uuid;

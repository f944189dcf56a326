-- Events that are told of afterwards: they start nothing and can be taken back. The index holds them alone, so that the
-- events of imports cost nothing more.
ALTER TABLE event ADD COLUMN past boolean;
CREATE INDEX event_past ON event (account_id, event_type_id, occurred_at) WHERE past;

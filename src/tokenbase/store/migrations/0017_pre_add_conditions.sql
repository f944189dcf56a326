-- What a dynamic segment asks of its contacts, as it was sent (segments/conditions.py).
ALTER TABLE segment ADD COLUMN conditions jsonb;

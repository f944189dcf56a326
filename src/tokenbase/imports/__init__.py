"""The heart: a batch in, who is who, SQL out; and the sessions that tell what became of each contact."""

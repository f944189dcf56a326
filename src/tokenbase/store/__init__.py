"""Where everything is kept: PostgreSQL, embedded or one's own, its schema, and the way to it."""

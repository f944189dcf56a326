"""Sources: one module a format. Each yields rows as a stream and never holds the whole base."""

"""The wire: addresses, keys, bodies, errors. Knows HTTP, and holds no rules of its own."""

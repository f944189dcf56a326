"""Contacts: what a good value is, who is who, what changes, and how it is stored. Knows nothing of HTTP or sessions."""

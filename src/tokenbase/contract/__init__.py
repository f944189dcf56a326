"""The public words: what may be sent and what is said back. No input or output happens here."""

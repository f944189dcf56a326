"""Tokenbase: the self-hosted home for a company's mobile push tokens."""

__version__ = "0.1.0"

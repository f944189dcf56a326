"""Accounts, the keys that open them, what each key may do, and the apps that tokens belong to."""

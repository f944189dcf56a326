"""Events that are told over the API, and whom they are about."""

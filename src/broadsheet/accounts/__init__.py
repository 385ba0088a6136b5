"""Accounts: the read tokens of the API."""

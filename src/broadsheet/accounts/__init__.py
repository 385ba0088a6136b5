"""Accounts: readers and API tokens."""

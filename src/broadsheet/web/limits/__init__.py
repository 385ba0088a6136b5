"""Limits: how much one client, or all of them together, may do."""

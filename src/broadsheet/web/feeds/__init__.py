"""Feeds: of editions, of what rises, of each search and each category."""

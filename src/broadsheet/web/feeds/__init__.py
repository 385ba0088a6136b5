"""Feeds of editions, trending papers, searches and categories."""

"""Editions: published for a day, week or month, with the editor's picks."""

"""Serve: the web server and the periodic jobs beside it."""

"""Serve: the web server, and the jobs that run beside it."""

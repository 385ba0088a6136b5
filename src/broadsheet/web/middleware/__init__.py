"""Middleware: what happens to each request before the application, and to each response after."""

"""The command line: every command is a thin call on the library."""

from broadsheet.cli import backup, config, delivery, editions, ingest, maintenance, search, serve
from broadsheet.cli.app import app, main

__all__ = [
    "app",
    "backup",
    "config",
    "delivery",
    "editions",
    "ingest",
    "main",
    "maintenance",
    "search",
    "serve",
]

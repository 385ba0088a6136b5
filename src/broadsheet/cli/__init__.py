"""The command line: every command a thin call on the library."""

from broadsheet.cli import editing, intake, printing, reading, serving, upkeep
from broadsheet.cli.app import app, main

__all__ = ["app", "editing", "intake", "main", "printing", "reading", "serving", "upkeep"]

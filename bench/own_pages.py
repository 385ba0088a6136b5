"""Broadsheet's pages, served as ``broadsheet serve`` does."""

from collections.abc import Callable
from pathlib import Path

from broadsheet.config import load_settings
from broadsheet.serve.server import serve_pages


def serve_library(folder: Path, on_open: Callable[[str], None]) -> None:
    """Serve a library's pages until the process ends; `on_open` is called with their address."""
    settings = load_settings({"data": folder, "database": None})
    serve_pages(settings, "127.0.0.1", 0, on_open)

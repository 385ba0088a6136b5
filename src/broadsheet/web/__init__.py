"""SHOWN: the newspaper as pages, and what a reader may do on them."""

from broadsheet.web.app import create_app

__all__ = ["create_app"]

"""The web application: pages, API and feeds."""

from broadsheet.web.app import create_app

__all__ = ["create_app"]

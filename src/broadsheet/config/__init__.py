"""Config: the settings of an installation, and where they are read from."""

from broadsheet.config.loading import (
    HIDDEN,
    load_settings,
    resolve_settings,
    secret_files,
    unknown_variables,
)
from broadsheet.config.settings import Settings, is_secret, reveal

__all__ = [
    "HIDDEN",
    "Settings",
    "is_secret",
    "load_settings",
    "resolve_settings",
    "reveal",
    "secret_files",
    "unknown_variables",
]

"""The public interface: one object with one attribute for each workflow."""

from broadsheet.doctor import Finding, Level
from broadsheet.library.backups import back_up, restore
from broadsheet.library.installation import diagnose_installation
from broadsheet.library.library import Library
from broadsheet.store.database import Access

__all__ = [
    "Access",
    "Finding",
    "Level",
    "Library",
    "back_up",
    "diagnose_installation",
    "restore",
]

"""The public interface: one object with one attribute for each workflow."""

from broadsheet.library.installation import diagnose_installation
from broadsheet.library.library import Library

__all__ = ["Library", "diagnose_installation"]

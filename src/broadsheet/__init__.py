"""Broadsheet: a morning newspaper of research papers that anyone can run.

Examples
--------
>>> from broadsheet import open_library
>>> with open_library(folder) as library:
...     library.import_starter().tally.new
...     library.update_index()
...     for hit in library.search("optimized training", n=2).hits:
...         print(hit.tier, hit.paper.title[:21])
620
match Prompts as Auto-Optim
match VeLO: Training Versat
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from broadsheet.library import Library

__all__ = ["Library", "open_library"]
__version__ = "0.1.0"


def open_library(
    folder: str | Path | None = None, *, create: bool = True, **settings: object
) -> "Library":
    """Open a library; by default, create it if it does not exist.

    Parameters
    ----------
    folder : str or Path or None
        The data folder; None is ``$BROADSHEET_DATA``, else the user's data folder.
    create : bool
        False raises :class:`broadsheet.errors.NoLibraryError` if there is no library, instead of
        creating one.
    **settings : object
        Any of :class:`broadsheet.config.Settings`, for example
        ``database="postgresql+psycopg://…"``.

    Returns
    -------
    Library
        Close it, or use it in a ``with`` statement.

    Raises
    ------
    BroadsheetError
        If a setting is invalid or the library cannot be opened.
    """
    from broadsheet.config import load_settings
    from broadsheet.library import Access, Library

    access = Access.CREATE if create else Access.EXISTING
    return Library(load_settings({"data": folder, **settings}), access=access)


def __getattr__(name: str) -> object:
    """Import :class:`Library` on first use: ``broadsheet --help`` must not wait for it."""
    if name == "Library":
        from broadsheet.library import Library

        return Library
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

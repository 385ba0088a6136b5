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
match VeLO: Training Versat
match Prompts as Auto-Optim
"""

from pathlib import Path

from broadsheet.config import load_settings
from broadsheet.library import Library

__all__ = ["Library", "open_library"]
__version__ = "0.1.0"


def open_library(folder: str | Path | None = None, **settings: object) -> Library:
    """Open a library, making it where there is none.

    Parameters
    ----------
    folder : str or Path or None
        The data folder; None is ``$BROADSHEET_DATA``, else the user's data folder.
    **settings : object
        Any of :class:`broadsheet.config.Settings`, for example
        ``database="postgresql+psycopg://…"``.

    Returns
    -------
    Library
        To be closed, or used with ``with``.

    Raises
    ------
    BroadsheetError
        Where a setting is wrong or the library cannot be opened.
    """
    return Library(load_settings({"data": folder, **settings}))

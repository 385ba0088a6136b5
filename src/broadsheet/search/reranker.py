"""The second stage of a library: opened when first needed, filled by and by."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from broadsheet.model import Paper
from broadsheet.search import Sharpener
from broadsheet.search.rerank_jobs import Refiner, fill, forget_changed, open_refiner, unfilled
from broadsheet.store.database import Database


class Refinery:
    """The sharper vectors of a library; without the extra, or unwanted, it does nothing.

    Parameters
    ----------
    database : Database
        The library.
    data : Path
        Its data folder.
    wanted : bool
        Whether the operator wants it.
    """

    def __init__(self, database: Database, data: Path, wanted: bool) -> None:
        self._database = database
        self._data = data
        self._wanted = wanted
        self._refiner: Refiner | None = None
        self._opening = threading.Lock()

    @property
    def refiner(self) -> Refiner | None:
        """The second stage; None without the extra."""
        with self._opening:
            if self._refiner is None and self._wanted:
                self._refiner = open_refiner(self._data)
            return self._refiner

    def fill(self, limit: int | None = None, on_papers: Callable[[int], None] | None = None) -> int:
        """Compute missing rerank vectors; see :func:`broadsheet.search.rerank_jobs.fill`."""
        refiner = self.refiner
        return 0 if refiner is None else fill(self._database, refiner, limit, on_papers)

    def unfilled(self) -> int:
        """Count the papers that lack a sharper vector; 0 without the extra."""
        return 0 if self.refiner is None else unfilled(self._database, self.refiner)

    def sharpener(self) -> Sharpener | None:
        """Give what a search looks at its best hits again with, where there is any."""
        refiner = self._in_use()
        if refiner is None:
            return None
        refiner.sharp.reload()
        return Sharpener(refiner.sharp, lambda text: refiner.model.encode([text])[0], refiner.want)

    def forget_changed(self, changed: Mapping[int, Paper | None]) -> None:
        """Drop the vectors of papers that are gone or whose text is another by now."""
        refiner = self._in_use()
        if refiner is not None:
            forget_changed(refiner, changed)

    def _in_use(self) -> Refiner | None:
        # Nothing is loaded before the first vectors are made.
        return self.refiner if (self._data / "sharp").exists() else None

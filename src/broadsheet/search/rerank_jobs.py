"""The second stage: sharper vectors, filled in the background and used where they are there."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from broadsheet.encoders.minilm import MiniLM, load_minilm
from broadsheet.encoders.paper_text import text_of
from broadsheet.errors import ConfigError
from broadsheet.index.local.rerank_vectors import Sharp, mark_of
from broadsheet.model import Paper
from broadsheet.store.database import Database
from broadsheet.store.papers import count, nums_newest_first, papers_by_num

BATCH = 256
_MOST_WANTED = 20_000


@dataclass(frozen=True)
class Refiner:
    """The sharper encoder and the vectors it has made so far.

    Parameters
    ----------
    model : MiniLM
        The encoder.
    sharp : Sharp
        Its vectors.
    wanted : Counter of int
        Papers that queries would have looked at again, by how often.
    """

    model: MiniLM
    sharp: Sharp
    wanted: Counter[int] = field(default_factory=Counter)

    def want(self, nums: NDArray[np.int64]) -> None:
        """Note papers that a query lacked."""
        if len(self.wanted) < _MOST_WANTED:
            self.wanted.update(nums.tolist())


def open_refiner(data: Path, *, threads: int = 1) -> Refiner | None:
    """Open the second stage; None where its extra is not installed.

    Parameters
    ----------
    data : Path
        The data folder; the model is kept in ``models`` and the vectors in ``sharp`` there.
    threads : int
        How many papers are encoded at the same time.
    """
    try:
        model = load_minilm(threads)
    except ConfigError:
        return None
    return Refiner(model, Sharp(data / "sharp" / "vectors.i8", model.dim, model.name))


def fill(
    database: Database,
    refiner: Refiner,
    limit: int | None = None,
    on_papers: Callable[[int], None] | None = None,
) -> int:
    """Make sharper vectors of papers that lack them: those most asked for, then the newest.

    Parameters
    ----------
    database : Database
        The library.
    refiner : Refiner
        What makes and keeps them.
    limit : int, optional
        How many at most; all by default.
    on_papers : callable, optional
        Told how many each step has made.

    Returns
    -------
    int
        How many were made; what was made stays wherever this is stopped.
    """
    refiner.sharp.reload()
    todo = _lacking(database, refiner)[:limit]
    done = 0
    for start in range(0, len(todo), BATCH):
        nums = todo[start : start + BATCH]
        with database.read() as connection:
            papers = papers_by_num(connection, nums)
        texts = [text_of(papers[num]) for num in nums if num in papers]
        kept = [num for num in nums if num in papers]
        refiner.sharp.append(kept, [mark_of(text) for text in texts], refiner.model.encode(texts))
        for num in nums:
            refiner.wanted.pop(num, None)
        done += len(kept)
        if on_papers is not None:
            on_papers(len(kept))
    return done


def unfilled(database: Database, refiner: Refiner) -> int:
    """Count the papers that lack a sharper vector."""
    with database.read() as connection:
        return max(0, count(connection) - len(refiner.sharp))


def forget_changed(refiner: Refiner, changed: Mapping[int, Paper | None]) -> None:
    """Drop the vectors of papers that are gone or whose text is another by now."""
    gone = [num for num, paper in changed.items() if paper is None]
    marks = {num: mark_of(text_of(paper)) for num, paper in changed.items() if paper is not None}
    stale = gone + refiner.sharp.outdated(marks)
    if stale:
        refiner.sharp.remove(stale)


def _lacking(database: Database, refiner: Refiner) -> list[int]:
    if not unfilled(database, refiner):
        return []
    with database.read() as connection:
        newest = nums_newest_first(connection)
    asked_for = [num for num, _ in refiner.wanted.most_common()]
    return refiner.sharp.missing(list(dict.fromkeys([*asked_for, *newest])))

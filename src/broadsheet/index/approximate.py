"""A graph over the vectors of a large library, which finds the nearest without a full scan."""

import importlib
from contextlib import suppress
from pathlib import Path
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

_CONNECTIVITY, _EXPANSION_ADD = 16, 96
_EXPANSION_SEARCH = 256


class _Found(Protocol):
    keys: NDArray[np.uint64]


class _Graph(Protocol):
    """What is used of ``usearch.index.Index``."""

    def __len__(self) -> int: ...

    def add(self, keys: NDArray[np.int64], vectors: NDArray[np.int8]) -> object: ...

    def search(self, vector: NDArray[np.int8], count: int, *, threads: int) -> _Found: ...

    def save(self, path: str) -> None: ...


class Approximate:
    """The graph of the first rows of a file of vectors; rows after it are for the reader to scan.

    Parameters
    ----------
    path : Path
        The graph's file, mapped and not read.
    dim : int
        Length of a vector.
    """

    def __init__(self, path: Path, dim: int) -> None:
        self._path = path
        self._dim = dim
        self._graph: _Graph | None = None
        if path.exists():
            with suppress(ImportError, ValueError, RuntimeError):
                usearch = importlib.import_module("usearch.index")
                self._graph = cast("_Graph | None", usearch.Index.restore(str(path), view=True))

    @property
    def rows(self) -> int:
        """How many rows it knows; 0 where there is no graph, a damaged one, or no usearch."""
        return 0 if self._graph is None else len(self._graph)

    def nearest(self, whole: NDArray[np.int8], limit: int) -> NDArray[np.int64]:
        """Find rows that are likely the nearest to a vector.

        Parameters
        ----------
        whole : ndarray of int8, shape (dim,)
            The vector.
        limit : int
            How many.

        Returns
        -------
        ndarray of int64
            In no order to rely on; removed papers are among them.
        """
        if self._graph is None:
            return np.empty(0, dtype=np.int64)
        return self._graph.search(whole, limit, threads=1).keys.astype(np.int64)

    def extend(self, vectors: NDArray[np.int8]) -> bool:
        """Take in the rows after those it knows, and keep the graph on disk.

        Parameters
        ----------
        vectors : ndarray of int8, shape (rows, dim)
            All rows of the file.

        Returns
        -------
        bool
            False where usearch is not installed, and nothing was done.
        """
        try:
            usearch = importlib.import_module("usearch.index")
        except ImportError:
            return False
        known = min(self.rows, len(vectors))
        graph = cast(
            "_Graph",
            usearch.Index(
                ndim=self._dim,
                metric="cos",
                dtype="i8",
                connectivity=_CONNECTIVITY,
                expansion_add=_EXPANSION_ADD,
                expansion_search=_EXPANSION_SEARCH,
                path=str(self._path) if known else None,
            ),
        )
        new = np.arange(known, len(vectors))
        graph.add(new, np.ascontiguousarray(vectors[known:]))
        partial = self._path.with_suffix(".partial")
        graph.save(str(partial))
        partial.replace(self._path)
        self._graph = graph
        return True

"""A graph over the vectors of a large library, which finds the nearest without a full scan."""

import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

# Measured in bench/nearest.py; more connections or wider searches find a little more for as much
# more time.
_CONNECTIVITY, _EXPANSION_ADD, _EXPANSION_SEARCH = 16, 64, 256
_READ_BYTES = 1 << 20


class _Found(Protocol):
    keys: NDArray[np.uint64]


class _Graph(Protocol):
    """What is used of ``usearch.index.Index``."""

    expansion_search: int

    def __len__(self) -> int: ...

    def add(self, keys: NDArray[np.int64], vectors: NDArray[np.int8]) -> object: ...

    def search(self, vector: NDArray[np.int8], count: int, *, threads: int) -> _Found: ...

    def save(self, path: str) -> None: ...


class Approximate:
    """The graph (HNSW) of the first rows of a file of vectors; the rest is for its user to scan.

    Parameters
    ----------
    graph : usearch.index.Index
        Its keys are row numbers.
    file : Path or None
        Where it was opened; the name tells the content.
    """

    def __init__(self, graph: _Graph, file: Path | None = None) -> None:
        self._graph = graph
        self.file = file

    @property
    def rows(self) -> int:
        """How many rows it knows."""
        return len(self._graph)

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
        return self._graph.search(whole, limit, threads=1).keys.astype(np.int64)

    def extend(self, vectors: NDArray[np.int8]) -> None:
        """Take in the rows after those it knows, on all cores.

        Parameters
        ----------
        vectors : ndarray of int8, shape (rows, dim)
            All rows of the file.
        """
        new = np.arange(self.rows, len(vectors))
        self._graph.add(new, np.ascontiguousarray(vectors[self.rows :]))

    def save(self, folder: Path, name: str) -> None:
        """Keep it as ``NAME-CHECKSUM.usearch`` in place of an earlier one."""
        partial = folder / f"{name}.partial"
        self._graph.save(str(partial))
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        kept = folder / f"{name}-{_checksum(partial)}.usearch"
        partial.replace(kept)
        for other in _files(folder, name):
            if other != kept:
                other.unlink(missing_ok=True)


def new_graph(dim: int) -> Approximate:
    """Begin one that knows no rows yet."""
    # Imported here because it takes a quarter of a second.
    from usearch.index import Index

    graph = Index(
        ndim=dim,
        metric="cos",
        dtype="i8",
        connectivity=_CONNECTIVITY,
        expansion_add=_EXPANSION_ADD,
        expansion_search=_EXPANSION_SEARCH,
    )
    return Approximate(cast("_Graph", graph))


def open_graph(folder: Path, name: str, dim: int) -> Approximate | None:
    """Open what :meth:`Approximate.save` kept.

    Parameters
    ----------
    folder, name
        Where it was kept.
    dim : int
        Length of a vector.

    Returns
    -------
    Approximate or None
        None where there is none, or a damaged one: usearch itself would read that and crash.
    """
    from usearch.index import Index

    for path in _files(folder, name):
        if path.stem != f"{name}-{_checksum(path)}":
            continue
        with suppress(ValueError, RuntimeError):
            graph = Index.restore(str(path))
            # Read and not mapped: the first thousand queries would wait for its pages.
            if graph is not None and graph.ndim == dim:
                # Neither is kept in the file.
                graph.expansion_add, graph.expansion_search = _EXPANSION_ADD, _EXPANSION_SEARCH
                return Approximate(cast("_Graph", graph), path)
    return None


def _files(folder: Path, name: str) -> Iterator[Path]:
    return folder.glob(f"{name}-*.usearch")


def _checksum(path: Path) -> str:
    told = 0
    with suppress(FileNotFoundError), path.open("rb") as file:
        while block := file.read(_READ_BYTES):
            told = zlib.crc32(block, told)
    return f"{told:08x}"

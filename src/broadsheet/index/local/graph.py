"""A graph over the vectors of a large library, searched instead of scanning every row."""

import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

# Measured in bench/nearest.py: higher values find slightly more and take longer.
_CONNECTIVITY, _EXPANSION_ADD, _EXPANSION_SEARCH = 16, 64, 256
_READ_BYTES = 1 << 20


class _SearchResult(Protocol):
    keys: NDArray[np.uint64]


class _Graph(Protocol):
    """The part of ``usearch.index.Index`` that is used."""

    expansion_search: int

    def __len__(self) -> int: ...

    def add(self, keys: NDArray[np.int64], vectors: NDArray[np.int8]) -> object: ...

    def search(self, vector: NDArray[np.int8], count: int, *, threads: int) -> _SearchResult: ...

    def save(self, path: str) -> None: ...


class VectorGraph:
    """An HNSW graph over the first rows of a vector file; the caller scans the other rows.

    Parameters
    ----------
    graph : usearch.index.Index
        Its keys are row numbers.
    file : Path or None
        The file it was read from; the name contains a checksum of the content.
    """

    def __init__(self, graph: _Graph, file: Path | None = None) -> None:
        self._graph = graph
        self.file = file

    @property
    def rows(self) -> int:
        """The number of rows in the graph."""
        return len(self._graph)

    def nearest(self, values: NDArray[np.int8], limit: int) -> NDArray[np.int64]:
        """List rows that are probably the nearest to a vector.

        Parameters
        ----------
        values : ndarray of int8, shape (dim,)
            The quantized vector.
        limit : int
            The number of rows.

        Returns
        -------
        ndarray of int64
            Unordered; includes rows of deleted papers.
        """
        return self._graph.search(values, limit, threads=1).keys.astype(np.int64)

    def extend(self, values: NDArray[np.int8]) -> None:
        """Add the rows that are not in the graph yet, on all cores.

        Parameters
        ----------
        values : ndarray of int8, shape (rows, dim)
            All rows of the file.
        """
        new = np.arange(self.rows, len(values))
        self._graph.add(new, np.ascontiguousarray(values[self.rows :]))

    def save(self, folder: Path, name: str) -> None:
        """Write ``NAME-CHECKSUM.usearch``, then delete earlier files of that name."""
        partial = folder / f"{name}.partial"
        self._graph.save(str(partial))
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        saved = folder / f"{name}-{_checksum(partial)}.usearch"
        partial.replace(saved)
        for other in _files(folder, name):
            if other != saved:
                other.unlink(missing_ok=True)


def new_graph(dim: int) -> VectorGraph:
    """Return an empty graph."""
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
    return VectorGraph(cast("_Graph", graph))


def open_graph(folder: Path, name: str, dim: int) -> VectorGraph | None:
    """Read a graph that :meth:`VectorGraph.save` wrote.

    Parameters
    ----------
    folder, name
        As for :meth:`VectorGraph.save`.
    dim : int
        Length of a vector.

    Returns
    -------
    VectorGraph or None
        None if there is no such file or it is damaged: usearch crashes on a damaged file, so the
        checksum is compared first.
    """
    from usearch.index import Index

    for path in _files(folder, name):
        if path.stem != f"{name}-{_checksum(path)}":
            continue
        with suppress(ValueError, RuntimeError):
            graph = Index.restore(str(path))
            # Read, not mapped: with a mapped file the first thousand queries wait for page faults.
            if graph is not None and graph.ndim == dim:
                # The file contains neither setting.
                graph.expansion_add, graph.expansion_search = _EXPANSION_ADD, _EXPANSION_SEARCH
                return VectorGraph(cast("_Graph", graph), path)
    return None


def _files(folder: Path, name: str) -> Iterator[Path]:
    return folder.glob(f"{name}-*.usearch")


def _checksum(path: Path) -> str:
    checksum = 0
    with suppress(FileNotFoundError), path.open("rb") as file:
        while block := file.read(_READ_BYTES):
            checksum = zlib.crc32(block, checksum)
    return f"{checksum:08x}"

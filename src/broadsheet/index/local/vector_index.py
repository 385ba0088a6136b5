"""The vectors of all papers, and the nearest of them to a vector: by scan, or by graph."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from broadsheet.index.local.graph import VectorGraph, new_graph, open_graph
from broadsheet.index.vector_file import DamagedFileError, VectorFile, VectorRows
from broadsheet.index.vectors import QuantizedVectors, quantize

# A scan takes 15 ms per million rows; above this it takes longer than the lexical side of a query.
_SCAN_LIMIT = 100_000
# The most rows after those of the graph that are scanned before the graph is extended.
_MOST_OUTSIDE_GRAPH = 10_000
# Every so many cosines are sampled to estimate the lowest one of the best.
_STRIDE = 64


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """Rows and graph at one moment; replaced whole, so readers need no lock.

    Parameters
    ----------
    rows : VectorRows
        All rows of the file.
    graph : VectorGraph or None
        Over the first of them, if there are too many to scan.
    """

    rows: VectorRows
    graph: VectorGraph | None


class VectorIndex:
    """The vectors of one index folder; safe to read from many threads.

    Parameters
    ----------
    path : Path
        The vector file; created when the first vector is written.
    dim : int
        Length of a vector.
    scan_limit : int
        The most rows that are scanned in full; a graph searches more.
    """

    def __init__(self, path: Path, dim: int, scan_limit: int = _SCAN_LIMIT) -> None:
        self._file = VectorFile(path, dim)
        self._scan_limit = scan_limit
        self._graph: VectorGraph | None = None
        self._growing: VectorGraph | None = None
        self._loading = threading.Lock()
        self._snapshot: _Snapshot | None = None
        self._sound: tuple[int, ...] | None = None
        self._sound_rows = 0

    @property
    def rows(self) -> int:
        """Rows in the file: at least the number of papers that have a vector."""
        return self._file.rows

    def __contains__(self, num: int) -> bool:
        return bool(self._now().rows.rows(np.asarray([num]))[0] >= 0)

    def __len__(self) -> int:
        return self._now().rows.papers

    def reload(self) -> None:
        """Read rows that were appended since; does nothing before the first query."""
        with self._loading:
            if self._snapshot is not None and not self._file.is_current(self._snapshot.rows):
                self._snapshot = self._read(self._snapshot.rows)

    def check(self) -> None:
        """Compare the file with its checksum; reads it only if it has changed since.

        Raises
        ------
        OSError, ValueError
            If it is damaged.
        """
        status = self._file.status()
        if status != self._sound:
            if self._file.is_damaged():
                raise ValueError(f"damaged vectors in {str(self._file.path)!r}")
            self._sound, self._sound_rows = status, self._file.rows

    def append(
        self,
        vectors: Mapping[int, NDArray[np.float32] | None],
        text_hashes: Mapping[int, int] | None = None,
    ) -> None:
        """Add, replace or delete papers; see :meth:`VectorFile.append`."""
        self._file.append(vectors, text_hashes)
        self.reload()

    def stale(self, text_hashes: Mapping[int, int]) -> list[int]:
        """List the papers without a vector of this text; see :meth:`VectorRows.stale`."""
        return self._now().rows.stale(text_hashes)

    def nearest(
        self, vector: NDArray[np.float32], limit: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """List the papers nearest to a vector.

        Parameters
        ----------
        vector : ndarray of float32, shape (dim,)
            Of unit length; the zero vector has no nearest papers.
        limit : int
            The most papers listed.

        Returns
        -------
        nums : ndarray of int64, shape (n,)
            Nearest first, ties by number.
        cosines : ndarray of float32, shape (n,)
            As in :meth:`broadsheet.index.vectors.QuantizedVectors.cosines`.
        """
        now = self._now()
        limit = min(limit, now.rows.papers)
        if limit < 1 or not vector.any():
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        if now.graph is not None:
            return _nearest_in_graph(now.rows, now.graph, vector, limit)
        cosines = now.rows.vectors.cosines(vector)
        cosines[now.rows.dead] = -np.inf
        best = _best(cosines, limit)
        order = best[np.lexsort((now.rows.nums[best], -cosines[best]))[:limit]]
        return now.rows.nums[order], cosines[order]

    def take(self, nums: NDArray[np.int64]) -> QuantizedVectors:
        """Return the vectors of papers; a paper without one gets the zero vector."""
        return self._now().rows.take(nums)

    def extend_graph(self) -> None:
        """Add rows to the graph of a large library once there are many outside it.

        The graph is used, here and in other processes, after :meth:`save_graph`.
        """
        rows = self.rows
        if rows <= self._scan_limit:
            return
        growing = self._growing or self._now().graph
        if growing is not None and rows - growing.rows <= min(_MOST_OUTSIDE_GRAPH, rows // 4):
            return
        if self._growing is None:
            saved = open_graph(self._file.path.parent, self._file.path.stem, self._file.dim)
            self._growing = saved or new_graph(self._file.dim)
        self._growing.extend(self._now().rows.vectors.values)

    def save_graph(self) -> None:
        """Write the extended graph; does nothing if it was not extended."""
        if self._growing is None:
            return
        self._growing.save(self._file.path.parent, self._file.path.stem)
        self._growing = None
        with self._loading:
            self._snapshot = self._read()

    def _now(self) -> _Snapshot:
        if self._snapshot is None:
            with self._loading:
                if self._snapshot is None:
                    self._snapshot = self._read()
        return self._snapshot

    def _read(self, earlier: VectorRows | None = None) -> _Snapshot:
        rows = self._file.read(earlier)
        if len(rows.nums) < self._sound_rows:
            raise DamagedFileError(f"vectors are missing in {str(self._file.path)!r}")
        return _Snapshot(rows, self._graph_of(len(rows.nums)))

    def _graph_of(self, rows: int) -> VectorGraph | None:
        if rows <= self._scan_limit:
            return None
        if self._graph is None or not (self._graph.file and self._graph.file.exists()):
            path = self._file.path
            self._graph = open_graph(path.parent, path.stem, self._file.dim)
        return self._graph if self._graph and self._graph.rows <= rows else None


def _nearest_in_graph(
    rows: VectorRows, graph: VectorGraph, vector: NDArray[np.float32], limit: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    # The graph does not exclude dead rows, so more than `limit` are requested.
    more = min(limit, len(rows.dead))
    likely = graph.nearest(quantize(vector)[0], limit + more)
    outside = slice(graph.rows, None)
    cosines = np.concatenate(
        [rows.vectors.take(part).cosines(vector) for part in (likely, outside)]
    )
    found = np.concatenate([likely, np.arange(graph.rows, len(rows.nums))])
    if len(rows.dead):
        cosines[np.isin(found, rows.dead)] = -np.inf
    best = _best(cosines, limit)
    order = best[np.lexsort((rows.nums[found[best]], -cosines[best]))[:limit]]
    order = order[cosines[order] > -np.inf]
    return rows.nums[found[order]], cosines[order]


def _best(cosines: NDArray[np.float32], limit: int) -> NDArray[np.int64]:
    """Return the positions of the highest cosines, with all ties of the last one, unordered.

    A sample gives a threshold that about twice as many pass, which avoids partitioning the whole
    array (2 ms of 300,000).
    """
    sample = cosines[::_STRIDE]
    passing = 2 * limit // _STRIDE + 8
    if passing < len(sample):
        threshold = np.partition(sample, len(sample) - passing)[len(sample) - passing]
        some = np.flatnonzero(cosines >= threshold)
        if len(some) >= limit:
            return _cut(cosines, some, limit)
    return _cut(cosines, np.arange(len(cosines)), limit)


def _cut(cosines: NDArray[np.float32], some: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    if limit >= len(some):
        return some
    last = np.partition(cosines[some], len(some) - limit)[len(some) - limit]
    best: NDArray[np.int64] = some[cosines[some] >= last]
    return best

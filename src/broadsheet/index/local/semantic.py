"""The meaning of all papers: one vector of 8-bit numbers each."""

import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numkong
import numpy as np
from numpy.typing import NDArray

from broadsheet.index.local.approximate import Approximate, new_graph, open_graph

_NOWHERE = -1
_LARGEST = 127
# From here on a scan takes longer than the words of a query (15 ms a million rows).
_SCANNED = 100_000
# How many rows may be scanned beside the graph before they are taken into it.
_BESIDE = 10_000
# Every so many cosines one is looked at to guess how high the best ones lie.
_STRIDE = 64


@dataclass(frozen=True, slots=True)
class _View:
    """The rows of the file as of one moment; replaced whole, so that readers need no lock.

    Parameters
    ----------
    vectors : ndarray of int8, shape (rows, dim)
        Mapped from the file.
    scales : ndarray of float32, shape (rows,)
        What one step of a row's vector is worth.
    nums : ndarray of int64, shape (rows,)
        The paper of each row; negative where the row says that it is gone.
    row_of : ndarray of int32, shape (largest number + 1,)
        The last row that tells of each paper.
    dead : ndarray of int64
        Rows that a later row has replaced or that say that a paper is gone.
    graph : Approximate or None
        Where there are too many rows to scan.
    """

    vectors: NDArray[np.int8]
    scales: NDArray[np.float32]
    nums: NDArray[np.int64]
    row_of: NDArray[np.int32]
    dead: NDArray[np.int64]
    graph: Approximate | None

    def rows(self, nums: NDArray[np.int64]) -> NDArray[np.int32]:
        """Give the row of each paper, or a negative number."""
        if not len(self.nums):
            return np.full(len(nums), _NOWHERE, dtype=np.int32)
        known = (nums > 0) & (nums < len(self.row_of))
        rows = np.where(known, self.row_of[np.where(known, nums, 0)], _NOWHERE)
        return np.where((rows >= 0) & (self.nums[rows] > 0), rows, _NOWHERE).astype(np.int32)


class Semantic:
    """The vectors of one index folder.

    The file is a run of rows, each a paper's number (int64), a scale (float32) and its vector
    (int8); a later row of the same number replaces an earlier one, and a negative number removes.
    Rows are only ever appended, so that a crash leaves at most one torn row at the end, which is
    cut off. The rows are mapped, not read: processes that serve the same folder share them.

    Parameters
    ----------
    path : Path
        The file; made when the first row is written.
    dim : int
        Length of a vector.
    scanned : int
        Up to how many rows all are scanned; of more, those nearest in a graph are.
    """

    def __init__(self, path: Path, dim: int, scanned: int = _SCANNED) -> None:
        self._path = path
        self._scanned = scanned
        self._dim = dim
        self._graph: Approximate | None = None
        self._growing: Approximate | None = None
        self._row = np.dtype([("num", "<i8"), ("scale", "<f4"), ("vector", "i1", (dim,))])
        self._loading = threading.Lock()
        self._view: _View | None = None

    @property
    def rows(self) -> int:
        """Rows in the file: at least as many as papers that have a vector."""
        return self._path.stat().st_size // self._row.itemsize if self._path.exists() else 0

    def __contains__(self, num: int) -> bool:
        return bool(self._now().rows(np.asarray([num]))[0] != _NOWHERE)

    def __len__(self) -> int:
        view = self._now()
        return len(view.nums) - len(view.dead)

    def reload(self) -> None:
        """See the rows that were appended since; nothing before the first question is asked."""
        with self._loading:
            if self._view is not None and self.rows != len(self._view.nums):
                self._view = self._look(self._view.nums)

    def append(self, vectors: Mapping[int, NDArray[np.float32] | None]) -> None:
        """Add, replace (a vector) or remove (None) papers; on disk when this returns.

        Parameters
        ----------
        vectors : mapping of int to ndarray of float32, shape (dim,), or None
            By paper number, above 0.
        """
        rows = np.zeros(len(vectors), dtype=self._row)
        for row, (num, vector) in zip(rows, vectors.items(), strict=True):
            row["num"] = num if vector is not None else -num
            if vector is not None:
                row["vector"], row["scale"] = rounded(vector)
        self._cut_torn_row()
        with self._path.open("ab") as file:
            file.write(rows.tobytes())
            file.flush()
            os.fsync(file.fileno())
        self.reload()

    def nearest(
        self, vector: NDArray[np.float32], limit: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Find the papers nearest to a vector.

        Parameters
        ----------
        vector : ndarray of float32, shape (dim,)
            Of unit length; for the zero vector nothing is near.
        limit : int
            How many at most.

        Returns
        -------
        nums : ndarray of int64, shape (n,)
            Nearest first, ties by number.
        cosines : ndarray of float32, shape (n,)
            In [-1, 1], within 0.005 of those of the vectors before rounding.
        """
        view = self._now()
        limit = min(limit, len(view.nums) - len(view.dead))
        if limit < 1 or not vector.any():
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        if view.graph is not None:
            return self._nearest_in_graph(view, vector, limit)
        near = _cosines(vector, view.vectors, view.scales)
        near[view.dead] = -np.inf
        best = _best(near, limit)
        order = best[np.lexsort((view.nums[best], -near[best]))[:limit]]
        return view.nums[order], near[order]

    def settle(self) -> None:
        """Take the rows of a large library into its graph, once they are many.

        What was taken in is used, here and elsewhere, after :meth:`keep`.
        """
        rows = self.rows
        if rows <= self._scanned:
            return
        growing = self._growing or self._now().graph
        if growing is not None and rows - growing.rows <= min(_BESIDE, rows // 4):
            return
        if self._growing is None:
            kept = open_graph(self._path.parent, self._path.stem, self._dim)
            self._growing = kept or new_graph(self._dim)
        self._growing.extend(self._now().vectors)

    def keep(self) -> None:
        """Write what the graph has taken in; nothing where that is nothing."""
        if self._growing is None:
            return
        self._growing.save(self._path.parent, self._path.stem)
        self._growing = None
        with self._loading:
            self._view = self._look(np.empty(0, dtype=np.int64))

    def _nearest_in_graph(
        self, view: _View, vector: NDArray[np.float32], limit: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        assert view.graph is not None
        # More than asked for, as the graph does not know which rows are dead.
        more = min(limit, len(view.dead))
        likely = view.graph.nearest(rounded(vector)[0], limit + more)
        beside = slice(view.graph.rows, None)
        near = np.concatenate(
            [
                _cosines(vector, view.vectors[likely], view.scales[likely]),
                _cosines(vector, view.vectors[beside], view.scales[beside]),
            ]
        )
        rows = np.concatenate([likely, np.arange(view.graph.rows, len(view.nums))])
        near[np.isin(rows, view.dead)] = -np.inf
        order = np.lexsort((view.nums[rows], -near))[:limit]
        order = order[near[order] > -np.inf]
        return view.nums[rows[order]], near[order]

    def cosines(
        self, vector: NDArray[np.float32], nums: Sequence[int] | NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Give each paper's cosine to a vector; 0 for one that has no vector yet."""
        view = self._now()
        near = np.zeros(len(nums), dtype=np.float32)
        if len(nums):
            rows = view.rows(np.asarray(nums, dtype=np.int64))
            known = rows != _NOWHERE
            if known.any():
                rows = rows[known]
                near[known] = _cosines(vector, view.vectors[rows], view.scales[rows])
        return near

    def vectors(self, nums: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float32]:
        """Give papers' vectors, of unit length but for rounding; zero where there is none.

        Returns
        -------
        ndarray of float32, shape (len(nums), dim)
        """
        view = self._now()
        told = np.zeros((len(nums), view.vectors.shape[1]), dtype=np.float32)
        rows = view.rows(np.asarray(nums, dtype=np.int64))
        known = rows != _NOWHERE
        told[known] = view.vectors[rows[known]] * view.scales[rows[known], np.newaxis]
        return told

    def _now(self) -> _View:
        if self._view is None:
            with self._loading:
                if self._view is None:
                    self._view = self._look(np.empty(0, dtype=np.int64))
        return self._view

    def _look(self, known: NDArray[np.int64]) -> _View:
        count = self.rows
        mapped = (
            np.memmap(self._path, self._row, mode="r", shape=(count,))
            if count
            else np.empty(0, dtype=self._row)
        )
        told = np.asarray(mapped["num"][len(known) :], dtype=np.int64)
        nums = np.concatenate([known, told])
        row_of = np.full(int(np.abs(nums).max(initial=0)) + 1, _NOWHERE, dtype=np.int32)
        every = np.arange(count, dtype=np.int32)
        row_of[np.abs(nums)] = every
        dead = np.flatnonzero((row_of[np.abs(nums)] != every) | (nums < 0))
        vectors: NDArray[np.int8] = mapped["vector"].view(np.ndarray)
        scales = np.ascontiguousarray(mapped["scale"])
        return _View(vectors, scales, nums, row_of, dead, self._graph_of(count))

    def _graph_of(self, rows: int) -> Approximate | None:
        if rows <= self._scanned:
            return None
        if self._graph is None or not (self._graph.file and self._graph.file.exists()):
            self._graph = open_graph(self._path.parent, self._path.stem, self._dim)
        return self._graph if self._graph and self._graph.rows <= rows else None

    def _cut_torn_row(self) -> None:
        if self._path.exists():
            size = self._path.stat().st_size
            whole = size - size % self._row.itemsize
            if whole != size:
                os.truncate(self._path, whole)


def rounded(vector: NDArray[np.float32]) -> tuple[NDArray[np.int8], np.float32]:
    """Round a vector to whole numbers of 8 bits.

    Parameters
    ----------
    vector : ndarray of float32, shape (dim,)

    Returns
    -------
    whole : ndarray of int8, shape (dim,)
        In [-127, 127].
    scale : float32
        ``whole * scale`` is near `vector`.
    """
    scale = np.float32(np.abs(vector).max(initial=0.0) / _LARGEST)
    if not scale:
        return np.zeros(len(vector), dtype=np.int8), scale
    return np.rint(vector / scale).astype(np.int8), scale


def _cosines(
    vector: NDArray[np.float32], vectors: NDArray[np.int8], scales: NDArray[np.float32]
) -> NDArray[np.float32]:
    whole, scale = rounded(vector)
    if not len(vectors):
        return np.empty(0, dtype=np.float32)
    dots = np.asarray(numkong.cdist(whole[np.newaxis], vectors, metric="dot")).ravel()
    near: NDArray[np.float32] = (dots * (scales * scale)).astype(np.float32)
    return near


def _best(near: NDArray[np.float32], limit: int) -> NDArray[np.int64]:
    """Find where the highest lie, with all that tie with the last of them, in no order.

    A sample tells a bar that about twice as many pass, which spares parting the whole array
    (2 ms of 300,000).
    """
    sample = near[::_STRIDE]
    passing = 2 * limit // _STRIDE + 8
    if passing < len(sample):
        bar = np.partition(sample, len(sample) - passing)[len(sample) - passing]
        some = np.flatnonzero(near >= bar)
        if len(some) >= limit:
            return _cut(near, some, limit)
    return _cut(near, np.arange(len(near)), limit)


def _cut(near: NDArray[np.float32], some: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    if limit >= len(some):
        return some
    last = np.partition(near[some], len(some) - limit)[len(some) - limit]
    best: NDArray[np.int64] = some[near[some] >= last]
    return best

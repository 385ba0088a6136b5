"""The meaning of all papers: one vector each, scanned exactly."""

import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_GROWTH = 1.5
_REMOVED = -1
_READ_ROWS = 8_192


class Semantic:
    """The vectors of one index folder.

    The file is a run of rows, each a paper's number (int64) and its vector (float16); a later
    row of the same number replaces an earlier one, and a negative number removes. Rows are only
    ever appended, so that a crash leaves at most one torn row at the end, which is cut off.

    Parameters
    ----------
    path : Path
        The file; made when the first row is written.
    dim : int
        Length of a vector.
    """

    def __init__(self, path: Path, dim: int) -> None:
        self._path = path
        self._row = np.dtype([("num", "<i8"), ("vector", "<f2", (dim,))])
        self._nums = np.empty(0, dtype=np.int64)
        self._matrix = np.empty((0, dim), dtype=np.float32)
        self._used = 0
        self._bytes_read = 0
        self._row_of: dict[int, int] = {}
        self._loading = threading.Lock()
        self._loaded = False
        self._present: set[int] | None = None

    @property
    def rows(self) -> int:
        """Rows in the file: at least as many as papers that have a vector."""
        return self._path.stat().st_size // self._row.itemsize if self._path.exists() else 0

    def __contains__(self, num: int) -> bool:
        if self._present is None:
            self._present = self._read_present()
        return num in self._present

    def reload(self) -> None:
        """Read the rows that were appended since; nothing before the first question is asked.

        So an import, which only appends, holds no vectors in memory.
        """
        self._present = None
        if self._loaded:
            with self._loading:
                self._read_on()

    def _load(self) -> None:
        if not self._loaded:
            with self._loading:
                if not self._loaded:
                    self._read_on()
                    self._loaded = True

    def _read_on(self) -> None:
        whole_rows = self.rows - self._bytes_read // self._row.itemsize
        if whole_rows < 1:
            return
        rows = np.fromfile(self._path, self._row, count=whole_rows, offset=self._bytes_read)
        self._bytes_read += rows.nbytes
        self._take(rows["num"], rows["vector"])

    def _read_present(self) -> set[int]:
        present: set[int] = set()
        for start in range(0, self.rows, _READ_ROWS):
            rows = np.fromfile(
                self._path, self._row, count=_READ_ROWS, offset=start * self._row.itemsize
            )
            _note(present, rows["num"])
        return present

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
                row["vector"] = vector
        self._cut_torn_row()
        with self._path.open("ab") as file:
            file.write(rows.tobytes())
            file.flush()
            os.fsync(file.fileno())
        present = self._present
        self.reload()
        if present is not None:
            _note(present, rows["num"])
            self._present = present

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
            In [-1, 1].
        """
        self._load()
        # Read once: an append in another thread may move it between the two slices.
        used = self._used
        nums, matrix = self._nums[:used], self._matrix[:used]
        if not vector.any() or not len(nums):
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        cosines = matrix @ vector
        cosines[nums == _REMOVED] = -np.inf
        limit = min(limit, len(self._row_of))
        best = np.argpartition(-cosines, limit - 1)[:limit] if limit < len(nums) else slice(None)
        found, near = nums[best], cosines[best]
        order = np.lexsort((found, -near))[:limit]
        return found[order], near[order]

    def cosines(
        self, vector: NDArray[np.float32], nums: Sequence[int] | NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Give each paper's cosine to a vector; 0 for one that has no vector yet."""
        self._load()
        rows = [self._row_of.get(int(num), _REMOVED) for num in nums]
        near = np.zeros(len(rows), dtype=np.float32)
        known = np.asarray([row != _REMOVED for row in rows], dtype=bool)
        if known.any():
            near[known] = self._matrix[np.asarray(rows)[known]] @ vector
        return near

    def _take(self, nums: NDArray[np.int64], vectors: NDArray[np.float16]) -> None:
        self._reserve(self._used + len(nums))
        told = nums.tolist()
        if nums.min() > 0 and len(set(told)) == len(told) and self._row_of.keys().isdisjoint(told):
            end = self._used + len(told)
            self._matrix[self._used : end] = vectors
            self._nums[self._used : end] = nums
            self._row_of.update(zip(told, range(self._used, end), strict=True))
            self._used = end
            return
        for num, vector in zip(told, vectors, strict=True):
            row = self._row_of.get(abs(num))
            if num < 0:
                if row is not None:
                    self._nums[row] = _REMOVED
                    del self._row_of[-num]
                continue
            if row is None:
                row = self._row_of[num] = self._used
                self._used += 1
            self._matrix[row] = vector
            self._nums[row] = num

    def _reserve(self, rows: int) -> None:
        if rows <= len(self._nums):
            return
        room = max(rows, int(len(self._nums) * _GROWTH)) if len(self._nums) else rows
        nums = np.full(room, _REMOVED, dtype=np.int64)
        matrix = np.zeros((room, self._matrix.shape[1]), dtype=np.float32)
        nums[: self._used] = self._nums[: self._used]
        matrix[: self._used] = self._matrix[: self._used]
        self._nums, self._matrix = nums, matrix

    def _cut_torn_row(self) -> None:
        if self._path.exists():
            size = self._path.stat().st_size
            whole = size - size % self._row.itemsize
            if whole != size:
                os.truncate(self._path, whole)


def _note(present: set[int], nums: NDArray[np.int64]) -> None:
    """Follow the rows of a file: a negative number removes."""
    for num in nums.tolist():
        if num > 0:
            present.add(num)
        else:
            present.discard(-num)

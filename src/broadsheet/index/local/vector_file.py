"""A file of quantized vectors: appended to, never rewritten, mapped into memory."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from broadsheet.index.vectors import QuantizedVectors, quantize

_NO_ROW = -1


@dataclass(frozen=True, slots=True)
class VectorRows:
    """The rows of a vector file at one moment. Immutable, so readers need no lock.

    Parameters
    ----------
    vectors : QuantizedVectors
        One per row, mapped from the file.
    nums : ndarray of int64, shape (rows,)
        The paper number of each row; negative if the row deletes the paper.
    row_of : ndarray of int32, shape (largest number + 1,)
        The last row of each paper number; negative if it has none.
    dead : ndarray of int64
        Rows that a later row replaced, and rows that delete a paper.
    """

    vectors: QuantizedVectors
    nums: NDArray[np.int64]
    row_of: NDArray[np.int32]
    dead: NDArray[np.int64]

    @property
    def papers(self) -> int:
        """The number of papers that have a vector."""
        return len(self.nums) - len(self.dead)

    def rows(self, nums: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return the row of each paper, or a negative number if the paper has no vector."""
        if not len(self.nums):
            return np.full(len(nums), _NO_ROW, dtype=np.int32)
        known = (nums > 0) & (nums < len(self.row_of))
        rows = np.where(known, self.row_of[np.where(known, nums, 0)], _NO_ROW)
        return np.where((rows >= 0) & (self.nums[rows] > 0), rows, _NO_ROW).astype(np.int32)

    def take(self, nums: NDArray[np.int64]) -> QuantizedVectors:
        """Return the vectors of papers; a paper without one gets the zero vector."""
        rows = self.rows(nums)
        known = rows >= 0
        if known.all():
            return self.vectors.take(rows)
        values = np.zeros((len(nums), self.vectors.values.shape[1]), dtype=np.int8)
        scales = np.zeros(len(nums), dtype=np.float32)
        values[known] = self.vectors.values[rows[known]]
        scales[known] = self.vectors.scales[rows[known]]
        return QuantizedVectors(values, scales)


class VectorFile:
    """A file of rows: a paper number (int64), a scale (float32) and a vector (int8).

    A later row of the same number replaces an earlier one; a negative number deletes the paper.
    Rows are only appended, so a crash leaves at most one torn row at the end, which the next
    append truncates. The file is mapped, so processes that serve the same folder share its memory.

    Parameters
    ----------
    path : Path
        The file; created by the first append.
    dim : int
        Length of a vector.
    """

    def __init__(self, path: Path, dim: int) -> None:
        self.path = path
        self.dim = dim
        self._row = np.dtype([("num", "<i8"), ("scale", "<f4"), ("vector", "i1", (dim,))])

    @property
    def rows(self) -> int:
        """The number of complete rows."""
        return self.path.stat().st_size // self._row.itemsize if self.path.exists() else 0

    def append(self, vectors: Mapping[int, NDArray[np.float32] | None]) -> None:
        """Add or replace (a vector) or delete (None) papers; durable when this returns.

        Parameters
        ----------
        vectors : mapping of int to ndarray of float32, shape (dim,), or None
            By paper number, above 0.
        """
        rows = np.zeros(len(vectors), dtype=self._row)
        for row, (num, vector) in zip(rows, vectors.items(), strict=True):
            row["num"] = num if vector is not None else -num
            if vector is not None:
                row["vector"], row["scale"] = quantize(vector)
        self._truncate_torn_row()
        with self.path.open("ab") as file:
            file.write(rows.tobytes())
            file.flush()
            os.fsync(file.fileno())

    def read(self, earlier: VectorRows | None = None) -> VectorRows:
        """Map the file as it is now.

        Parameters
        ----------
        earlier : VectorRows, optional
            An earlier result, whose paper numbers are not read again.
        """
        count = self.rows
        mapped = (
            np.memmap(self.path, self._row, mode="r", shape=(count,))
            if count
            else np.empty(0, dtype=self._row)
        )
        known = np.empty(0, dtype=np.int64) if earlier is None else earlier.nums
        nums = np.concatenate([known, np.asarray(mapped["num"][len(known) :], dtype=np.int64)])
        row_of = np.full(int(np.abs(nums).max(initial=0)) + 1, _NO_ROW, dtype=np.int32)
        every = np.arange(count, dtype=np.int32)
        row_of[np.abs(nums)] = every
        dead = np.flatnonzero((row_of[np.abs(nums)] != every) | (nums < 0))
        values: NDArray[np.int8] = mapped["vector"].view(np.ndarray)
        scales = np.ascontiguousarray(mapped["scale"])
        return VectorRows(QuantizedVectors(values, scales), nums, row_of, dead)

    def _truncate_torn_row(self) -> None:
        if self.path.exists():
            size = self.path.stat().st_size
            whole = size - size % self._row.itemsize
            if whole != size:
                os.truncate(self.path, whole)

"""A file of quantized vectors: appended to, never rewritten, mapped into memory."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from broadsheet.index.vectors import QuantizedVectors, quantize

_NO_ROW = -1
# A larger paper number is damage. It bounds the table of rows by number to 512 MB.
_MAX_NUM = 2**27


@dataclass(frozen=True, slots=True)
class VectorRows:
    """The rows of a vector file at one moment. Immutable, so readers need no lock.

    Parameters
    ----------
    inode : int
        The file; 0 if there is none.
    vectors : QuantizedVectors
        One per row, mapped from the file.
    nums : ndarray of int64, shape (rows,)
        The paper number of each row; negative if the row deletes the paper.
    text_hashes : ndarray of int64, shape (rows,)
        :func:`text_hash` of each encoded text, mapped from the file.
    row_of : ndarray of int32, shape (largest number + 1,)
        The last row of each paper number; negative if it has none.
    dead : ndarray of int64
        Rows that a later row replaced, rows that delete a paper, and damaged rows.
    """

    inode: int
    vectors: QuantizedVectors
    nums: NDArray[np.int64]
    text_hashes: NDArray[np.int64]
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

    def stale(self, text_hashes: Mapping[int, int]) -> list[int]:
        """List the papers that have no vector, or one of another text.

        Parameters
        ----------
        text_hashes : mapping of int to int
            By paper number, the hash of its present text.
        """
        nums = np.fromiter(text_hashes.keys(), dtype=np.int64, count=len(text_hashes))
        present = np.fromiter(text_hashes.values(), dtype=np.int64, count=len(text_hashes))
        rows = self.rows(nums)
        stale = rows < 0
        stale[~stale] = self.text_hashes[rows[~stale]] != present[~stale]
        return [int(num) for num in nums[stale]]


class VectorFile:
    """A file of quantized vectors, one row each, without a header.

    A row is a paper number (int64), the hash of the encoded text (int64), a scale (float32) and
    the vector (int8), all little-endian. A later row of the same number replaces an earlier one;
    a negative number deletes the paper. Rows are only appended, so a crash leaves at most one
    torn row at the end, which the next append truncates, or rows of zeros, which are ignored.
    The file is mapped, so processes that read the same file share its memory.

    Callers make sure that one process appends at a time, and that all vectors of a file are of
    one encoder.

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
        self._row = np.dtype(
            [("num", "<i8"), ("text_hash", "<i8"), ("scale", "<f4"), ("vector", "i1", (dim,))]
        )

    @property
    def rows(self) -> int:
        """The number of complete rows."""
        return self._inode_and_rows()[1]

    def is_current(self, rows: VectorRows) -> bool:
        """Return whether the file has not changed since `rows` were read."""
        return self._inode_and_rows() == (rows.inode, len(rows.nums))

    def append(
        self,
        vectors: Mapping[int, NDArray[np.float32] | None],
        text_hashes: Mapping[int, int] | None = None,
    ) -> None:
        """Add or replace (a vector) or delete (None) papers; durable when this returns.

        Parameters
        ----------
        vectors : mapping of int to ndarray of float32, shape (dim,), or None
            By paper number, above 0.
        text_hashes : mapping of int to int, optional
            :func:`text_hash` of the encoded texts, by paper number; by default 0.
        """
        hashes = text_hashes or {}
        rows = np.zeros(len(vectors), dtype=self._row)
        for row, (num, vector) in zip(rows, vectors.items(), strict=True):
            row["num"] = num if vector is not None else -num
            row["text_hash"] = hashes.get(num, 0)
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
            An earlier result. Its numbers and scales are not read again if the file has only
            been appended to.
        """
        inode, count = self._inode_and_rows()
        mapped = (
            np.memmap(self.path, self._row, mode="r", shape=(count,))
            if count
            else np.empty(0, dtype=self._row)
        )
        if earlier is None or earlier.inode != inode or len(earlier.nums) > count:
            nums = np.array(mapped["num"], dtype=np.int64)
            scales = np.array(mapped["scale"])
        else:
            known = len(earlier.nums)
            nums = np.concatenate([earlier.nums, mapped["num"][known:]])
            scales = np.concatenate([earlier.vectors.scales, mapped["scale"][known:]])
        # A crash can leave zeros, or blocks of another file, instead of the last rows.
        # A scale of NaN would exclude all other papers from the nearest.
        is_scale = (scales >= 0) & (scales <= 1)
        nums[(nums > _MAX_NUM) | (nums < -_MAX_NUM) | ~is_scale] = 0
        every = np.arange(count, dtype=np.int32)
        row_of = np.full(int(np.abs(nums).max(initial=0)) + 1, _NO_ROW, dtype=np.int32)
        row_of[np.abs(nums)] = every
        dead = np.flatnonzero((row_of[np.abs(nums)] != every) | (nums <= 0))
        vectors = QuantizedVectors(mapped["vector"].view(np.ndarray), scales)
        return VectorRows(inode, vectors, nums, mapped["text_hash"], row_of, dead)

    def _inode_and_rows(self) -> tuple[int, int]:
        try:
            state = self.path.stat()
        except FileNotFoundError:
            return 0, 0
        return state.st_ino, state.st_size // self._row.itemsize

    def _truncate_torn_row(self) -> None:
        if self.path.exists():
            size = self.path.stat().st_size
            whole = size - size % self._row.itemsize
            if whole != size:
                os.truncate(self.path, whole)


def text_hash(text: str) -> int:
    """Return a 64-bit signed hash of an encoded text (BLAKE2b)."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)

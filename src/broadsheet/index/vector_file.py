"""A file of quantized vectors: appended to, never rewritten, and checked by a checksum."""

import hashlib
import os
import threading
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from broadsheet.index.vectors import QuantizedVectors, quantize

_NO_ROW = -1
# A larger paper number is damage. It bounds the table of rows by number to 512 MB.
_MAX_NUM = 2**27
_ROWS_READ = 4_096
# The memory for vectors grows by this factor, so that adding rows does not copy all each time.
_GROWTH = 1.125


class DamagedFileError(ValueError):
    """A file of the index has changed in another way than by this program."""


class _Values:
    """The vectors of one file in memory, read when they are first needed; rows are only added."""

    def __init__(self, file: "VectorFile", inode: int) -> None:
        self._file = file
        self._inode = inode
        self._values = np.empty((0, file.dim), dtype=np.int8)
        self._count = 0
        self._lock = threading.Lock()

    def first(self, count: int) -> NDArray[np.int8]:
        """Return the vectors of the first rows; earlier results are not changed by later calls."""
        with self._lock:
            if self._count < count:
                self._read(count)
            return self._values[:count]

    def _read(self, count: int) -> None:
        if len(self._values) < count:
            capacity = int(count * _GROWTH) if self._count else count
            larger = np.empty((capacity, self._file.dim), dtype=np.int8)
            larger[: self._count] = self._values[: self._count]
            self._values = larger
        for start, rows in self._file.blocks(self._inode, self._count, count):
            self._values[start : start + len(rows)] = rows["vector"]
        self._count = count


@dataclass(frozen=True, slots=True)
class VectorRows:
    """The rows of a vector file at one moment. Immutable, so readers need no lock.

    Parameters
    ----------
    inode : int
        The file; 0 if there is none.
    nums : ndarray of int64, shape (rows,)
        The paper number of each row; negative if the row deletes the paper.
    text_hashes : ndarray of int64, shape (rows,)
        :func:`text_hash` of each encoded text.
    scales : ndarray of float32, shape (rows,)
        The scale of each vector.
    row_of : ndarray of int32, shape (largest number + 1,)
        The last row of each paper number; negative if it has none.
    dead : ndarray of int64
        Rows that a later row replaced, rows that delete a paper, and damaged rows.
    """

    inode: int
    nums: NDArray[np.int64]
    text_hashes: NDArray[np.int64]
    scales: NDArray[np.float32]
    row_of: NDArray[np.int32]
    dead: NDArray[np.int64]
    values: _Values

    @property
    def vectors(self) -> QuantizedVectors:
        """One per row, in memory; the first call reads them.

        Raises
        ------
        OSError, DamagedFileError
            If the file was deleted or replaced before, or is damaged.
        """
        return QuantizedVectors(self.values.first(len(self.nums)), self.scales)

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
        known, vectors = rows >= 0, self.vectors
        if known.all():
            return vectors.take(rows)
        values = np.zeros((len(nums), vectors.values.shape[1]), dtype=np.int8)
        scales = np.zeros(len(nums), dtype=np.float32)
        values[known] = vectors.values[rows[known]]
        scales[known] = vectors.scales[rows[known]]
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
    ``NAME.crc`` has the number of rows and the checksum (CRC-32) after the last append.
    The file is read, not mapped: truncating a mapped file ends the processes that read it.

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

    def status(self) -> tuple[int, ...]:
        """Return what changes whenever the file or its checksum is written or replaced."""
        return (*_status(self.path), *_status(self._checksum_path))

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
        checksum = self._checksum_of_all()
        with self.path.open("ab") as file:
            file.write(rows.tobytes())
            file.flush()
            os.fsync(file.fileno())
        # After the rows are on disk: a crash in between leaves rows that are not covered.
        self._write_checksum(self.rows, zlib.crc32(rows.tobytes(), checksum))

    def delete(self) -> None:
        """Delete the file and its checksum; without them, nothing happens."""
        self.path.unlink(missing_ok=True)
        self._checksum_path.unlink(missing_ok=True)

    def is_damaged(self) -> bool:
        """Return whether rows are missing or changed since they were appended; reads the file.

        Raises
        ------
        OSError
            If the file cannot be read.
        """
        stored = self._stored_checksum()
        if stored is None:
            return False
        count, checksum = stored
        return self.rows < count or self._checksum(0, count, 0) != checksum

    def take(self, rows: VectorRows, nums: NDArray[np.int64]) -> QuantizedVectors:
        """Read the vectors of a few papers from the file, without reading all of them.

        A paper gets the zero vector if it has none, or if the file has another row in its place.
        """
        wanted = rows.rows(nums)
        values = np.zeros((len(nums), self.dim), dtype=np.int8)
        scales = np.zeros(len(nums), dtype=np.float32)
        if not (wanted >= 0).any():
            return QuantizedVectors(values, scales)
        with self.path.open("rb", buffering=0) as file:
            for place in np.flatnonzero(wanted >= 0).tolist():
                file.seek(int(wanted[place]) * self._row.itemsize)
                content = file.read(self._row.itemsize)
                if len(content) < self._row.itemsize:
                    continue
                row = np.frombuffer(content, self._row)[0]
                if row["num"] == nums[place] and row["scale"] == rows.scales[wanted[place]]:
                    values[place], scales[place] = row["vector"], row["scale"]
        return QuantizedVectors(values, scales)

    def blocks(self, inode: int, start: int, end: int) -> Iterator[tuple[int, NDArray[np.void]]]:
        """Read rows, a block at a time, each with the number of its first row.

        Raises
        ------
        OSError, DamagedFileError
            If the file is absent, was replaced, or has fewer rows.
        """
        if start >= end:
            return
        with self.path.open("rb", buffering=0) as file:
            if os.fstat(file.fileno()).st_ino != inode:
                raise DamagedFileError(f"{str(self.path)!r} was replaced")
            file.seek(start * self._row.itemsize)
            while start < end:
                count = min(_ROWS_READ, end - start)
                block = file.read(count * self._row.itemsize)
                if len(block) < count * self._row.itemsize:
                    raise DamagedFileError(f"vectors are missing in {str(self.path)!r}")
                yield start, np.frombuffer(block, dtype=self._row)
                start += count

    def read(self, earlier: VectorRows | None = None) -> VectorRows:
        """Read the file as it is now, without the vectors, which are read when they are needed.

        Parameters
        ----------
        earlier : VectorRows, optional
            An earlier result. Its rows are not read again if the file has only been appended to.

        Raises
        ------
        OSError, DamagedFileError
            If the file cannot be read.
        """
        inode, count = self._inode_and_rows()
        if earlier is None or earlier.inode != inode or len(earlier.nums) > count:
            earlier = None
        known = len(earlier.nums) if earlier else 0
        nums = np.empty(count, dtype=np.int64)
        text_hashes = np.empty(count, dtype=np.int64)
        scales = np.empty(count, dtype=np.float32)
        if earlier:
            nums[:known], text_hashes[:known] = earlier.nums, earlier.text_hashes
            scales[:known] = earlier.scales
        for start, rows in self.blocks(inode, known, count):
            block = slice(start, start + len(rows))
            nums[block], text_hashes[block] = rows["num"], rows["text_hash"]
            scales[block] = rows["scale"]
        # A crash can leave zeros, or blocks of another file, instead of the last rows.
        # A scale of NaN would exclude all other papers from the nearest.
        is_scale = (scales >= 0) & (scales <= 1)
        nums[(nums > _MAX_NUM) | (nums < -_MAX_NUM) | ~is_scale] = 0
        every = np.arange(count, dtype=np.int32)
        row_of = np.full(int(np.abs(nums).max(initial=0)) + 1, _NO_ROW, dtype=np.int32)
        row_of[np.abs(nums)] = every
        dead = np.flatnonzero((row_of[np.abs(nums)] != every) | (nums <= 0))
        values = earlier.values if earlier else _Values(self, inode)
        return VectorRows(inode, nums, text_hashes, scales, row_of, dead, values)

    @property
    def _checksum_path(self) -> Path:
        return self.path.with_name(f"{self.path.name}.crc")

    def _stored_checksum(self) -> tuple[int, int] | None:
        try:
            stored = orjson.loads(self._checksum_path.read_bytes())
            return int(stored["rows"]), int(stored["crc"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _write_checksum(self, rows: int, checksum: int) -> None:
        partial = self.path.with_name(f"{self.path.name}.crc.partial")
        partial.write_bytes(orjson.dumps({"rows": rows, "crc": checksum}))
        partial.replace(self._checksum_path)

    def _checksum_of_all(self) -> int:
        stored, count = self._stored_checksum(), self.rows
        if stored is None or stored[0] > count:
            stored = 0, 0
        return self._checksum(stored[0], count, stored[1])

    def _checksum(self, start: int, end: int, checksum: int) -> int:
        inode = self._inode_and_rows()[0]
        for _, rows in self.blocks(inode, start, end):
            checksum = zlib.crc32(rows.tobytes(), checksum)
        return checksum

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


def _status(path: Path) -> tuple[int, int, int]:
    try:
        status = path.stat()
    except FileNotFoundError:
        return 0, 0, 0
    return status.st_ino, status.st_size, status.st_mtime_ns


def text_hash(text: str) -> int:
    """Return a 64-bit signed hash of an encoded text (BLAKE2b)."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)

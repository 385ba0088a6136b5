"""The sharper vectors: 8 bits a number, kept apart from the index so that no rebuild loses them."""

import hashlib
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from broadsheet.errors import SearchIndexError

_FORMAT = 1
_HEAD_BYTES = 128
_READ_ROWS = 8_192
_LEVELS = 127

_Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was read of the file; replaced whole, so that a reader needs no lock.

    Parameters
    ----------
    inode, rows : int
        Of which file, and how many rows after its head.
    nums : ndarray of int64, shape (n,)
        Papers that have a vector, ascending.
    places : ndarray of int64, shape (n,)
        In which row.
    marks : ndarray of int64, shape (n,)
        Of which text.
    vectors : ndarray of int8, shape (rows, dim)
        Left on disk and mapped.
    """

    inode: int
    rows: int
    nums: _Whole
    places: _Whole
    marks: _Whole
    vectors: NDArray[np.int8]


class Sharp:
    """One file of sharper vectors; safe to read from many threads, written under a file lock.

    The file begins with a head that names the model. Each row is a paper's number (int64), the
    mark of the text it was made of (int64) and the vector (int8). A later row of the same number
    replaces an earlier one, and a negative number removes. Rows are only ever appended, so that
    a crash leaves at most one torn row at the end, which is cut off.
    A row needs no scale: vectors have unit length, so the length of what is kept tells it.

    Parameters
    ----------
    path : Path
        The file; made when the first row is written.
    dim : int
        Length of a vector.
    model : str
        The name of the encoder. A file of another one is set aside.

    Attributes
    ----------
    set_aside : Path or None
        Where a file of another model, or one without a readable head, was moved.

    Raises
    ------
    SearchIndexError
        Where the file cannot be read or written.
    """

    def __init__(self, path: Path, dim: int, model: str) -> None:
        self._path = path
        self._row = np.dtype([("num", "<i8"), ("mark", "<i8"), ("vector", "i1", (dim,))])
        told = f"broadsheet sharp {_FORMAT} {dim} {hashlib.sha256(model.encode()).hexdigest()}\n"
        self._head = told.encode().ljust(_HEAD_BYTES, b"\0")
        self._reading = threading.Lock()
        self._seen = self._nothing()
        self.set_aside = self._move_foreign()
        self.reload()

    def __len__(self) -> int:
        return len(self._seen.nums)

    def __contains__(self, num: int) -> bool:
        return bool(_find(self._seen, np.asarray([num], dtype=np.int64))[0] >= 0)

    def missing(self, nums: Sequence[int] | _Whole) -> list[int]:
        """Tell which papers have no vector, in the order asked."""
        asked = np.asarray(nums, dtype=np.int64)
        return [int(num) for num in asked[_find(self._seen, asked) < 0]]

    def outdated(self, marks: Mapping[int, int]) -> list[int]:
        """Tell which papers have a vector of another text.

        Parameters
        ----------
        marks : mapping of int to int
            By paper number, :func:`mark_of` its present text.

        Returns
        -------
        list of int
            Their numbers. A paper without a vector is not outdated.
        """
        seen = self._seen
        nums = np.fromiter(marks.keys(), dtype=np.int64, count=len(marks))
        now = np.fromiter(marks.values(), dtype=np.int64, count=len(marks))
        at = _find(seen, nums)
        known = at >= 0
        return [int(num) for num in nums[known][seen.marks[at[known]] != now[known]]]

    def cosines(
        self, vector: NDArray[np.float32], nums: Sequence[int] | _Whole
    ) -> NDArray[np.float32]:
        """Give each paper's cosine to a vector.

        Parameters
        ----------
        vector : ndarray of float32, shape (dim,)
            Of unit length, or zero.
        nums : sequence of int
            Paper numbers.

        Returns
        -------
        ndarray of float32, shape (len(nums),)
            In [-1, 1] up to rounding; NaN where a paper has no vector, or a zero one, and
            everywhere for the zero vector: where nothing is known, nothing is to be refined.
        """
        seen = self._seen
        at = _find(seen, np.asarray(nums, dtype=np.int64))
        known = (at >= 0) & bool(vector.any())
        near = np.full(len(at), np.nan, dtype=np.float32)
        if known.any():
            rows = seen.vectors[seen.places[at[known]]].astype(np.float32)
            lengths = np.linalg.norm(rows, axis=1)
            near[known] = rows @ vector / np.where(lengths > 0, lengths, np.nan)
        return near

    def append(
        self, nums: Sequence[int], marks: Sequence[int], vectors: NDArray[np.float32]
    ) -> None:
        """Add or replace papers; on disk when this returns.

        Parameters
        ----------
        nums : sequence of int
            Paper numbers, above 0.
        marks : sequence of int
            :func:`mark_of` the text that each vector was made of.
        vectors : ndarray of float32, shape (len(nums), dim)
            Of unit length, or zero.

        Raises
        ------
        SearchIndexError
            Where the file cannot be written; what was written before stays.
        """
        rows = np.zeros(len(nums), dtype=self._row)
        rows["num"], rows["mark"] = nums, marks
        largest = np.abs(vectors).max(axis=1, initial=0.0, keepdims=True)
        rows["vector"] = np.round(vectors * (_LEVELS / np.where(largest > 0, largest, 1)))
        self._write(rows)

    def remove(self, nums: Sequence[int]) -> None:
        """Forget papers; one without a vector is passed over.

        Parameters
        ----------
        nums : sequence of int
            Paper numbers.

        Raises
        ------
        SearchIndexError
            Where the file cannot be written.
        """
        self.reload()
        absent = set(self.missing(nums))
        gone = [num for num in nums if num not in absent]
        rows = np.zeros(len(gone), dtype=self._row)
        rows["num"] = -np.asarray(gone, dtype=np.int64)
        self._write(rows)

    def reload(self) -> None:
        """See what another process has written since; where nothing was, one look at the file."""
        with self._reading, self._failing("read"):
            try:
                state = self._path.stat()
            except FileNotFoundError:
                self._seen = self._nothing()
                return
            rows = max(state.st_size - _HEAD_BYTES, 0) // self._row.itemsize
            before = self._seen
            if (state.st_ino, rows) == (before.inode, before.rows):
                return
            if state.st_ino != before.inode or rows < before.rows:
                before = self._nothing()
                rows = rows if self._is_ours() else 0
            self._seen = self._read_on(before, state.st_ino, rows)

    def _read_on(self, before: _Seen, inode: int, rows: int) -> _Seen:
        nums, marks = [before.nums], [before.marks]
        for start in range(before.rows, rows, _READ_ROWS):
            count = min(_READ_ROWS, rows - start)
            offset = _HEAD_BYTES + start * self._row.itemsize
            block = np.fromfile(self._path, self._row, count=count, offset=offset)
            nums.append(block["num"].copy())
            marks.append(block["mark"].copy())
        places = np.concatenate([before.places, np.arange(before.rows, rows, dtype=np.int64)])
        every, marked = np.concatenate(nums), np.concatenate(marks)
        last = _last_of_each(every)
        # A number of 0 is what a crash of the machine may leave where a row should be.
        last = last[every[last] > 0]
        return _Seen(inode, rows, every[last], places[last], marked[last], self._map(rows))

    def _map(self, rows: int) -> NDArray[np.int8]:
        if not rows:
            return self._nothing().vectors
        mapped = np.memmap(self._path, self._row, mode="r", offset=_HEAD_BYTES, shape=(rows,))
        return cast("NDArray[np.int8]", np.asarray(mapped["vector"]))

    def _nothing(self) -> _Seen:
        none = np.empty(0, dtype=np.int64)
        return _Seen(0, 0, none, none, none, np.empty((0, *self._row["vector"].shape), np.int8))

    def _write(self, rows: NDArray[np.void]) -> None:
        if not len(rows):
            return
        with self._failing("written"), self._locked():
            if not self._path.exists():
                self._begin()
            elif not self._is_ours():
                raise SearchIndexError(
                    f"the sharper vectors in {str(self._path)!r} have become those of another "
                    "model: restart this process, or give the other one another folder"
                )
            _cut_torn_row(self._path, self._row.itemsize)
            with self._path.open("ab") as file:
                file.write(rows.tobytes())
                file.flush()
                os.fsync(file.fileno())
        self.reload()

    def _locked(self) -> FileLock:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(f"{self._path}.lock")

    def _begin(self) -> None:
        # The head appears whole or not at all, so that a crash cannot make the file foreign.
        partial = self._path.with_name(f"{self._path.name}.partial")
        with partial.open("wb") as file:
            file.write(self._head)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._path)

    def _move_foreign(self) -> Path | None:
        # Looked at before locking, so that who may only read can open what is ours.
        with self._failing("opened"):
            if not self._is_foreign():
                return None
            with FileLock(f"{self._path}.lock"):
                if not self._is_foreign():
                    return None
                aside = self._path.with_name(f"{self._path.name}.set-aside")
                self._path.replace(aside)
                return aside

    def _is_foreign(self) -> bool:
        return self._path.exists() and not self._is_ours()

    def _is_ours(self) -> bool:
        with self._path.open("rb") as file:
            return file.read(_HEAD_BYTES) == self._head

    @contextmanager
    def _failing(self, verb: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise SearchIndexError(
                f"the sharper vectors in {str(self._path)!r} could not be {verb} "
                f"({error.strerror}): check the path, its permissions and the space on its disk"
            ) from error


def mark_of(text: str) -> int:
    """Give the mark of a text, by which a vector is known to be of it.

    Parameters
    ----------
    text : str
        What was or would be encoded.

    Returns
    -------
    int
        64 bits, signed: two texts share one by a chance of 1 in 2**64.
    """
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


def _find(seen: _Seen, nums: _Whole) -> _Whole:
    """Give each number's position in `seen.nums`, -1 where it is not among them."""
    if not len(seen.nums):
        return np.full(len(nums), -1, dtype=np.int64)
    at = np.minimum(np.searchsorted(seen.nums, nums), len(seen.nums) - 1)
    return np.where(seen.nums[at] == nums, at, -1)


def _last_of_each(nums: _Whole) -> _Whole:
    """Give, by ascending number (a removal counts as its paper), the position of its last row."""
    _, backwards = np.unique(np.abs(nums[::-1]), return_index=True)
    return len(nums) - 1 - backwards


def _cut_torn_row(path: Path, row_bytes: int) -> None:
    size = path.stat().st_size
    torn = (size - _HEAD_BYTES) % row_bytes
    if torn:
        os.truncate(path, size - torn)

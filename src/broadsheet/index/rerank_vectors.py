"""The vectors of the reranking model, kept outside the index so that no rebuild deletes them."""

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from broadsheet.errors import SearchIndexError
from broadsheet.index.vector_file import VectorFile
from broadsheet.index.vectors import QuantizedVectors

_log = logging.getLogger("broadsheet.index")


class RerankVectors:
    """One vector per paper in a :class:`VectorFile`, which several processes may write.

    Safe to use from many threads.

    Parameters
    ----------
    folder : Path
        The folder of the file; created by the first append.
    encoder_name : str
        Name of the encoder, and of the file: another encoder uses another file.
    dim : int
        Length of a vector.

    Raises
    ------
    SearchIndexError
        If the file cannot be read.
    """

    def __init__(self, folder: Path, encoder_name: str, dim: int) -> None:
        self._path = folder / f"{encoder_name}.i8"
        self._file = VectorFile(self._path, dim)
        self._reading = threading.Lock()
        self._checked: tuple[int, ...] | None = None
        with self._io_errors("read"):
            self._rows = self._file.read()
        self.check()

    def __len__(self) -> int:
        return self._rows.papers

    def missing(self, nums: Sequence[int]) -> list[int]:
        """List the papers that have no vector, in the order of `nums`."""
        wanted = np.asarray(nums, dtype=np.int64)
        return [int(num) for num in wanted[self._rows.rows(wanted) < 0]]

    def stale(self, text_hashes: Mapping[int, int]) -> list[int]:
        """List the papers without a vector of this text; see :meth:`VectorRows.stale`."""
        return self._rows.stale(text_hashes)

    def cosines(self, vector: NDArray[np.float32], nums: NDArray[np.int64]) -> NDArray[np.float32]:
        """Compute the cosine between a vector and that of each paper.

        Parameters
        ----------
        vector : ndarray of float32, shape (dim,)
            Of unit length, or zero.
        nums : ndarray of int64, shape (n,)
            Paper numbers.

        Returns
        -------
        ndarray of float32, shape (n,)
            NaN for a paper without a vector or with the zero vector, and for the zero `vector`.
        """
        # More precise than QuantizedVectors.cosines, which also quantizes `vector` and ignores
        # that quantization changes the length of a row: there are few papers.
        rows = self._take(nums).values.astype(np.float32)
        lengths = np.linalg.norm(rows, axis=1)
        known = (lengths > 0) & bool(vector.any())
        return (rows @ vector / np.where(known, lengths, np.nan)).astype(np.float32)

    def check(self) -> None:
        """Delete the file if it is damaged; reads it only if it changed since the last call.

        Raises
        ------
        SearchIndexError
            If the file cannot be read or deleted.
        """
        with self._io_errors("read"):
            if not self._path.parent.exists() or self._file.status() == self._checked:
                return
            with FileLock(f"{self._path}.lock"):
                if self._file.is_damaged():
                    _log.warning("%s is damaged: its vectors are computed again", self._path)
                    self._file.delete()
                self._checked = self._file.status()
        self.reload()

    def append(
        self, vectors: Mapping[int, NDArray[np.float32]], text_hashes: Mapping[int, int]
    ) -> None:
        """Add or replace papers; durable when this returns.

        Parameters
        ----------
        vectors : mapping of int to ndarray of float32, shape (dim,)
            By paper number, above 0.
        text_hashes : mapping of int to int
            :func:`broadsheet.index.vector_file.text_hash` of their texts.

        Raises
        ------
        SearchIndexError
            If the file cannot be written.
        """
        self._append(vectors, text_hashes)

    def delete(self, nums: Sequence[int]) -> None:
        """Delete the vectors of papers; papers without one are ignored.

        Raises
        ------
        SearchIndexError
            If the file cannot be written.
        """
        self.reload()
        missing = set(self.missing(nums))
        self._append(dict.fromkeys(num for num in nums if num not in missing), {})

    def reload(self) -> None:
        """Read rows that another process has written; only checks the file size if there are none.

        Raises
        ------
        SearchIndexError
            If the file cannot be read.
        """
        with self._reading, self._io_errors("read"):
            if not self._file.is_current(self._rows):
                self._rows = self._file.read(self._rows)

    def _take(self, nums: NDArray[np.int64]) -> QuantizedVectors:
        # From the file, because a query needs few of them. Without the file, papers have none.
        try:
            return self._file.take(self._rows, nums)
        except OSError:
            return QuantizedVectors(
                np.zeros((len(nums), self._file.dim), dtype=np.int8),
                np.zeros(len(nums), dtype=np.float32),
            )

    def _append(
        self,
        vectors: Mapping[int, NDArray[np.float32] | None],
        text_hashes: Mapping[int, int],
    ) -> None:
        if not vectors:
            return
        with self._io_errors("written"):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with FileLock(f"{self._path}.lock"):
                self._file.append(vectors, text_hashes)
        self.reload()

    @contextmanager
    def _io_errors(self, verb: str) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise SearchIndexError(
                f"the rerank vectors in {str(self._path)!r} could not be {verb} "
                f"({reason}): check the path, its permissions and the free disk space"
            ) from error

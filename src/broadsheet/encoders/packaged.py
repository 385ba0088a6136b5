"""Adapter for an encoder of another package."""

import threading
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from broadsheet.encoders.vectors import encodable, unit_rows

# Texts per call: the longest that the query of another thread waits for the lock.
_BATCH = 64


class PackagedEncoder:
    """An encoder of another package; safe to use from many threads, one call at a time.

    Parameters
    ----------
    name : str
        Identity of the weights.
    dim : int
        Length of a vector.
    model : callable
        Returns vectors of any length for non-empty texts, shape (n, dim).
    """

    def __init__(
        self, name: str, dim: int, model: Callable[[list[str]], NDArray[np.float32]]
    ) -> None:
        self._name = name
        self._dim = dim
        self._model = model
        # Hugging Face tokenizers raise an error if two threads set the padding at once.
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """Identity of the weights."""
        return self._name

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._dim

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode the first 8,000 characters of each text.

        Parameters
        ----------
        texts : sequence of str
            Any texts, of any length.

        Returns
        -------
        ndarray of float32, shape (len(texts), dim)
            Rows of unit length; the zero row for a text without a known token.
        """
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        present = [(row, text) for row, text in enumerate(encodable(texts)) if text]
        for start in range(0, len(present), _BATCH):
            rows, batch = zip(*present[start : start + _BATCH], strict=True)
            with self._lock:
                vectors[list(rows)] = unit_rows(self._model(list(batch)))
        return vectors

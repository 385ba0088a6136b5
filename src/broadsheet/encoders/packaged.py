"""An encoder that another package provides, behind a lock and a uniform interface."""

import threading
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from broadsheet.encoders.vectors import readable, unit_rows

# Texts in one turn: a reader's question waits for no more than these.
_AT_ONCE = 64


class PackagedEncoder:
    """An encoder of another package; safe to use from many threads, which take turns.

    Parameters
    ----------
    name : str
        Identity of the weights.
    dim : int
        Length of a vector.
    model : callable
        Gives a vector of any length for each of some non-empty texts, shape (n, dim).
    """

    def __init__(
        self, name: str, dim: int, model: Callable[[list[str]], NDArray[np.float32]]
    ) -> None:
        self._name = name
        self._dim = dim
        self._model = model
        # Their tokenizers fail when two threads set the padding at once.
        self._turn = threading.Lock()

    @property
    def name(self) -> str:
        """Identity of the weights."""
        return self._name

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._dim

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts; only the beginning of a very long one is read.

        Parameters
        ----------
        texts : sequence of str
            Any texts, of any length.

        Returns
        -------
        ndarray of float32, shape (len(texts), dim)
            Rows of unit length; the zero row for a text in which nothing is known.
        """
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        told = {row: text for row, text in enumerate(readable(texts)) if text}
        rows, sent = list(told), list(told.values())
        for start in range(0, len(rows), _AT_ONCE):
            span = slice(start, start + _AT_ONCE)
            with self._turn:
                vectors[rows[span]] = unit_rows(self._model(sent[span]))
        return vectors

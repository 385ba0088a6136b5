"""Preparation of texts and normalization of vectors, shared by all encoders."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_MAX_CHARS = 8_000


def encodable(texts: Sequence[str], max_chars: int = _MAX_CHARS) -> list[str]:
    """Truncate texts and remove what no encoder accepts.

    Parameters
    ----------
    texts : sequence of str
        Any texts.
    max_chars : int
        The length to truncate to, in characters.

    Returns
    -------
    list of str
        Without unpaired surrogates, which have no UTF-8 form, and without white space at
        either end; "" for a blank text.
    """
    return [text[:max_chars].encode("utf-8", "ignore").decode("utf-8").strip() for text in texts]


def unit_rows(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """Scale rows to unit length.

    Parameters
    ----------
    vectors : ndarray of float, shape (n, dim)
        Any numbers.

    Returns
    -------
    ndarray of float32, shape (n, dim)
        Rows of unit length; the zero row for a zero row and for one with NaN or infinity.
    """
    rows = np.asarray(vectors, dtype=np.float64)
    rows = np.where(np.isfinite(rows).all(axis=1, keepdims=True), rows, 0)
    # Divided by the largest number first, so that squares neither overflow nor underflow.
    largest = np.abs(rows).max(axis=1, initial=0.0, keepdims=True)
    rows = rows / np.where(largest > 0, largest, 1)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)

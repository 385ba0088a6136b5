"""What every encoder does to its input and output: cut texts, and bring rows to unit length."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

_MAX_CHARS = 8_000


def readable(texts: Sequence[str]) -> Iterator[str]:
    """Give the beginning of each text, without what no encoder could read; "" for a blank one."""
    for text in texts:
        yield text[:_MAX_CHARS].encode("utf-8", "ignore").decode("utf-8").strip()


def unit_rows(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """Bring rows to unit length; a zero row stays, and one that is not finite becomes zero."""
    rows = np.asarray(vectors, dtype=np.float64)
    rows = np.where(np.isfinite(rows).all(axis=1, keepdims=True), rows, 0)
    # By the largest first, so that no square is too large or too small to be told.
    largest = np.abs(rows).max(axis=1, initial=0.0, keepdims=True)
    rows = rows / np.where(largest > 0, largest, 1)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)

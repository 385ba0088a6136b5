"""Unit vectors, quantized to 8-bit integers."""

from dataclasses import dataclass

import numkong
import numpy as np
from numpy.typing import NDArray

_LARGEST = 127


@dataclass(frozen=True, slots=True)
class QuantizedVectors:
    """Vectors as 8-bit integers, each with one scale.

    Parameters
    ----------
    values : ndarray of int8, shape (n, dim)
        In [-127, 127].
    scales : ndarray of float32, shape (n,)
        ``values[i] * scales[i]`` approximates vector ``i``.
    """

    values: NDArray[np.int8]
    scales: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.scales)

    @staticmethod
    def empty(dim: int) -> "QuantizedVectors":
        """Return no vectors of length `dim`."""
        return QuantizedVectors(np.empty((0, dim), dtype=np.int8), np.empty(0, dtype=np.float32))

    def take(self, rows: NDArray[np.integer] | slice) -> "QuantizedVectors":
        """Return the vectors at some rows."""
        return QuantizedVectors(self.values[rows], self.scales[rows])

    def cosines(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compute the cosine between each vector and another one.

        Parameters
        ----------
        vector : ndarray of float32, shape (dim,)
            Of unit length, or zero.

        Returns
        -------
        ndarray of float32, shape (n,)
            In [-1, 1], within 0.005 of the cosines before quantization; 0 for a zero vector.
        """
        if not len(self):
            return np.empty(0, dtype=np.float32)
        values, scale = quantize(vector)
        dots = np.asarray(numkong.cdist(values[np.newaxis], self.values, metric="dot")).ravel()
        cosines: NDArray[np.float32] = (dots * (self.scales * scale)).astype(np.float32)
        return cosines

    def dequantized(self) -> NDArray[np.float32]:
        """Return the vectors as float32, shape (n, dim)."""
        vectors: NDArray[np.float32] = self.values * self.scales[:, np.newaxis]
        return vectors


def quantize(vector: NDArray[np.float32]) -> tuple[NDArray[np.int8], np.float32]:
    """Round a vector to 8-bit integers.

    Parameters
    ----------
    vector : ndarray of float32, shape (dim,)

    Returns
    -------
    values : ndarray of int8, shape (dim,)
        In [-127, 127].
    scale : float32
        ``values * scale`` approximates `vector`; 0 for the zero vector.
    """
    scale = np.float32(np.abs(vector).max(initial=0.0) / _LARGEST)
    if not scale:
        return np.zeros(len(vector), dtype=np.int8), scale
    return np.rint(vector / scale).astype(np.int8), scale

"""The Encoder protocol."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Encoder(Protocol):
    """Computes vectors of texts; their inner product measures how similar two texts are.

    Many threads may use one encoder. `tests/contract/test_encoder.py` tests every
    implementation.
    """

    @property
    def name(self) -> str:
        """Identity of the weights: vectors of encoders with different names do not compare."""

    @property
    def dim(self) -> int:
        """Length of a vector; the same for the lifetime of the encoder."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts.

        The vector of a text depends on the text alone, not on the others, up to rounding.

        Parameters
        ----------
        texts : sequence of str
            Any texts, of any length: empty, or with NUL characters or unpaired surrogates.
            Only the first characters of a long text are encoded, 8,000 at most.

        Returns
        -------
        ndarray of float32, shape (len(texts), dim)
            Rows of unit length; the zero row for a blank text and for one without a known token.

        Raises
        ------
        SearchIndexError
            If the encoder is a remote service that does not respond as documented.
        """

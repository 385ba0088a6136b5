"""The shipped encoder: the sum of one trained row per token, scaled to unit length."""

import hashlib
import io
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from broadsheet.encoders.vectors import encodable

_FAMILY = "broadsheet-static-1"
_TABLE, _TOKENIZER = "table.npz", "tokenizer.json"
_MAX_TOKENS = 512
_BATCH = 1_024


class StaticEncoder:
    """An encoder that adds up rows of a table; safe to use from many threads.

    Parameters
    ----------
    name : str
        Identity of the weights.
    tokenizer : Tokenizer
        Returns the table row of each token; 0 for an unknown token.
    table : ndarray of float32, shape (tokens, dim)
        One row per token; its length is the weight of the token. Row 0 is zero.
    """

    def __init__(self, name: str, tokenizer: Tokenizer, table: NDArray[np.float32]) -> None:
        self._name = name
        self._tokenizer = tokenizer
        self._table = table

    @property
    def name(self) -> str:
        """Identity of the weights."""
        return self._name

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self._table.shape[1])

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode the first 512 tokens of the first 8,000 characters of each text.

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
        for start in range(0, len(texts), _BATCH):
            batch = encodable(texts[start : start + _BATCH])
            tokens = self._tokenizer.encode_batch_fast(batch, add_special_tokens=False)
            for vector, encoding in zip(vectors[start:], tokens, strict=False):
                if encoding.ids:
                    np.add.reduce(self._table.take(encoding.ids, axis=0), axis=0, out=vector)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors /= np.where(lengths > 0, lengths, 1)
        return vectors


@cache
def load_encoder(path: Path | None = None) -> StaticEncoder:
    """Load an encoder of this kind; the result is cached for the process.

    Parameters
    ----------
    path : Path, optional
        A folder with ``table.npz`` and ``tokenizer.json``; by default the shipped one.

    Returns
    -------
    StaticEncoder

    Raises
    ------
    FileNotFoundError
        If one of the two files is missing.
    ValueError
        If a file is damaged, or the two files have different token counts.
    """
    folder: Traversable = path or files("broadsheet.encoders") / "static_data"
    table_bytes, tokenizer_bytes = _read(folder, _TABLE), _read(folder, _TOKENIZER)
    try:
        with np.load(io.BytesIO(table_bytes), allow_pickle=False) as stored:
            table = stored["rows"] * stored["scales"].astype(np.float32)[:, np.newaxis]
        tokenizer = Tokenizer.from_buffer(tokenizer_bytes)
    except Exception as error:
        raise ValueError(f"the encoder in {str(folder)!r} is damaged") from error
    if len(table) != tokenizer.get_vocab_size():
        raise ValueError(
            f"the table and the tokenizer in {str(folder)!r} differ in their token count"
        )
    tokenizer.no_padding()
    tokenizer.enable_truncation(_MAX_TOKENS)
    digest = hashlib.sha256(table_bytes + tokenizer_bytes).hexdigest()
    return StaticEncoder(f"{_FAMILY}-{digest[:8]}", tokenizer, table)


def _read(folder: Traversable, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"no file {name!r} in the encoder folder {str(folder)!r}") from None

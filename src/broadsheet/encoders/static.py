"""Texts as vectors: the sum of one learnt row per token, at unit length."""

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

_FAMILY = "broadsheet-static-1"
_TABLE, _TOKENIZER = "table.npz", "tokenizer.json"
_MAX_CHARS, _MAX_TOKENS = 8_000, 512
_BATCH = 1_024


class StaticEncoder:
    """An encoder that looks its tokens up in a table.

    Parameters
    ----------
    name : str
        Identity of the weights.
    tokenizer : Tokenizer
        Gives the number of a table row for each token; 0 stands for an unknown one.
    table : ndarray of float32, shape (tokens, dim)
        One row per token, its length the token's weight; row 0 is zero.
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
        for start in range(0, len(texts), _BATCH):
            batch = [_readable(text) for text in texts[start : start + _BATCH]]
            tokens = self._tokenizer.encode_batch_fast(batch, add_special_tokens=False)
            for vector, encoding in zip(vectors[start:], tokens, strict=False):
                if encoding.ids:
                    np.add.reduce(self._table.take(encoding.ids, axis=0), axis=0, out=vector)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors /= np.where(lengths > 0, lengths, 1)
        return vectors


@cache
def load_encoder(path: Path | None = None) -> StaticEncoder:
    """Load an encoder from its folder, once in a process.

    Parameters
    ----------
    path : Path, optional
        A folder with the table and its tokenizer; the shipped one when not given.

    Returns
    -------
    StaticEncoder
        Ready to encode.

    Raises
    ------
    FileNotFoundError
        If the folder lacks one of the two files.
    ValueError
        If the two files are damaged or do not belong together.
    """
    folder: Traversable = path or files("broadsheet.encoders") / "static_data"
    table_bytes, tokenizer_bytes = _read(folder, _TABLE), _read(folder, _TOKENIZER)
    try:
        with np.load(io.BytesIO(table_bytes), allow_pickle=False) as stored:
            table = stored["rows"] * stored["scales"].astype(np.float32)[:, np.newaxis]
        tokenizer = Tokenizer.from_buffer(tokenizer_bytes)
    except Exception as error:
        raise ValueError(f"the encoder in {folder} is damaged") from error
    if len(table) != tokenizer.get_vocab_size():
        raise ValueError(f"the table and the tokenizer in {folder} differ in their token count")
    tokenizer.no_padding()
    tokenizer.enable_truncation(_MAX_TOKENS)
    digest = hashlib.sha256(table_bytes + tokenizer_bytes).hexdigest()
    return StaticEncoder(f"{_FAMILY}-{digest[:8]}", tokenizer, table)


def _read(folder: Traversable, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"no file {name} in the encoder's folder {folder}") from None


def _readable(text: str) -> str:
    return text[:_MAX_CHARS].encode("utf-8", "ignore").decode("utf-8")

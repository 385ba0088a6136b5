"""all-MiniLM-L6-v2 with 8-bit weights: the model of reranking (extra ``rerank``)."""

import importlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from broadsheet.encoders.vectors import encodable
from broadsheet.errors import ConfigError, MissingExtraError

# Identity of the model file. Change it with the file: vectors of two models do not compare.
NAME = "all-MiniLM-L6-v2-int8-1"
_DIM = 384
# The model accepts 256 tokens; 128 rank as well and take half the time (docs/reranking.md).
_MAX_TOKENS, _MAX_CHARS = 128, 4_000
_BATCH = 256


class MiniLM:
    """An encoder that runs a transformer on onnxruntime; safe to use from many threads.

    Texts are run one by one, so the vector of a text does not depend on the rest of its batch.
    Batches of eight texts of 128 tokens are only 6% faster, padded batches of 64 slower.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
        Runs the model on one thread.
    tokenizer : Tokenizer
        Truncates to 128 tokens and adds the special tokens.
    threads : int
        The number of texts encoded in parallel.
    """

    def __init__(self, session: "_Session", tokenizer: Tokenizer, threads: int) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self._threads = threads
        special = ("[CLS]", "[SEP]", "[UNK]")
        self._special_ids = {tokenizer.token_to_id(token) for token in special}

    @property
    def name(self) -> str:
        """Identity of the model file."""
        return NAME

    @property
    def dim(self) -> int:
        """Length of a vector: 384."""
        return _DIM

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode the first 128 tokens of each text.

        Parameters
        ----------
        texts : sequence of str
            Any texts, of any length.

        Returns
        -------
        ndarray of float32, shape (len(texts), 384)
            Rows of unit length; the zero row for a text without a known token.
        """
        vectors = np.zeros((len(texts), _DIM), dtype=np.float32)
        with ThreadPoolExecutor(self._threads) as pool:
            run = pool.map if self._threads > 1 and len(texts) > 1 else map
            for start in range(0, len(texts), _BATCH):
                batch = encodable(texts[start : start + _BATCH], _MAX_CHARS)
                tokens = self._tokenizer.encode_batch_fast(batch)
                for row, vector in enumerate(run(self._vector, tokens), start):
                    vectors[row] = vector
        return vectors

    def _vector(self, tokens: Encoding) -> NDArray[np.float32]:
        if self._special_ids.issuperset(tokens.ids):
            return np.zeros(_DIM, dtype=np.float32)
        ids = np.asarray([tokens.ids], dtype=np.int64)
        rows: NDArray[np.float32] = self._session.run(None, {"ids": ids})[0]
        return rows.reshape(_DIM)


def load_minilm(threads: int = 1, folder: Path | None = None) -> MiniLM:
    """Load the model; takes about 0.05 s.

    Parameters
    ----------
    threads : int
        The number of texts encoded in parallel; 1 is enough for queries.
    folder : Path, optional
        A folder with ``model.onnx`` and ``tokenizer.json``, as ``train/minilm.py`` writes them;
        by default the shipped one.

    Returns
    -------
    MiniLM

    Raises
    ------
    ConfigError
        If the files cannot be loaded; MissingExtraError if onnxruntime is not installed.
    """
    try:
        runtime = cast("_Runtime", importlib.import_module("onnxruntime"))
    except ImportError as error:
        raise MissingExtraError("reranking", "onnxruntime", "rerank") from error
    options = runtime.SessionOptions()
    # One thread per text: texts in parallel are faster than one text on two threads.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    source: Traversable = folder or files("broadsheet.encoders") / "minilm_data"
    try:
        model = (source / "model.onnx").read_bytes()
        session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        tokenizer = Tokenizer.from_buffer((source / "tokenizer.json").read_bytes())
    # onnxruntime and tokenizers raise classes of their own, some of them plain Exception.
    except Exception as error:
        raise ConfigError(
            f"the reranking model in {str(source)!r} cannot be loaded "
            f"({type(error).__name__}): reinstall Broadsheet"
        ) from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(_MAX_TOKENS)
    return MiniLM(session, tokenizer, threads)


class _Session(Protocol):
    """The part of ``onnxruntime.InferenceSession`` in use."""

    def run(
        self, names: None, inputs: dict[str, NDArray[np.int64]]
    ) -> list[NDArray[np.float32]]: ...


class _Options(Protocol):
    """The part of ``onnxruntime.SessionOptions`` in use."""

    intra_op_num_threads: int
    inter_op_num_threads: int
    log_severity_level: int


class _Runtime(Protocol):
    """The part of ``onnxruntime`` in use."""

    def SessionOptions(self) -> _Options: ...  # noqa: N802
    def InferenceSession(  # noqa: N802
        self, model: bytes, options: _Options, *, providers: list[str]
    ) -> _Session: ...

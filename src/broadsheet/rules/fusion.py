"""How the words and the meaning of a query are weighed against each other."""

import numpy as np
from numpy.typing import NDArray

# Chosen on the saved pages (docs/decisions.md); the mean average precision is flat around it.
LEXICAL_SHARE = 0.45
# From this many words on a query is a sentence rather than keywords, and gets one list.
SENTENCE_WORDS = 8
# The best of a list tell what was meant; the more of them are asked, the more stray ones.
FEEDBACK_PAPERS = 2
_FEEDBACK_WEIGHT = 0.2


def fuse(
    bm25: NDArray[np.float64], cosines: NDArray[np.float32], best_bm25: float
) -> NDArray[np.float64]:
    """Weigh words and meaning into one score.

    Parameters
    ----------
    bm25 : ndarray of float64, shape (n,)
        BM25 sums, 0 or more.
    cosines : ndarray of float32, shape (n,)
        Cosines between the query's vector and the papers'.
    best_bm25 : float
        The largest BM25 sum of any paper for this query; 0 where no paper holds any word.

    Returns
    -------
    ndarray of float64, shape (n,)
        In [0, 1]: :data:`LEXICAL_SHARE` of the BM25 sum as a share of the best one, and the rest
        of the cosine, negative ones counted as 0.
    """
    words = bm25 / best_bm25 if best_bm25 > 0 else np.zeros_like(bm25)
    meaning = np.clip(cosines.astype(np.float64), 0.0, 1.0)
    return LEXICAL_SHARE * np.clip(words, 0.0, 1.0) + (1.0 - LEXICAL_SHARE) * meaning


def with_feedback(scores: NDArray[np.float64], cosines: NDArray[np.float32]) -> NDArray[np.float64]:
    """Let the best papers of a list have a say in the order of the others.

    This is pseudo-relevance feedback in the vectors alone, after Rocchio (1971).

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
    echo = np.clip(cosines.astype(np.float64), 0.0, 1.0)
    return (scores + _FEEDBACK_WEIGHT * echo) / (1.0 + _FEEDBACK_WEIGHT)

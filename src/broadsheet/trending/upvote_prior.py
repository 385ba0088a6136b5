"""What a paper's text predict_upvotes: how many upvotes papers of such a text came to have.

A linear model over the encoder's vector, whether a repository is linked and how many wrote it, of
the logarithm of the upvotes. `train/promise.py` makes it.
"""

import io
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from broadsheet.encoders.paper_text import text_of
from broadsheet.encoders.static import load_encoder
from broadsheet.model import Paper

_MOST = 100.0


def predict_upvotes(papers: Sequence[Paper]) -> NDArray[np.float64]:
    """Tell what each paper predict_upvotes.

    Parameters
    ----------
    papers : sequence of Paper
        At best new ones: the text of an old one predict_upvotes nothing that has not come.

    Returns
    -------
    ndarray of float64, shape (len(papers),)
        Upvotes, between 0 and 100.
    """
    weights = _weights()
    if not papers:
        return np.zeros(0)
    told = features(papers) @ weights[1:] + weights[0]
    upvotes: NDArray[np.float64] = np.clip(np.exp(told), 0.0, _MOST)
    return upvotes


def features(papers: Sequence[Paper]) -> NDArray[np.float64]:
    """Give what the model looks at.

    Returns
    -------
    ndarray of float64, shape (len(papers), dim + 2)
        The vector of title and abstract; 1 where a repository is linked; the logarithm of one
        more than the authors.
    """
    vectors = load_encoder().encode([text_of(paper) for paper in papers]).astype(np.float64)
    linked = np.array([paper.code_url is not None for paper in papers], dtype=np.float64)
    authors = np.log1p([float(len(paper.authors)) for paper in papers])
    return np.column_stack([vectors, linked, authors])


@cache
def _weights() -> NDArray[np.float64]:
    stored = (files("broadsheet.trending") / "upvote_prior_data" / "weights.npz").read_bytes()
    with np.load(io.BytesIO(stored), allow_pickle=False) as told:
        if str(told["encoder"]) != load_encoder().name:
            raise ValueError("upvote_prior_data was made for another encoder: run train/promise.py")
        return np.asarray(told["weights"], dtype=np.float64)

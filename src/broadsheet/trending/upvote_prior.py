"""Predicted upvotes of a paper, from its topic, wording, code link and number of authors.

A linear model of the logarithm of upvotes; `train/upvote_prior.py` fits it.
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

_MAX_UPVOTES = 100.0


def predict_upvotes(papers: Sequence[Paper]) -> NDArray[np.float64]:
    """Predict the upvotes that each paper will get.

    Parameters
    ----------
    papers : sequence of Paper
        New papers; the prediction says nothing about upvotes still to come of an old one.

    Returns
    -------
    ndarray of float64, shape (len(papers),)
        Upvotes, between 0 and 100.

    Raises
    ------
    ValueError
        If the shipped weights belong to another encoder.
    """
    weights = _weights()
    if not papers:
        return np.zeros(0)
    logarithms = features(papers) @ weights[1:] + weights[0]
    upvotes: NDArray[np.float64] = np.clip(np.exp(logarithms), 0.0, _MAX_UPVOTES)
    return upvotes


def features(papers: Sequence[Paper]) -> NDArray[np.float64]:
    """Return the inputs of the model.

    Returns
    -------
    ndarray of float64, shape (len(papers), dim + 2)
        The vector of title and abstract; 1 if a repository is linked, else 0; log(1 + authors).
    """
    vectors = load_encoder().encode([text_of(paper) for paper in papers]).astype(np.float64)
    has_code = np.array([paper.code_url is not None for paper in papers], dtype=np.float64)
    authors = np.log1p([float(len(paper.authors)) for paper in papers])
    return np.column_stack([vectors, has_code, authors])


@cache
def _weights() -> NDArray[np.float64]:
    data = (files("broadsheet.trending") / "upvote_prior_data" / "weights.npz").read_bytes()
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        encoder, expected = str(stored["encoder"]), load_encoder().name
        if encoder != expected:
            raise ValueError(
                f"upvote_prior_data belongs to encoder {encoder!r}, not {expected!r}: "
                "run train/upvote_prior.py"
            )
        return np.asarray(stored["weights"], dtype=np.float64)

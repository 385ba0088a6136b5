"""Rerank the top results by the cosines of a stronger model, which only some papers have."""

import numpy as np
from numpy.typing import NDArray

# How many of the top results are reranked; docs/reranking.md has the figures.
DEPTH = 200

# The mean difference is computed as if so many more papers had a difference of 0.
_PRIOR_PAPERS = 5


def calibrate(cosines: NDArray[np.float32], stronger: NDArray[np.float32]) -> NDArray[np.float32]:
    """Replace cosines by those of a stronger model, on the scale of the former.

    Cosines of two models differ in their mean: all those of one may be higher for one query. So
    the stronger ones are shifted by their mean difference. A paper that has one then ranks neither
    higher nor lower for having it. The mean is shrunk to 0 if few papers have both.

    Parameters
    ----------
    cosines : ndarray of float32, shape (n,)
        Between the vectors of the query and of the papers, by the encoder of the index.
    stronger : ndarray of float32, shape (n,)
        The same by the stronger model; NaN if a paper has no such vector.

    Returns
    -------
    ndarray of float32, shape (n,)
        `stronger` minus the mean difference; `cosines` where `stronger` is NaN.

    Examples
    --------
    >>> cosines = np.array([0.5, 0.5, 0.5], dtype=np.float32)
    >>> calibrate(cosines, np.array([np.nan, 0.25, 0.75], dtype=np.float32)).tolist()
    [0.5, 0.25, 0.75]
    """
    known = ~np.isnan(stronger)
    total = float((stronger[known] - cosines[known]).sum())
    shift = np.float32(total / (int(known.sum()) + _PRIOR_PAPERS))
    calibrated: NDArray[np.float32] = np.where(known, stronger - shift, cosines)
    return calibrated

"""How sharper vectors, there for some papers only, put the best of a list in a better order."""

import numpy as np
from numpy.typing import NDArray

# How many of the best are looked at again; docs/refine.md has the figures.
DEPTH = 200

# So many papers with no difference at all are thought to be among those that were compared.
_DOUBT = 5


def refine(cosines: NDArray[np.float32], sharp: NDArray[np.float32]) -> NDArray[np.float32]:
    """Put sharper cosines in the place of plain ones.

    The two models do not place all cosines alike: for one query the sharper ones may all be
    higher. So they are moved by their mean difference, after which a paper that has a sharper
    cosine stands neither better nor worse than one that lacks it, only more rightly. The mean
    is drawn to 0 where few papers were compared.

    Parameters
    ----------
    cosines : ndarray of float32, shape (n,)
        Cosines between the query's vector and the papers', by the shipped encoder.
    sharp : ndarray of float32, shape (n,)
        The same by the sharper one; NaN where a paper has no such vector.

    Returns
    -------
    ndarray of float32, shape (n,)
        What :func:`broadsheet.rules.fusion.fuse` is to take for the cosines: where `sharp` is
        NaN, the plain ones as they are.

    Examples
    --------
    >>> plain = np.array([0.5, 0.5, 0.5], dtype=np.float32)
    >>> refine(plain, np.array([np.nan, 0.25, 0.75], dtype=np.float32)).tolist()
    [0.5, 0.25, 0.75]
    """
    known = ~np.isnan(sharp)
    difference = float((sharp[known] - cosines[known]).sum()) / (int(known.sum()) + _DOUBT)
    refined: NDArray[np.float32] = np.where(known, sharp - np.float32(difference), cosines)
    return refined

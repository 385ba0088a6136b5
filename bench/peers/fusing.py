"""Rank documents by one score, or by the fusion of two."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from peers import Rank

Scores = Callable[[str], NDArray[np.float32]]
"""Given a query, returns the score of every document, by row."""

_CANDIDATES = 1_000
_RRF_K = 60


def alone(scores: Scores) -> Rank:
    """Rank by one score; a document with a score of 0 or less is not a hit."""

    def rank(query: str, n: int) -> Sequence[int]:
        values = scores(query)
        return [row for row in _best(values, n) if values[row] > 0]

    return rank


def summed(one: Scores, other: Scores) -> Rank:
    """Rank the best of both by the sum of two scores, each divided by its maximum."""

    def rank(query: str, n: int) -> Sequence[int]:
        a, b = one(query), other(query)
        rows = np.union1d(_best(a, _CANDIDATES), _best(b, _CANDIDATES))
        both = a[rows] / max(float(a.max()), 1e-9) + b[rows] / max(float(b.max()), 1e-9)
        return [int(row) for row in rows[_best(both, n)]]

    return rank


def by_ranks(one: Scores, other: Scores) -> Rank:
    """Rank by reciprocal rank fusion (Cormack, Clarke and Büttcher 2009, with their k of 60)."""

    def rank(query: str, n: int) -> Sequence[int]:
        totals: dict[int, float] = {}
        for scores in (one, other):
            for place, row in enumerate(alone(scores)(query, _CANDIDATES), start=1):
                totals[row] = totals.get(row, 0.0) + 1 / (_RRF_K + place)
        return sorted(totals, key=lambda row: (-totals[row], row))[:n]

    return rank


def _best(scores: NDArray[np.float32], n: int) -> list[int]:
    order = np.argsort(-scores, kind="stable")[:n]
    return [int(row) for row in order]

"""Gains of attention between observations, and how they decay.

An observation is a total. What a series of observations gains between two of them is spread evenly
over the time between, and weighs half as much for each `HALF_LIFE_H` that has passed since. The sum
is the *decayed attention* of a paper in one kind. All decayed attention halves at the same rate, so
the order of two papers changes only when one of them gains (forward decay; Cormode, Shkapenyuk,
Srivastava and Xu, 2009).

Sources that count the same thing (:mod:`broadsheet.rules.totals`) observe the same gain: of their
series the largest gain counts, and it counts once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from broadsheet.model import Kind

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

KINDS = tuple(Kind)
# Chosen by replaying the mornings of 2025 (bench/trending.py, docs/trending.md).
HALF_LIFE_H = 8.0
# After this time less than a ten-millionth is left.
WINDOW_H = 24 * HALF_LIFE_H
_LN2 = float(np.log(2))
_INSTANT_H = 1e-3
_STARTS_LATE = [code for code, kind in enumerate(KINDS) if not kind.starts_at_zero]


@dataclass(frozen=True, slots=True)
class Observations:
    """Observations of many papers, ordered by paper, kind, source and time.

    Parameters
    ----------
    paper : ndarray of int64, shape (observations,)
        Index of the paper, from 0.
    kind : ndarray of int64, shape (observations,)
        Index into `KINDS`.
    starts : ndarray of bool, shape (observations,)
        Whether it is the first of its series: of one paper, kind and source.
    shared : ndarray of bool, shape (observations,)
        Whether other series of the same paper and kind count the same thing.
    value : ndarray of float64, shape (observations,)
        The total, 0 or more.
    at_h : ndarray of float64, shape (observations,)
        Time of the observation, in hours since 1970.
    """

    paper: Ints
    kind: Ints
    starts: Bools
    shared: Bools
    value: Floats
    at_h: Floats


@dataclass(frozen=True, slots=True)
class Gains:
    """What was gained between observations; zero gains are left out.

    Parameters
    ----------
    paper, kind : ndarray of int64, shape (gains,)
        As in `Observations`.
    series : ndarray of int64, shape (gains,)
        Number of the series, from 0, equal for the gains of one series.
    shared : ndarray of bool, shape (gains,)
        As in `Observations`.
    amount : ndarray of float64, shape (gains,)
        Above 0.
    from_h, to_h : ndarray of float64, shape (gains,)
        The time in which it was gained, in hours since 1970; equal for a single moment.
    """

    paper: Ints
    kind: Ints
    series: Ints
    shared: Bools
    amount: Floats
    from_h: Floats
    to_h: Floats


def separate_gains(paper: Ints, kind: Ints, amount: Floats, from_h: Floats, to_h: Floats) -> Gains:
    """Return gains that are all added; parameters as in :class:`Gains`."""
    series = np.arange(len(amount), dtype=np.int64)
    return Gains(paper, kind, series, np.zeros(len(amount), np.bool_), amount, from_h, to_h)


def gains_of(observations: Observations, started_h: Floats) -> Gains:
    """Compute what was gained between observations.

    A total that falls and rises again gains nothing, and gains beyond the newest observation of a
    series do not count: neither a vote that is withdrawn and cast again nor a wrong number lifts a
    paper. The first observation of a series is a gain since the paper's attention started if the
    kind starts at zero; otherwise it is no gain.

    Parameters
    ----------
    observations : Observations
        In order.
    started_h : ndarray of float64, shape (papers,)
        As :func:`broadsheet.rules.trending.attention_start_h` returns it; NaN if unknown.
    """
    starts, at_h = observations.starts, observations.at_h
    series = np.cumsum(starts) - 1
    total = _confirmed(observations.value, series, starts)
    before = np.where(starts, 0.0, np.roll(total, 1))
    since = started_h[observations.paper]
    since_h = np.where(np.isnan(since), at_h, np.minimum(since, at_h))
    from_h = np.where(starts, since_h, np.roll(at_h, 1))
    starts_late = np.isin(observations.kind, _STARTS_LATE)
    gained = (total > before) & ~(starts & (starts_late | np.isnan(since)))
    return Gains(
        observations.paper[gained],
        observations.kind[gained],
        series[gained],
        observations.shared[gained],
        (total - before)[gained],
        from_h[gained],
        at_h[gained],
    )


def _confirmed(value: Floats, series: Ints, starts: Bools) -> Floats:
    """Return the highest total so far in each series, but at most its newest."""
    # Whole numbers below 2**31 leave room for the series above them, so that one running maximum
    # serves all.
    counts = np.clip(np.rint(value), 0, 2**31 - 1).astype(np.int64)
    highest = np.maximum.accumulate(series << 31 | counts) & (2**31 - 1)
    ends = np.append(np.flatnonzero(starts)[1:], len(series)) - 1
    confirmed: Floats = np.minimum(highest, counts[ends[series]]).astype(np.float64)
    return confirmed


def decayed_attention(
    gains: Gains, papers: int, now_h: float, half_life_h: float = HALF_LIFE_H
) -> Floats:
    """Sum up gains, each weighing half as much for every half-life that has passed since.

    A gain over a stretch of time has the mean weight over it: the exact integral of the decay.

    Parameters
    ----------
    gains : Gains
        Gains after `now_h` are skipped.
    papers : int
        The number of papers.
    now_h : float
        The moment, in hours since 1970.
    half_life_h : float
        Hours, above 0.

    Returns
    -------
    ndarray of float64, shape (papers, kinds)
        In the unit of each kind.
    """
    # The weight of a moment far ahead would overflow.
    until_h = np.maximum(0.0, now_h - gains.to_h)
    weight = _mean_decay(now_h - gains.from_h, until_h, half_life_h)
    # An observation of this very moment may be stored as a little later: databases round times.
    weight = np.where(gains.to_h <= now_h + _INSTANT_H, weight, 0.0)
    return _summed(gains, gains.amount * weight, papers)


def _mean_decay(since_h: Floats, until_h: Floats, half_life_h: float) -> Floats:
    # For an instant the quotient would be 0 / 0, and close to one it loses its digits.
    length = np.maximum(since_h - until_h, _INSTANT_H)
    rate = _LN2 / half_life_h
    mean: Floats = np.exp(-rate * until_h) * -np.expm1(-rate * length) / (rate * length)
    return mean


def gained_between(gains: Gains, papers: int, from_h: float, to_h: float) -> Floats:
    """Sum up what was gained between two moments; a longer gain counts by its share.

    Returns
    -------
    ndarray of float64, shape (papers, kinds)
        In the unit of each kind.
    """
    length = np.maximum(gains.to_h - gains.from_h, _INSTANT_H)
    start = np.minimum(gains.from_h, gains.to_h - length)
    inside = np.minimum(gains.to_h, to_h) - np.maximum(start, from_h)
    share = np.clip(inside / length, 0.0, 1.0)
    return _summed(gains, gains.amount * share, papers)


def _summed(gains: Gains, amounts: Floats, papers: int) -> Floats:
    """Sum up amounts for each paper and kind; of series that share an object the largest counts."""
    cells = papers * len(KINDS)
    cell = gains.paper * len(KINDS) + gains.kind
    alone = ~gains.shared
    summed = np.bincount(cell[alone], amounts[alone], cells).astype(np.float64)
    if gains.shared.any():
        series = gains.series[gains.shared]
        cell_of = np.zeros(series.max() + 1, dtype=np.int64)
        cell_of[series] = cell[gains.shared]
        largest = np.zeros(cells)
        np.maximum.at(largest, cell_of, np.bincount(series, amounts[gains.shared]))
        summed += largest
    return summed.reshape(papers, len(KINDS))

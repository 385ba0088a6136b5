"""What is rising: gains of attention, fresh before stale, one kind made comparable with another.

A reading is a total. What a series of readings gained between two of them is spread evenly over
the time between, and weighs half as much for each `HALF_LIFE_H` that has passed since: the *heat*
of a paper in one kind of attention. The score adds up the square roots of the heats, each divided
by what is usual of its kind. As all heats cool alike, the order of two papers changes only when one
of them gains: scores are kept as they were at one moment for all (forward decay; Cormode,
Shkapenyuk, Srivastava and Xu, 2009), and only papers with new readings are scored again.

The half-life and the worth of a text were chosen by replaying the mornings of 2025
(`bench/trending.py`, docs/trending.md).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from broadsheet.model import Kind

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

KINDS = tuple(Kind)
HALF_LIFE_H = 8.0
# What is left after that is less than a ten-millionth.
REMEMBERED_H = 24 * HALF_LIFE_H
# A count that may be older than the paper tells nothing before its second reading.
_FROM_BEFORE = frozenset({Kind.STARS, Kind.LIKES, Kind.CITATIONS})
# How much one kind is believed beside another. Measured for upvotes and comments (the first of
# these is the submitter's own); for the rest judged: the newspaper's readers are believed most.
TRUST = {
    Kind.VOTES: 3.0,
    Kind.UPVOTES: 1.0,
    Kind.COMMENTS: 0.0,
    Kind.STARS: 0.5,
    Kind.LIKES: 0.3,
    Kind.POINTS: 0.5,
    Kind.POSTS: 0.3,
    Kind.CITATIONS: 0.3,
}
# How much of it a paper that has any usually has.
USUAL = {
    Kind.VOTES: 2.0,
    Kind.UPVOTES: 10.0,
    Kind.COMMENTS: 1.5,
    Kind.STARS: 30.0,
    Kind.LIKES: 10.0,
    Kind.POINTS: 20.0,
    Kind.POSTS: 2.0,
    Kind.CITATIONS: 2.0,
}
# What is usual is learnt from the library's own papers, these counting as so many more.
USUAL_PAPERS = 50
# A paper that has less is one that nobody notices, or the echo of a day long past: an upvote is
# worth that for some ten hours.
NOTICED = 0.2
# How many upvotes one of those that its text predict_upvotes is worth before it has any.
PROMISE_SHARE = 0.2
# A category's papers are lifted or lowered half of the way to what is usual in all, and at most so.
_EVENED = 0.5
EVENED_AT_MOST = 2.0
_USUAL_IN_CATEGORY_PAPERS = 20
_ANNOUNCED_WITHIN_H = 5 * 24.0
_LN2 = float(np.log(2))
_INSTANT_H = 1e-3


@dataclass(frozen=True, slots=True)
class Readings:
    """Readings of many papers, in order of paper, kind, source and time.

    Parameters
    ----------
    paper : ndarray of int64, shape (readings,)
        Which paper each is of, as an index from 0.
    kind : ndarray of int64, shape (readings,)
        Index into `KINDS`.
    starts : ndarray of bool, shape (readings,)
        Whether it is the first of its series: of one paper, kind and source.
    value : ndarray of float64, shape (readings,)
        The total, 0 or more.
    at_h : ndarray of float64, shape (readings,)
        When it was read, in hours since 1970.
    """

    paper: Ints
    kind: Ints
    starts: NDArray[np.bool_]
    value: Floats
    at_h: Floats


@dataclass(frozen=True, slots=True)
class Gains:
    """What came in between readings, none of them of nothing.

    Parameters
    ----------
    paper, kind : ndarray of int64, shape (gains,)
        As in `Readings`.
    amount : ndarray of float64, shape (gains,)
        Above 0.
    from_h, to_h : ndarray of float64, shape (gains,)
        Between which hours since 1970 it came; the same hour for one moment.
    """

    paper: Ints
    kind: Ints
    amount: Floats
    from_h: Floats
    to_h: Floats


def appeared(published_h: Floats, added_h: Floats, submitted_h: Floats) -> Floats:
    """Tell since when papers could get attention.

    Since somebody put it forward, where that is known; else since the library got it, where that
    was before its date or within days of it, as papers are announced some days after the date they
    bear; else since its date.

    Parameters
    ----------
    published_h, added_h, submitted_h : ndarray of float64, shape (papers,)
        Hours since 1970; NaN where nobody knows, which is so for a date that names no day.

    Returns
    -------
    ndarray of float64, shape (papers,)
        Hours since 1970; NaN where nobody knows.
    """
    late_h = added_h - published_h
    announced = late_h <= _ANNOUNCED_WITHIN_H
    dated = np.where(announced, added_h, published_h)
    since: Floats = np.where(np.isnan(submitted_h), dated, submitted_h)
    return since


def began(published_h: Floats, added_h: Floats, submitted_h: Floats) -> Floats:
    """Tell since when what a first reading finds may have come in.

    That is since a paper was put forward, else since its date: where it was announced later, or the
    library heard of it later, its attention may have begun before that.

    Parameters
    ----------
    published_h, added_h, submitted_h : ndarray of float64, shape (papers,)
        As in :func:`appeared`.

    Returns
    -------
    ndarray of float64, shape (papers,)
        Hours since 1970; NaN where nobody knows.
    """
    since: Floats = np.where(np.isnan(submitted_h), np.minimum(published_h, added_h), submitted_h)
    return since


def gains_of(readings: Readings, began_h: Floats) -> Gains:
    """Find what came in between readings.

    A total that falls and rises again gained nothing, and none counts beyond what the newest
    reading of its series confirms: neither a vote that is taken back and given again nor a number
    that was read wrongly lifts a paper. What is there at the first reading came since the paper's
    attention began, where the kind begins with the paper; else it tells nothing.

    Parameters
    ----------
    readings : Readings
        In order.
    began_h : ndarray of float64, shape (papers,)
        As :func:`began` gives it; NaN where nobody knows.
    """
    starts, at_h = readings.starts, readings.at_h
    if not len(at_h):
        empty = np.zeros(0)
        return Gains(readings.paper, readings.kind, empty, empty, empty)
    total = _settled(readings)
    before = np.where(starts, 0.0, np.roll(total, 1))
    since = began_h[readings.paper]
    since_h = np.where(np.isnan(since), at_h, np.minimum(since, at_h))
    from_h = np.where(starts, since_h, np.roll(at_h, 1))
    old = np.isin(readings.kind, [KINDS.index(kind) for kind in _FROM_BEFORE])
    gained = (total > before) & ~(starts & (old | np.isnan(since)))
    return Gains(
        readings.paper[gained],
        readings.kind[gained],
        (total - before)[gained],
        from_h[gained],
        at_h[gained],
    )


def _settled(readings: Readings) -> Floats:
    """Give the highest total so far in each series, and at most the newest."""
    series = np.cumsum(readings.starts) - 1
    # Whole numbers below 2**31 leave room for the series above them, so that one running maximum
    # serves all.
    counts = np.clip(np.rint(readings.value), 0, 2**31 - 1).astype(np.int64)
    highest = np.maximum.accumulate(series << 31 | counts) & (2**31 - 1)
    ends = np.append(np.flatnonzero(readings.starts)[1:], len(series)) - 1
    settled: Floats = np.minimum(highest, counts[ends][series]).astype(np.float64)
    return settled


def heat(gains: Gains, papers: int, now_h: float, half_life_h: float = HALF_LIFE_H) -> Floats:
    """Add up gains, each weighing half as much for every half-life that has passed since.

    A gain that came over a stretch of time is the mean over it, which the integral of the decay
    gives exactly.

    Parameters
    ----------
    gains : Gains
        Those that came after `now_h` are left out.
    papers : int
        How many papers there are.
    now_h : float
        The moment, in hours since 1970.
    half_life_h : float
        Hours, above 0.

    Returns
    -------
    ndarray of float64, shape (papers, kinds)
        In the unit of each kind.
    """
    # Of a moment far ahead the weight would be beyond all numbers.
    until_h = np.maximum(0.0, now_h - gains.to_h)
    weight = _mean_decay(now_h - gains.from_h, until_h, half_life_h)
    # What was read this very moment may bear a moment after it: databases round them.
    weight = np.where(gains.to_h <= now_h + _INSTANT_H, weight, 0.0)
    return _added_up(gains, gains.amount * weight, papers)


def _mean_decay(since_h: Floats, until_h: Floats, half_life_h: float) -> Floats:
    # Of an instant the quotient would be 0 / 0, and near one it loses its digits.
    length = np.maximum(since_h - until_h, _INSTANT_H)
    rate = _LN2 / half_life_h
    mean: Floats = np.exp(-rate * until_h) * -np.expm1(-rate * length) / (rate * length)
    return mean


def gained_within(gains: Gains, papers: int, from_h: float, to_h: float) -> Floats:
    """Add up what came between two moments, a gain over a longer time by its share.

    Returns
    -------
    ndarray of float64, shape (papers, kinds)
        In the unit of each kind.
    """
    length = np.maximum(gains.to_h - gains.from_h, _INSTANT_H)
    begun = np.minimum(gains.from_h, gains.to_h - length)
    inside = np.minimum(gains.to_h, to_h) - np.maximum(begun, from_h)
    share = np.clip(inside / length, 0.0, 1.0)
    return _added_up(gains, gains.amount * share, papers)


def _added_up(gains: Gains, amounts: Floats, papers: int) -> Floats:
    cell = gains.paper * len(KINDS) + gains.kind
    flat = np.bincount(cell, amounts, papers * len(KINDS)).astype(np.float64)
    return flat.reshape(papers, len(KINDS))


def prior_attention(
    promised: Floats, appeared_h: Floats, now_h: float, half_life_h: float = HALF_LIFE_H
) -> Floats:
    """Give a paper some upvotes in advance for its text; they cool from when it appeared.

    Parameters
    ----------
    promised : ndarray of float64, shape (papers,)
        How many upvotes papers of such a text came to have.
    appeared_h : ndarray of float64, shape (papers,)
        When each appeared; NaN gets none.
    now_h, half_life_h : float
        As in :func:`heat`.
    """
    age_h = np.maximum(0.0, now_h - appeared_h)
    warm = PROMISE_SHARE * promised * np.exp2(-age_h / half_life_h)
    return np.nan_to_num(warm)


def usual(heats: Floats) -> Floats:
    """Learn how much of each kind a paper that has any usually has.

    Returns
    -------
    ndarray of float64, shape (kinds,)
        Means over the papers that have any, `USUAL` counting as fifty papers more.
    """
    known = np.array([USUAL[kind] for kind in KINDS])
    warm = heats > 0.01 * known
    total = np.where(warm, heats, 0.0).sum(axis=0) + USUAL_PAPERS * known
    means: Floats = total / (warm.sum(axis=0) + USUAL_PAPERS)
    return means


def score(heats: Floats, usual_heats: Floats) -> Floats:
    """Weigh a paper's heats: the sum of trust times the root of heat over what is usual.

    The root lets attention of several kinds count for more than much of one: a hundred times the
    stars are worth ten times as much.

    Parameters
    ----------
    heats : ndarray of float64, shape (papers, kinds)
        As :func:`heat` gives them.
    usual_heats : ndarray of float64, shape (kinds,)
        As :func:`usual` gives them.

    Returns
    -------
    ndarray of float64, shape (papers,)
        0 or more.
    """
    trust = np.array([TRUST[kind] for kind in KINDS])
    weighed: Floats = np.sqrt(heats / usual_heats) @ trust
    return weighed


def evened(scores: Floats, category: Ints, categories: int) -> Floats:
    """Learn by how much to lift the papers of a quiet field, and lower those of a crowded one.

    Parameters
    ----------
    scores : ndarray of float64, shape (papers,)
        Of all papers that are not old.
    category : ndarray of int64, shape (papers,)
        The first category of each, as an index from 0.
    categories : int
        How many there are.

    Returns
    -------
    ndarray of float64, shape (categories,)
        Factors between 1/2 and 2: the root of the mean score of all over that of the category,
        where the mean of all counts as twenty papers more.
    """
    mean = float(scores.mean()) if len(scores) else 0.0
    if mean <= 0:
        return np.ones(categories)
    count = np.bincount(category, minlength=categories)
    total = np.bincount(category, scores, categories) + _USUAL_IN_CATEGORY_PAPERS * mean
    factors = (mean * (count + _USUAL_IN_CATEGORY_PAPERS) / total) ** _EVENED
    return np.clip(factors, 1 / EVENED_AT_MOST, EVENED_AT_MOST)


def level(score: Floats | float, now_h: float) -> Floats:
    """Give the place in the order that a score has, which stays the same while it cools.

    Roots of heats halve every two half-lives; -inf is no score.
    """
    with np.errstate(divide="ignore"):
        logarithm: Floats = np.log2(np.asarray(score, dtype=np.float64))
    return logarithm + now_h / (2 * HALF_LIFE_H)


def score_at(level: float, now_h: float) -> float:
    """Give the score that a level stands for at a moment; undoes :func:`level`."""
    return float(np.exp2(level - now_h / (2 * HALF_LIFE_H)))

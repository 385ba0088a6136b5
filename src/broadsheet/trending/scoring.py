"""Score papers by the attention they gain."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from broadsheet.model import Kind
from broadsheet.rules.gains import (
    KINDS,
    WINDOW_H,
    Floats,
    Gains,
    Ints,
    decayed_attention,
    gained_between,
    gains_of,
    separate_gains,
)
from broadsheet.rules.trend_reason import RecentGains
from broadsheet.rules.trending import (
    MIN_ATTENTION,
    baselines,
    category_factors,
    prior_attention,
    score,
)
from broadsheet.rules.vote_weight import Vote, credibility, voters, weighted
from broadsheet.store.papers import papers_by_num
from broadsheet.store.trends import (
    PaperArrays,
    active_papers,
    numbered_papers,
    observations,
    votes_between,
)
from broadsheet.trending.upvote_prior import predict_upvotes

_VOTES, _UPVOTES = KINDS.index(Kind.VOTES), KINDS.index(Kind.UPVOTES)
_DAY_H, _WEEK_H = 24.0, 7 * 24.0
_WINDOW = timedelta(hours=WINDOW_H)
_PREDICTION_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Calibration:
    """What makes scores comparable, measured on all papers with recent attention.

    Parameters
    ----------
    baselines : mapping of Kind to float
        Decayed attention of a typical paper that has any.
    category_factors : mapping of str to float
        Factor of each category's scores; 1 for a category that is missing.
    voters : float
        Readers who voted recently, as :func:`broadsheet.rules.vote_weight.voters` counts them.
    """

    baselines: Mapping[Kind, float]
    category_factors: Mapping[str, float]
    voters: float


@dataclass(frozen=True, slots=True)
class Scored:
    """Papers and their scores.

    Parameters
    ----------
    papers : PaperArrays
        The papers.
    scores : ndarray of float64, shape (papers,)
        0 or more; see :class:`broadsheet.model.trend.Trend`.
    known_scores : ndarray of float64, shape (papers,)
        As `scores`, without the votes of new readers.
    observed_scores : ndarray of float64, shape (papers,)
        As `known_scores`, without predicted upvotes, before they are normalised by field.
    calibration : Calibration
        What the scores were computed with.
    """

    papers: PaperArrays
    scores: Floats
    known_scores: Floats
    observed_scores: Floats
    calibration: Calibration

    @property
    def has_attention(self) -> NDArray[np.bool_]:
        """Whether the recent attention of each paper reaches `MIN_ATTENTION`."""
        reached: NDArray[np.bool_] = self.observed_scores >= MIN_ATTENTION
        return reached

    @property
    def field_factors(self) -> Floats:
        """The factor of each paper's field, shape (papers,)."""
        return _field_factors(self.papers, self.calibration)


def hours(moment: datetime) -> float:
    """Return the hours since 1970."""
    return moment.timestamp() / 3600.0


def score_all(connection: Connection, now: datetime) -> Scored:
    """Score every paper that got attention or appeared recently, and measure the calibration.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A reader.
    now : datetime
        What came later is ignored. Aware UTC.
    """
    papers = active_papers(connection, now - _WINDOW, now)
    votes = votes_between(connection, now - _WINDOW, now)
    observed = _observed(connection, papers, votes, now)
    everything = observed.attention + observed.known_votes + observed.new_votes
    calibration = _calibration(everything, voters(votes, hours(now)))
    return _scored(papers, observed, calibration, recalibrate=True)


def score_some(
    connection: Connection, nums: Sequence[int], now: datetime, calibration: Calibration
) -> Scored:
    """Score papers by number with an earlier calibration.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A reader.
    nums : sequence of int
        Paper numbers; unknown ones are skipped.
    now : datetime
        What came later is ignored. Aware UTC.
    calibration : Calibration
        As an earlier :func:`score_all` returned it.
    """
    papers = numbered_papers(connection, nums, now)
    votes = votes_between(connection, now - _WINDOW, now, papers.nums.tolist())
    return _scored(papers, _observed(connection, papers, votes, now), calibration)


def score_between(connection: Connection, start: datetime, end: datetime) -> Scored:
    """Score every paper by what it gained between two moments, without decay.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A reader.
    start, end : datetime
        Aware UTC.
    """
    papers = active_papers(connection, start, end)
    attention = _zeros(papers)
    for batch, gains in _gains(connection, papers, end):
        attention[batch] += gained_between(gains, len(attention[batch]), hours(start), hours(end))
    votes = votes_between(connection, start, end)
    known, new = (
        gained_between(gains, len(papers.nums), hours(start), hours(end))
        for gains in _known_and_new(papers.nums, votes)
    )
    calibration = _calibration(attention + known + new, voters(votes, hours(end)))
    observed = _Observed(attention, known, new, np.zeros(len(papers.nums)))
    return _scored(papers, observed, calibration, recalibrate=True)


def recent_gains(
    connection: Connection,
    nums: Sequence[int],
    now: datetime,
    period_h: float = _WEEK_H,
    period: str = "this week",
) -> dict[int, RecentGains]:
    """Return what papers gained up to a moment, in the last day and in a longer period.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        A reader.
    nums : sequence of int
        Paper numbers; unknown ones get empty gains.
    now : datetime
        What came later is ignored. Aware UTC.
    period_h : float
        Length of the longer period in hours.
    period : str
        Its name in the reason line.
    """
    read = _read(connection, nums, now, timedelta(hours=period_h))
    return _recent_gains(read, nums, hours(now), period_h, period)


class ObservedScore(NamedTuple):
    """What the score of a paper is without predicted interest.

    Parameters
    ----------
    score : float
        The score of its attention and votes, not normalised by field.
    field_factor : float
        The factor of its field.
    """

    score: float
    field_factor: float


def gains_and_scores(
    connection: Connection, nums: Sequence[int], now: datetime, calibration: Calibration
) -> tuple[dict[int, RecentGains], dict[int, ObservedScore]]:
    """Return what papers gained, and the score of that alone.

    Parameters
    ----------
    connection, nums, now
        As in :func:`recent_gains`.
    calibration : Calibration
        As an earlier :func:`score_all` returned it.

    Returns
    -------
    dict of int to RecentGains
        As :func:`recent_gains` returns it.
    dict of int to ObservedScore
        Retracted papers are left out.
    """
    read = _read(connection, nums, now, max(_WINDOW, timedelta(hours=_WEEK_H)))
    papers, attention = read.papers, _zeros(read.papers)
    factor = credibility(calibration.voters)
    for batch, gains in read.gains:
        attention[batch] += decayed_attention(gains, len(attention[batch]), hours(now))
    for votes in _known_and_new(papers.nums, read.votes):
        attention += factor * decayed_attention(votes, len(papers.nums), hours(now))
    baseline = np.array([calibration.baselines.get(kind, kind.baseline) for kind in KINDS])
    scores, factors = score(attention, baseline), _field_factors(papers, calibration)
    rows = map(ObservedScore, scores.tolist(), factors.tolist())
    return (
        _recent_gains(read, nums, hours(now), _WEEK_H, "this week"),
        dict(zip(papers.nums.tolist(), rows, strict=True)),
    )


@dataclass(frozen=True, slots=True)
class _Read:
    """Papers, their gains in batches, and the votes for them."""

    papers: PaperArrays
    gains: list[tuple[slice, Gains]]
    votes: list[Vote]


def _read(connection: Connection, nums: Sequence[int], now: datetime, since: timedelta) -> _Read:
    papers = numbered_papers(connection, nums, now)
    votes = votes_between(connection, now - since, now, nums)
    return _Read(papers, list(_gains(connection, papers, now)), votes)


def _recent_gains(
    read: _Read, nums: Sequence[int], now_h: float, period_h: float, period: str
) -> dict[int, RecentGains]:
    papers, last_day, in_period = read.papers, _zeros(read.papers), _zeros(read.papers)
    cast = _vote_gains(papers.nums, [(vote, 1.0) for vote in read.votes])
    everything = slice(0, len(papers.nums))
    for batch, gains in [*read.gains, (everything, cast)]:
        for gained, length_h in ((last_day, _DAY_H), (in_period, period_h)):
            gained[batch] += gained_between(gains, len(gained[batch]), now_h - length_h, now_h)
    found = {
        int(num): RecentGains(_by_kind(last_day[row]), _by_kind(in_period[row]), period)
        for row, num in enumerate(papers.nums)
    }
    return {num: found.get(num, RecentGains({}, {}, period)) for num in nums}


def _zeros(papers: PaperArrays) -> Floats:
    return np.zeros((len(papers.nums), len(KINDS)))


def _gains(
    connection: Connection, papers: PaperArrays, now: datetime
) -> Iterator[tuple[slice, Gains]]:
    """Compute gains other than votes in batches of papers."""
    for batch, observed in observations(connection, papers.nums, now):
        yield batch, gains_of(observed, papers.started_h[batch])


def _known_and_new(nums: Ints, votes: Iterable[Vote]) -> tuple[Gains, Gains]:
    """Return the gains of votes by weight: those of known readers, and those of new ones."""
    cast = list(weighted(votes))
    known = [(vote, weight) for vote, weight in cast if not vote.is_of_new_reader]
    new = [(vote, weight) for vote, weight in cast if vote.is_of_new_reader]
    return _vote_gains(nums, known), _vote_gains(nums, new)


def _vote_gains(nums: Ints, votes: Iterable[tuple[Vote, float]]) -> Gains:
    known = set(nums.tolist())
    counted = [(vote, weight) for vote, weight in votes if vote.num in known]
    cast_h = np.array([vote.cast_h for vote, _ in counted], dtype=np.float64)
    return separate_gains(
        np.searchsorted(nums, np.array([vote.num for vote, _ in counted], dtype=np.int64)),
        np.full(len(counted), _VOTES, dtype=np.int64),
        np.array([weight for _, weight in counted], dtype=np.float64),
        cast_h,
        cast_h,
    )


@dataclass(frozen=True, slots=True)
class _Observed:
    """Attention of papers, each an array of shape (papers, kinds), and predicted upvotes."""

    attention: Floats
    known_votes: Floats
    new_votes: Floats
    predicted_upvotes: Floats


def _observed(
    connection: Connection, papers: PaperArrays, votes: Iterable[Vote], now: datetime
) -> _Observed:
    """Compute the decayed attention of papers; what new papers are scored with in advance too."""
    now_h, attention = hours(now), _zeros(papers)
    for batch, gains in _gains(connection, papers, now):
        attention[batch] += decayed_attention(gains, len(attention[batch]), now_h)
    known, new = (
        decayed_attention(gains, len(papers.nums), now_h)
        for gains in _known_and_new(papers.nums, votes)
    )
    predicted = _predicted_upvotes(connection, papers, now_h)
    return _Observed(attention, known, new, prior_attention(predicted, papers.appeared_h, now_h))


def _scored(
    papers: PaperArrays, observed: _Observed, calibration: Calibration, recalibrate: bool = False
) -> Scored:
    """Score papers with a calibration; optionally measure its category factors on them."""
    baseline = np.array([calibration.baselines[kind] for kind in KINDS])
    factor = credibility(calibration.voters)
    attention = observed.attention + factor * observed.known_votes
    observed_scores = score(attention, baseline)
    attention[:, _UPVOTES] += observed.predicted_upvotes
    known_scores = score(attention, baseline)
    scores = score(attention + factor * observed.new_votes, baseline)
    if recalibrate:
        factors = category_factors(scores, papers.category, len(papers.categories))
        by_name = dict(zip(papers.categories, factors.tolist(), strict=True))
        calibration = replace(calibration, category_factors=by_name)
    return Scored(
        papers,
        _across_categories(papers, scores, calibration),
        _across_categories(papers, known_scores, calibration),
        observed_scores,
        calibration,
    )


def _calibration(attention: Floats, voters: float) -> Calibration:
    """Return a calibration without category factors, which need scores."""
    return Calibration(dict(zip(KINDS, baselines(attention).tolist(), strict=True)), {}, voters)


def _across_categories(papers: PaperArrays, scores: Floats, calibration: Calibration) -> Floats:
    """Return scores that are comparable across fields."""
    return scores * _field_factors(papers, calibration)


def _field_factors(papers: PaperArrays, calibration: Calibration) -> Floats:
    known = calibration.category_factors
    factors = np.array([known.get(name, 1.0) for name in papers.categories], dtype=np.float64)
    return factors[papers.category]


def _predicted_upvotes(connection: Connection, papers: PaperArrays, now_h: float) -> Floats:
    """Predict the upvotes of papers that appeared recently; 0 for the others."""
    predicted = np.zeros(len(papers.nums))
    age_h = now_h - papers.appeared_h
    new = np.flatnonzero((age_h >= 0) & (age_h < WINDOW_H))
    for start in range(0, len(new), _PREDICTION_BATCH):
        batch = new[start : start + _PREDICTION_BATCH]
        texts = papers_by_num(connection, papers.nums[batch].tolist())
        rows = [row for row in batch.tolist() if int(papers.nums[row]) in texts]
        predicted[rows] = predict_upvotes([texts[int(papers.nums[row])] for row in rows])
    return predicted


def _by_kind(amounts: Floats) -> dict[Kind, float]:
    return {kind: float(amount) for kind, amount in zip(KINDS, amounts, strict=True) if amount > 0}

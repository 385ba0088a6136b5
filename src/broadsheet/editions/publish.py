"""Publish an edition: choose its papers and store it as a frozen revision."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from math import inf, isnan
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from broadsheet.encoders.paper_text import text_of
from broadsheet.encoders.static import load_encoder
from broadsheet.model import Attention, Edition, EditionItem, Period, Pick, Span
from broadsheet.rules.edition import Candidate, select_items, shortlist
from broadsheet.rules.placing import with_placings
from broadsheet.rules.trend_reason import RecentGains
from broadsheet.store.attention import votes_by_num
from broadsheet.store.database import Database
from broadsheet.store.editions import insert_edition, previous_cutoff, published_before
from broadsheet.store.papers import (
    WITHDRAWN_OR_RETRACTED,
    added_at,
    newest_until,
    nums_of,
    papers_by_num,
)
from broadsheet.store.picks import picks_of
from broadsheet.store.trends import numbered_papers
from broadsheet.trending.attention import attention_of
from broadsheet.trending.scoring import Scored, hours, recent_gains, score_all, score_between
from broadsheet.trending.upvote_prior import predict_upvotes

_CANDIDATES_PER_PLACE = 50
_PERIOD_NAMES = {Span.DAY: "this week", Span.WEEK: "this week", Span.MONTH: "this month"}


@dataclass(frozen=True, slots=True)
class _Window:
    """The time that an edition covers, and the end of what the previous edition covered."""

    start: datetime
    end: datetime
    previous_end: datetime | None


def publish(
    database: Database,
    period: Period,
    zone: ZoneInfo,
    size: int,
    now: datetime,
    note: str | None = None,
    enqueue: Callable[[Connection, Edition], object] | None = None,
) -> Edition:
    """Publish what was known at the end of a period, or by now if that is earlier.

    A period that has an edition gets a further revision. Without any news nothing is stored.

    Parameters
    ----------
    database : Database
        The library.
    period : Period
        The day, week or month.
    zone : ZoneInfo
        Time zone that days are counted in.
    size : int
        Maximum number of papers.
    now : datetime
        Aware UTC.
    note : str or None
        One sentence naming what the edition lacks.
    enqueue : callable, optional
        Called with the connection and the edition in the transaction that stores it.

    Returns
    -------
    Edition
        With revision 0 and without papers if there is no news.
    """
    with database.read() as connection:
        picks = picks_of(connection, period)
        past = published_before(connection, period)
        window = _window(connection, period, zone, now)
        candidates = _candidates(connection, period, picks, size, window)
    ranked = shortlist(candidates, past, picks, size)
    today = min(period.last, now.astimezone(zone).date())
    similarity = _similarity(ranked)
    items = select_items(ranked, similarity, past, picks, period, today, size)
    if not items:
        return Edition(period, 0, now, (), note)
    items = _with_attention(database, items, ranked, window.end)
    items = with_placings(items, ranked, similarity)
    with database.write() as connection:
        edition = insert_edition(connection, period, items, now, note)
        if enqueue is not None:
            enqueue(connection, edition)
        return edition


def _with_attention(
    database: Database, items: Sequence[EditionItem], ranked: Sequence[Candidate], until: datetime
) -> list[EditionItem]:
    """Freeze what each paper had and gained by the end of the period."""
    gains = {one.paper.id: one.gains for one in ranked}
    with database.read() as connection:
        nums = nums_of(connection, [item.paper_id for item in items])
        attention = attention_of(
            connection, {num: gains[paper_id] for paper_id, num in nums.items()}, until
        )
    return [
        replace(item, attention=attention.get(nums.get(item.paper_id, -1), Attention()))
        for item in items
    ]


def _similarity(candidates: Sequence[Candidate]) -> NDArray[np.float32]:
    """Return the cosine of each two papers."""
    vectors = load_encoder().encode([text_of(candidate.paper) for candidate in candidates])
    return np.asarray(vectors @ vectors.T, dtype=np.float32)


def _window(connection: Connection, period: Period, zone: ZoneInfo, now: datetime) -> _Window:
    start, end = (
        datetime.combine(day, time(), zone).astimezone(UTC) for day in (period.first, period.after)
    )
    # A paper dated the day after appears on that very midnight, which is excluded.
    last = min(end - timedelta.resolution, now)
    return _Window(start, last, previous_cutoff(connection, period, zone))


def _candidates(
    connection: Connection,
    period: Period,
    picks: Sequence[Pick],
    size: int,
    window: _Window,
) -> list[Candidate]:
    """Read the papers that may be selected: the highest scores, new papers and placed picks."""
    scored = (
        score_all(connection, window.end)
        if period.span is Span.DAY
        else score_between(connection, window.start, window.end)
    )
    limit = size * _CANDIDATES_PER_PLACE
    scores = _highest(scored, limit)
    has_attention = set(scored.papers.nums[scored.has_attention].tolist())
    papers = papers_by_num(connection, list(scores))
    if period.span is Span.DAY:
        # Includes papers without score, so that a library without dates or attention has editions.
        papers |= newest_until(connection, period.last, limit)
        without = [num for num in papers if num not in has_attention]
        selectable = has_attention | _new(connection, without, window)
        papers = {num: paper for num, paper in papers.items() if num in selectable}
    picked = nums_of(connection, [pick.paper_id for pick in picks])
    papers |= papers_by_num(connection, list(picked.values()))
    papers = {
        num: paper for num, paper in papers.items() if paper.notice not in WITHDRAWN_OR_RETRACTED
    }
    nums = list(papers)
    predicted = predict_upvotes(list(papers.values())).tolist()
    gains = _gains(connection, period, [num for num in nums if num in has_attention], window)
    votes = votes_by_num(connection, nums)
    row_of = {num: row for row, num in enumerate(scored.papers.nums.tolist())}
    factors = scored.field_factors
    return [
        Candidate(
            paper=paper,
            score=scores.get(num, 0.0),
            has_attention=num in has_attention,
            predicted_upvotes=upvotes,
            gains=gains.get(num, RecentGains({}, {})),
            votes=votes.get(num, 0),
            observed_score=float(scored.observed_scores[row_of[num]]) if num in row_of else 0.0,
            field_factor=float(factors[row_of[num]]) if num in row_of else 1.0,
        )
        for (num, paper), upvotes in zip(papers.items(), predicted, strict=True)
    ]


def _highest(scored: Scored, limit: int) -> dict[int, float]:
    """Return the highest scores by paper number, without the votes of new readers."""
    scores = scored.known_scores
    rows = np.argsort(-scores, kind="stable")[:limit]
    return dict(zip(scored.papers.nums[rows].tolist(), scores[rows].tolist(), strict=True))


def _new(connection: Connection, nums: Sequence[int], window: _Window) -> set[int]:
    """Return the papers that appeared since the previous edition and before the end of this one."""
    papers = numbered_papers(connection, nums, window.end)
    appeared_h = dict(zip(papers.nums.tolist(), papers.appeared_h.tolist(), strict=True))
    # A paper without a day counts from when the library received it. The library may have been
    # filled long after the edition's day.
    added = added_at(connection, [num for num, at_h in appeared_h.items() if isnan(at_h)])
    appeared_h |= {num: min(hours(at), hours(window.end)) for num, at in added.items()}
    since_h = hours(window.previous_end) if window.previous_end else -inf
    return {num for num, at_h in appeared_h.items() if since_h <= at_h <= hours(window.end)}


def _gains(
    connection: Connection, period: Period, nums: Sequence[int], window: _Window
) -> dict[int, RecentGains]:
    name = _PERIOD_NAMES[period.span]
    if period.span is Span.DAY:
        return recent_gains(connection, nums, window.end, period=name)
    period_h = (window.end - window.start) / timedelta(hours=1)
    gains = recent_gains(connection, nums, window.end, period_h, name)
    return {num: RecentGains({}, one.in_period, name) for num, one in gains.items()}

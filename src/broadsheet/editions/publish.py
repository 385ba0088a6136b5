"""Publish an edition: choose its papers and store it as a frozen revision."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from math import inf, isnan
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from broadsheet.encoders.paper_text import text_of
from broadsheet.encoders.static import load_encoder
from broadsheet.model import STARTER, Attention, Edition, EditionItem, Paper, Period, Pick, Span
from broadsheet.rules.dates import last_day
from broadsheet.rules.edition import Candidate, select_items, shortlist
from broadsheet.rules.placing import with_placings
from broadsheet.rules.trend_reason import RecentGains
from broadsheet.rules.trending import MAX_ANNOUNCEMENT_DELAY_H
from broadsheet.store.attention import votes_by_num
from broadsheet.store.database import Database
from broadsheet.store.editions import (
    insert_edition,
    newest_revision,
    previous_cutoff,
    published_before,
)
from broadsheet.store.papers import (
    WITHDRAWN_OR_RETRACTED,
    added_at,
    newest_until,
    nums_of,
    nums_only_from,
    papers_by_num,
)
from broadsheet.store.picks import picks_of
from broadsheet.store.trends import numbered_papers
from broadsheet.trending.attention import attention_of
from broadsheet.trending.scoring import Scored, hours, recent_gains, score_all, score_between
from broadsheet.trending.upvote_prior import predict_upvotes

_CANDIDATES_PER_PLACE = 50
_NEW_IN_FIRST_EDITION = timedelta(days=7)
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
    replaces: Edition | None = None,
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
    replaces : Edition, optional
        A sample. Nothing is stored if the result is one again, or if the period has a newer
        revision.

    Returns
    -------
    Edition
        With revision 0 and without papers if nothing is stored.
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
    nothing = Edition(period, 0, now, (), note)
    if not items or (replaces and all(item.from_starter for item in items)):
        return nothing
    items = _with_attention(database, items, ranked, window.end)
    items = with_placings(items, ranked, similarity)
    with database.write() as connection:
        if replaces and newest_revision(connection, period) != replaces.revision:
            return nothing
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
    appeared_h = _appeared_h(connection, papers, window)
    if period.span is Span.DAY:
        since_h = hours(window.previous_end) if window.previous_end else -inf
        selectable = has_attention | {
            num for num, at_h in appeared_h.items() if since_h <= at_h <= hours(window.end)
        }
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
    new_since_h = hours(_new_since(period, window))
    from_starter = nums_only_from(connection, nums, STARTER)
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
            is_new=appeared_h.get(num, -inf) >= new_since_h,
            from_starter=num in from_starter,
        )
        for (num, paper), upvotes in zip(papers.items(), predicted, strict=True)
    ]


def _highest(scored: Scored, limit: int) -> dict[int, float]:
    """Return the highest scores by paper number, without the votes of new readers."""
    scores = scored.known_scores
    rows = np.argsort(-scores, kind="stable")[:limit]
    return dict(zip(scored.papers.nums[rows].tolist(), scores[rows].tolist(), strict=True))


def _appeared_h(
    connection: Connection, papers: Mapping[int, Paper], window: _Window
) -> dict[int, float]:
    """Return when papers appeared, in hours since 1970."""
    found = numbered_papers(connection, list(papers), window.end)
    appeared_h = dict(zip(found.nums.tolist(), found.appeared_h.tolist(), strict=True))
    # A paper without a day counts from when the library received it, unless its month or year had
    # ended long before. The library may have been filled long after the edition's day.
    undated = [num for num, at_h in appeared_h.items() if isnan(at_h)]
    for num, at in added_at(connection, undated).items():
        last = last_day(papers[num].published)
        ended_h = hours(datetime.combine(last, time(), UTC)) if last else inf
        at_h = hours(at) if hours(at) - ended_h <= MAX_ANNOUNCEMENT_DELAY_H else ended_h
        appeared_h[num] = min(at_h, hours(window.end))
    return appeared_h


def _new_since(period: Period, window: _Window) -> datetime:
    """Return from when on a paper is new in an edition."""
    if period.span is not Span.DAY:
        return window.start
    return window.previous_end or window.end - _NEW_IN_FIRST_EDITION


def _gains(
    connection: Connection, period: Period, nums: Sequence[int], window: _Window
) -> dict[int, RecentGains]:
    name = _PERIOD_NAMES[period.span]
    if period.span is Span.DAY:
        return recent_gains(connection, nums, window.end, period=name)
    period_h = (window.end - window.start) / timedelta(hours=1)
    gains = recent_gains(connection, nums, window.end, period_h, name)
    return {num: RecentGains({}, one.in_period, name) for num, one in gains.items()}

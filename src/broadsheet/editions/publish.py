"""Publish an edition: choose its papers and store it as a frozen revision."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from math import inf, isnan
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Connection

from broadsheet.encoders.paper_text import text_of
from broadsheet.encoders.static import load_encoder
from broadsheet.model import Edition, Period, Pick, Span
from broadsheet.rules.edition import Candidate, choose, news
from broadsheet.rules.trend_reason import Gained
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
from broadsheet.store.trends import subjects
from broadsheet.trending.scoring import gained_by, hours, score_all, score_between
from broadsheet.trending.upvote_prior import predict_upvotes

_CANDIDATES_PER_PLACE = 50
_NAMED = {Span.DAY: "this week", Span.WEEK: "this week", Span.MONTH: "this month"}


@dataclass(frozen=True, slots=True)
class _Window:
    """The time that an edition tells of: its own, and up to when the one before knew."""

    start: datetime
    end: datetime
    known: datetime | None


def publish(
    database: Database,
    period: Period,
    zone: ZoneInfo,
    size: int,
    now: datetime,
    note: str | None = None,
    enqueue: Callable[[Connection, Edition], object] | None = None,
) -> Edition:
    """Freeze an edition; a period that has one gets a further revision.

    It is made of what was known at its end, or by now where that is still to come. Where there is
    no news, nothing is printed.

    Parameters
    ----------
    database : Database
        The library.
    period : Period
        The edition's day, week or month.
    zone : ZoneInfo
        Time zone that days are counted in.
    size : int
        How many papers at most.
    now : datetime
        Aware UTC.
    note : str or None
        One sentence naming what the edition lacks.
    enqueue : callable, optional
        Called with the connection and the edition in the transaction that stores it.

    Returns
    -------
    Edition
        Its revision is 0, and it has no papers, where nothing was printed.
    """
    start, end = (
        datetime.combine(day, time(), zone).astimezone(UTC) for day in (period.first, period.after)
    )
    with database.read() as connection:
        picks = picks_of(connection, period)
        printed = published_before(connection, period)
        # A paper dated the day after appears on that very midnight.
        window = _Window(
            start, min(end - timedelta.resolution, now), previous_cutoff(connection, period, zone)
        )
        found = _candidates(connection, period, picks, size, window)
        ranked = news(found, printed, picks, size)
    vectors = load_encoder().encode([text_of(one.paper) for one in ranked])
    likeness = np.asarray(vectors @ vectors.T, dtype=np.float32)
    today = min(period.last, now.astimezone(zone).date())
    items = choose(ranked, likeness, printed, picks, period, today, size)
    if not items:
        return Edition(period, 0, now, (), note)
    with database.write() as connection:
        edition = insert_edition(connection, period, items, now, note)
        if enqueue is not None:
            enqueue(connection, edition)
        return edition


def _candidates(
    connection: Connection,
    period: Period,
    picks: Sequence[Pick],
    size: int,
    window: _Window,
) -> list[Candidate]:
    scored = (
        score_all(connection, window.end)
        if period.span is Span.DAY
        else score_between(connection, window.start, window.end)
    )
    order = np.argsort(-scored.scores, kind="stable")[: size * _CANDIDATES_PER_PLACE]
    scores = dict(
        zip(scored.papers.nums[order].tolist(), scored.scores[order].tolist(), strict=True)
    )
    attended = set(scored.papers.nums[scored.attended].tolist())
    picked = nums_of(connection, [pick.paper_id for pick in picks])
    papers = papers_by_num(connection, list(scores))
    if period.span is Span.DAY:
        # A library without dates or attention has a newspaper, too.
        papers |= newest_until(connection, period.last, size * _CANDIDATES_PER_PLACE)
        unnoticed = [num for num in papers if num not in attended]
        new = _new(connection, unnoticed, window)
        papers = {num: paper for num, paper in papers.items() if num in attended or num in new}
    papers |= papers_by_num(connection, list(picked.values()))
    papers = {
        num: paper for num, paper in papers.items() if paper.notice not in WITHDRAWN_OR_RETRACTED
    }
    nums = list(papers)
    promised = dict(zip(nums, predict_upvotes([papers[num] for num in nums]).tolist(), strict=True))
    gained = _gained(connection, period, [num for num in nums if num in attended], window)
    votes = votes_by_num(connection, nums)
    return [
        Candidate(
            paper=paper,
            score=scores.get(num, 0.0),
            attended=num in attended,
            promise=promised[num],
            gained=gained.get(num, Gained({}, {})),
            votes=votes.get(num, 0),
        )
        for num, paper in papers.items()
    ]


def _new(connection: Connection, nums: Sequence[int], window: _Window) -> set[int]:
    """Find the papers that came since the edition before, and by the end of this one."""
    told = subjects(connection, window.end, window.end, nums)
    appeared_h = dict(zip(told.nums.tolist(), told.appeared_h.tolist(), strict=True))
    # Of those without a day only the library knows since when they are here, and it may have been
    # filled long after the edition's day.
    added = added_at(connection, [num for num, at in appeared_h.items() if isnan(at)])
    appeared_h |= {num: min(hours(at), hours(window.end)) for num, at in added.items()}
    since_h = hours(window.known) if window.known else -inf
    return {num for num, at in appeared_h.items() if since_h <= at <= hours(window.end)}


def _gained(
    connection: Connection, period: Period, nums: Sequence[int], window: _Window
) -> dict[int, Gained]:
    named = _NAMED[period.span]
    if period.span is Span.DAY:
        return gained_by(connection, nums, window.end, named=named)
    longer_h = (window.end - window.start) / timedelta(hours=1)
    told = gained_by(connection, nums, window.end, longer_h, named)
    return {num: Gained({}, one.longer, named) for num, one in told.items()}

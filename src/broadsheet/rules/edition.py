"""Which papers stand in a day's edition, in which order, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from broadsheet.model import EditionItem, Paper

# The fall with age is that of Hacker News (1.8 there, over hours); papers live for weeks, and
# 1.5 over days lets ten votes outweigh about four days. To be replaced by a backtested score.
GRAVITY = 1.5
_UNKNOWN_AGE_DAYS = 3650.0
_DAYS_TOLD = 62
_DAYS_A_MONTH = 30
_DAYS_A_YEAR = 365


@dataclass(frozen=True, slots=True)
class Candidate:
    """A paper that may be printed.

    Parameters
    ----------
    paper : Paper
        The paper.
    votes : int
        Local votes so far.
    last_vote_at : datetime or None
        When the newest of them was cast, aware UTC.
    """

    paper: Paper
    votes: int
    last_vote_at: datetime | None


def first_day(published: str) -> date:
    """Read a date of any precision as the first day it covers.

    Examples
    --------
    >>> first_day("2025-02")
    datetime.date(2025, 2, 1)
    """
    parts = [int(part) for part in published.split("-")]
    return date(*[*parts, 1, 1][:3])


def score(votes: int, published: str | None, day: date) -> float:
    """Weigh votes against age: ``(votes + 1) / (age_days + 2) ** 1.5``.

    Parameters
    ----------
    votes : int
        Local votes, 0 or more.
    published : str or None
        When the paper came out; one of unknown date counts as ten years old.
    day : date
        The edition's day.

    Returns
    -------
    float
        Above 0; more votes and a later date make it larger.
    """
    age_days = _UNKNOWN_AGE_DAYS
    if published is not None:
        age_days = max(0.0, float((day - first_day(published)).days))
    return (votes + 1) / float((age_days + 2) ** GRAVITY)


def choose(
    candidates: Sequence[Candidate],
    printed: Mapping[str, datetime],
    day: date,
    size: int,
) -> list[EditionItem]:
    """Choose and order a day's papers.

    A paper that stood in an earlier edition comes again only where readers voted for it since,
    unless nothing else is left.

    Parameters
    ----------
    candidates : sequence of Candidate
        What may be printed.
    printed : mapping of paper id to datetime
        When each paper last stood in an earlier day's edition.
    day : date
        The edition's day.
    size : int
        How many papers at most.

    Returns
    -------
    list of EditionItem
        In order of rank.
    """

    def is_news(candidate: Candidate) -> bool:
        before = printed.get(candidate.paper.id)
        if before is None:
            return True
        return candidate.last_vote_at is not None and candidate.last_vote_at > before

    ranked = sorted(
        candidates,
        key=lambda c: (
            not is_news(c),
            -score(c.votes, c.paper.published, day),
            c.paper.id,
        ),
    )
    return [
        _item(rank, candidate, candidate.paper.id in printed, day)
        for rank, candidate in enumerate(ranked[:size], start=1)
    ]


def _item(rank: int, candidate: Candidate, again: bool, day: date) -> EditionItem:
    paper = candidate.paper
    return EditionItem(
        rank=rank,
        paper_id=paper.id,
        title=paper.title,
        abstract=paper.abstract,
        authors=paper.authors,
        categories=paper.categories,
        published=paper.published,
        link=paper.link,
        votes=candidate.votes,
        reason=_reason(candidate, again, day),
        notice=paper.notice,
    )


def _reason(candidate: Candidate, again: bool, day: date) -> str:
    if candidate.votes:
        told = f"{candidate.votes} vote{'s' if candidate.votes > 1 else ''} by readers"
    else:
        told = "no votes yet"
    age = _age(candidate.paper.published, day)
    return f"{told}, {age}, printed before" if again else f"{told}, {age}"


def _age(published: str | None, day: date) -> str:
    if published is None:
        return "of unknown date"
    days = (day - first_day(published)).days
    if days < 1:
        return "out today"
    if days < _DAYS_TOLD:
        return f"{days} day{'s' if days > 1 else ''} old"
    if days < 2 * _DAYS_A_YEAR:
        return f"{days // _DAYS_A_MONTH} months old"
    return f"{days // _DAYS_A_YEAR} years old"

"""Trend: a paper that is rising, and what says so."""

from dataclasses import dataclass

from broadsheet.model.paper import Paper


@dataclass(frozen=True, slots=True)
class Trend:
    """A paper at its place among those that rise.

    Parameters
    ----------
    rank : int
        Place, from 1.
    paper : Paper
        The paper.
    score : float
        How much attention it gets now, 0 or more: 1 is that of a paper with the upvotes that one
        that gets any usually has.
    reason : str
        What it gained, for a person to read, such as ``+43 upvotes in 24 h, 2 days old``.
    """

    rank: int
    paper: Paper
    score: float
    reason: str


@dataclass(frozen=True, slots=True)
class Trending:
    """A stretch of the papers that rise, the steepest first.

    Parameters
    ----------
    trends : tuple of Trend
        In order of rank.
    after : str or None
        What to ask with for those that come next; None where there are no more.
    """

    trends: tuple[Trend, ...]
    after: str | None

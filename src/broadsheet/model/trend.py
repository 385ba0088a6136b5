"""Trend: a trending paper, its score and the reason for it."""

from dataclasses import dataclass

from broadsheet.model.attention import NO_ATTENTION, Attention
from broadsheet.model.edition import Edition
from broadsheet.model.paper import Paper


@dataclass(frozen=True, slots=True)
class Trend:
    """One trending paper.

    Parameters
    ----------
    rank : int
        Rank in the list, from 1.
    paper : Paper
        The paper.
    score : float
        Trending score, 0 or more. A paper that has just gained the typical number of upvotes of
        papers with any upvotes scores 1.
    reason : str
        Recent gains as text for readers, such as ``+43 upvotes in 24 h, 2 days old``.
    attention : Attention
        What it has and gained.
    placing : str
        As in :class:`broadsheet.model.edition.EditionItem`.
    """

    rank: int
    paper: Paper
    score: float
    reason: str
    attention: Attention = NO_ATTENTION
    placing: str = ""


@dataclass(frozen=True, slots=True)
class Trending:
    """One page of the trending papers.

    Parameters
    ----------
    trends : tuple of Trend
        By descending score.
    after : str or None
        Cursor of the next page; None on the last page.
    edition : Edition or None
        The edition whose papers are listed because no paper is trending; else None.
    """

    trends: tuple[Trend, ...]
    after: str | None
    edition: Edition | None = None

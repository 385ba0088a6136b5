"""Orders other than relevance."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from broadsheet.index.engine import EngineRequest
from broadsheet.rules.dates import first_day
from broadsheet.search.ranking import HEAD, Ranked, Ranking, Retrieval, Window, windowed
from broadsheet.store.papers import papers_by_num
from broadsheet.store.trends import scores_of

# If no paper matches, so many of the most relevant are ordered by date.
_BEST = 100

Rank = Callable[[Retrieval, Window], Ranking]


def by_date(connection: Connection, retrieval: Retrieval, rank: Rank, window: Window) -> Ranking:
    """Order the matches by date, newest first; without matches, the most relevant papers.

    Parameters
    ----------
    connection : Connection
        The library.
    retrieval : Retrieval
        The query.
    rank : callable
        Ranks by relevance: :func:`broadsheet.search.ranking.in_tiers` or ``in_one_list``.
    window : Window
        The part of the list to return.
    """
    request = EngineRequest(
        query=retrieval.query,
        match_limit=window.stop,
        mode=retrieval.mode,
        newest_first=True,
        facets=retrieval.facets,
    )
    response = retrieval.fetch(request)
    if not response.match_count:
        return _reordered(connection, retrieval, rank, _BEST, window, _publication_days)
    nums = response.matches.nums
    papers = Ranked(nums, np.zeros(len(nums)), np.ones(len(nums), dtype=bool))
    return windowed(papers, response.match_count, response.match_count, window, response)


def by_trend(connection: Connection, retrieval: Retrieval, rank: Rank, window: Window) -> Ranking:
    """Order the first papers of the list by trending score; those after them by relevance.

    Parameters
    ----------
    connection, retrieval, rank, window
        As for :func:`by_date`.
    """
    return _reordered(connection, retrieval, rank, HEAD, window, scores_of)


def _publication_days(connection: Connection, nums: Sequence[int]) -> dict[int, float]:
    return {
        num: float(first_day(paper.published).toordinal())
        for num, paper in papers_by_num(connection, nums).items()
        if paper.published
    }


def _reordered(
    connection: Connection,
    retrieval: Retrieval,
    rank: Rank,
    best: int,
    window: Window,
    values: Callable[[Connection, Sequence[int]], Mapping[int, float]],
) -> Ranking:
    """Order the first `best` papers by descending value; those without a value come last."""
    ranking = rank(retrieval, Window(0, max(best, window.stop)))
    # Matches stay before neighbors: if there are any, only they are reordered.
    head = min(best, ranking.matches) or best
    nums = ranking.papers.nums[:head].tolist()
    value_of = values(connection, nums)
    order: NDArray[np.int64] = np.argsort(
        [-value_of.get(num, -np.inf) for num in nums], kind="stable"
    )
    order = np.concatenate([order, np.arange(len(nums), len(ranking.papers.nums))])
    papers = ranking.papers.take(order)
    return windowed(papers, ranking.total, ranking.matches, window, ranking.response)

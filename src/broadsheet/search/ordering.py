"""Orders other than by relevance."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from broadsheet.rules.dates import first_day
from broadsheet.search.ranking import HEAD, Question, Ranked, Ranking
from broadsheet.store.papers import papers_by_num
from broadsheet.store.trends import scores_of

# Where nothing holds every word, so many of the best are put in another order.
_BEST = 100

Rank = Callable[[Question, int, int], Ranking]


def by_date(
    connection: Connection, question: Question, rank: Rank, start: int, stop: int
) -> Ranking:
    """Put the matches in order of date, newest first; without any, the best of all.

    Parameters
    ----------
    connection : Connection
        The library.
    question : Question
        What is asked.
    rank : callable
        Gives a stretch of the order by relevance.
    start, stop : int
        The stretch wanted.
    """
    found = question.generation.lexical.newest(question.asked, stop)
    if not found.total:
        return _reordered(connection, question, rank, _BEST, start, stop, _newness)
    scores = np.zeros(len(found.nums))
    page = Ranked(found.nums, scores, np.ones(len(found.nums), dtype=bool)).cut(start, stop)
    return Ranking(found.total, found.total, page)


def by_trend(
    connection: Connection, question: Question, rank: Rank, start: int, stop: int
) -> Ranking:
    """Put the best of the list in order of what is rising; those after them stay as they are.

    Parameters
    ----------
    connection, question, rank, start, stop
        As in :func:`by_date`.
    """
    return _reordered(connection, question, rank, HEAD, start, stop, scores_of)


def _newness(connection: Connection, nums: Sequence[int]) -> dict[int, float]:
    return {
        num: float(first_day(paper.published).toordinal())
        for num, paper in papers_by_num(connection, nums).items()
        if paper.published
    }


def _reordered(
    connection: Connection,
    question: Question,
    rank: Rank,
    best: int,
    start: int,
    stop: int,
    worth: Callable[[Connection, Sequence[int]], Mapping[int, float]],
) -> Ranking:
    ranking = rank(question, 0, max(best, stop))
    # Matches stay before neighbours: only what holds every word is put in another order.
    head = min(best, ranking.matches) or best
    nums = ranking.page.nums[:head]
    worths = worth(connection, nums.tolist())
    order: NDArray[np.int64] = np.argsort(
        [-worths.get(num, -np.inf) for num in nums.tolist()], kind="stable"
    )
    order = np.concatenate([order, np.arange(len(nums), len(ranking.page.nums))])
    page = ranking.page
    page = Ranked(page.nums[order], page.scores[order], page.matched[order])
    return Ranking(ranking.total, ranking.matches, page.cut(start, stop))

"""Rank the candidates for a query: matches before neighbors, or one fused list."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from broadsheet.index.engine import Candidates, EngineRequest, EngineResponse, SearchEngine
from broadsheet.model import Mode
from broadsheet.rules.fusion import FEEDBACK_PAPERS, fuse, with_feedback
from broadsheet.rules.query import Query
from broadsheet.rules.reranking import DEPTH
from broadsheet.search.relevance import has_relevant
from broadsheet.search.reranker import QueryReranker
from broadsheet.search.titles import TitleOrder

# The best matches, which are ordered by words and meaning; those after them by BM25 alone.
HEAD = 300
NEIGHBOURS = 1_000
# How many neighbors are retrieved by words, and as many by meaning. The shallow list is ranked
# first, so that the first pages are fast, and are the same whichever page is requested.
SHALLOW, DEEP = 100, 1_000
# Of a list without matches, so many papers are counted by category and year.
FACETED = 100
# If at most this many papers satisfy the filters, all of them are ranked.
EXHAUSTIVE = 2_000


@dataclass(frozen=True, slots=True)
class Retrieval:
    """One query to one engine; each :meth:`fetch` is a round trip.

    Parameters
    ----------
    engine : SearchEngine
        The engine.
    query : Query
        The parsed query.
    mode : Mode
        Words, meaning, or both.
    facets : bool
        Whether to count the matches by category and year.
    reranking : QueryReranker or None
        Reranks the top results.
    similar_to : int or None
        The number of a paper whose vector replaces the query's.
    titles : TitleOrder or None
        Puts papers first whose title is the query.
    """

    engine: SearchEngine
    query: Query
    mode: Mode
    facets: bool = False
    reranking: QueryReranker | None = None
    similar_to: int | None = None
    titles: TitleOrder | None = None

    def fetch(self, request: EngineRequest) -> EngineResponse:
        """Retrieve candidates."""
        if self.similar_to is not None:
            return self.engine.similar(self.similar_to, request)
        return self.engine.search(request)

    def titled_first(self, papers: "Ranked") -> "Ranked":
        """Put the papers first whose title is the query."""
        return (
            papers if self.titles is None else papers.take(self.titles.order(papers.nums.tolist()))
        )


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list to return.

    Parameters
    ----------
    offset : int
        The number of results before it.
    size : int
        The most results in it.
    clamp : bool
        Whether an offset past the end is replaced by that of the last page.
    """

    offset: int
    size: int
    clamp: bool = False

    @property
    def stop(self) -> int:
        """The length of the list up to and including the window."""
        return self.offset + self.size

    def start(self, total: int) -> int:
        """Return the offset in a list of `total` results."""
        if not self.clamp or self.offset < total:
            return self.offset
        return max(0, total - 1) // self.size * self.size


@dataclass(frozen=True, slots=True)
class Ranked:
    """Papers in order.

    Parameters
    ----------
    nums : ndarray of int64, shape (n,)
        Paper numbers.
    scores : ndarray of float64, shape (n,)
        Fused scores.
    matched : ndarray of bool, shape (n,)
        Whether each is a match.
    """

    nums: NDArray[np.int64]
    scores: NDArray[np.float64]
    matched: NDArray[np.bool_]

    def take(self, positions: NDArray[np.integer] | slice) -> "Ranked":
        """Return the papers at some positions."""
        return Ranked(self.nums[positions], self.scores[positions], self.matched[positions])

    def followed_by(self, other: "Ranked") -> "Ranked":
        """Return these papers, then those of another list."""
        return Ranked(
            np.concatenate([self.nums, other.nums]),
            np.concatenate([self.scores, other.scores]),
            np.concatenate([self.matched, other.matched]),
        )


@dataclass(frozen=True, slots=True)
class Ranking:
    """One window of a ranked list.

    Parameters
    ----------
    total : int
        Length of the whole list.
    matches : int
        The number of matches in it.
    offset : int
        The number of papers before the window.
    papers : Ranked
        The papers in the window.
    head : ndarray of int64
        The numbers of the first papers of the whole list, :data:`FACETED` at most.
    response : EngineResponse
        The first response of the engine.
    """

    total: int
    matches: int
    offset: int
    papers: Ranked
    head: NDArray[np.int64]
    response: EngineResponse


def windowed(
    papers: Ranked, total: int, matches: int, window: Window, response: EngineResponse
) -> Ranking:
    """Cut a window out of a list whose length is `total`."""
    start = window.start(total)
    shown = papers.take(slice(start, start + window.size))
    return Ranking(total, matches, start, shown, papers.nums[:FACETED], response)


def in_tiers(retrieval: Retrieval, window: Window) -> Ranking:
    """Rank matches by score, then neighbors by score.

    Parameters
    ----------
    retrieval : Retrieval
        The query.
    window : Window
        The part of the list to return. A paper has the same position in every window.
    """
    estimated = _total_is_estimated(retrieval)
    request = _request(
        retrieval,
        window.stop,
        match_limit=max(HEAD, window.stop),
        enough_matches=max(1, window.stop) if estimated else None,
    )
    response = retrieval.fetch(request)
    if not _has_relevant(retrieval, request, response):
        return _nothing(response)
    matches = retrieval.titled_first(_rank_matches(response))
    expected = _expected_neighbors(retrieval, response, response.match_count)
    if expected is not None and window.stop <= response.match_count:
        total = response.match_count + expected
        return windowed(matches, total, response.match_count, window, response)
    wanted = max(0, window.stop - response.match_count)
    neighbors = _rank_neighbors(retrieval, request, response, wanted, counted=expected is None)
    if not response.match_count:
        neighbors = retrieval.titled_first(neighbors)
    count = len(neighbors.nums) if expected is None else expected
    papers, total = matches.followed_by(neighbors), response.match_count + count
    return windowed(papers, total, response.match_count, window, response)


def in_one_list(retrieval: Retrieval, window: Window) -> Ranking:
    """Rank matches and neighbors together by score.

    Parameters
    ----------
    retrieval, window
        As in :func:`in_tiers`.
    """
    request = _request(retrieval, window.stop, match_limit=HEAD, one_list=True)
    response = retrieval.fetch(request)
    if not _has_relevant(retrieval, request, response):
        return _nothing(response)
    expected = _expected_neighbors(retrieval, response, 0)
    papers = _rank_neighbors(retrieval, request, response, window.stop, counted=expected is None)
    papers = retrieval.titled_first(papers)
    total = len(papers.nums) if expected is None else expected
    return windowed(papers, total, response.match_count, window, response)


def _has_relevant(retrieval: Retrieval, request: EngineRequest, response: EngineResponse) -> bool:
    # A paper of the library always has related ones.
    if retrieval.similar_to is not None or has_relevant(response, is_sentence=request.one_list):
        return True
    near = _rank(retrieval, response, response.neighbors[0], one_list=request.one_list)
    return retrieval.titles is not None and retrieval.titles.has_title(near.nums.tolist())


def _nothing(response: EngineResponse) -> Ranking:
    none = np.empty(0)
    papers = Ranked(none.astype(np.int64), none, none.astype(np.bool_))
    return Ranking(0, 0, 0, papers, papers.nums, response)


def _request(
    retrieval: Retrieval,
    stop: int,
    match_limit: int,
    *,
    one_list: bool = False,
    enough_matches: int | None = None,
) -> EngineRequest:
    # The deep list is requested with the shallow one if it is certainly or probably needed.
    deep = stop > 2 * SHALLOW or not _total_is_estimated(retrieval)
    return EngineRequest(
        query=retrieval.query,
        match_limit=match_limit,
        depths=(SHALLOW, DEEP) if deep else (SHALLOW,),
        mode=retrieval.mode,
        one_list=one_list,
        enough_matches=enough_matches,
        exhaustive=EXHAUSTIVE,
        facets=retrieval.facets and not one_list,
    )


def _total_is_estimated(retrieval: Retrieval) -> bool:
    # With filters, or by words alone, there may be few neighbors or none: they are counted.
    return not retrieval.query.filters and retrieval.mode is not Mode.LEXICAL


def _expected_neighbors(retrieval: Retrieval, response: EngineResponse, matches: int) -> int | None:
    """Return the number of neighbors, or None if they have to be counted.

    Of many papers, at least :data:`NEIGHBOURS` always have a positive score.
    """
    large = response.papers > EXHAUSTIVE
    if not large or response.vector is None or not _total_is_estimated(retrieval):
        return None
    return min(NEIGHBOURS, response.papers - matches)


def _rank_matches(response: EngineResponse) -> Ranked:
    matches = response.matches
    best = float(matches.bm25.max(initial=0.0))
    scores = fuse(matches.bm25, _cosines(response.vector, matches), best)
    head = slice(0, HEAD)
    order = np.lexsort((matches.nums[head], -scores[head]))
    order = np.concatenate([order, np.arange(len(order), len(scores))])
    return Ranked(matches.nums, scores, matches.matched).take(order)


def _rank_neighbors(
    retrieval: Retrieval,
    request: EngineRequest,
    response: EngineResponse,
    wanted: int,
    *,
    counted: bool,
) -> Ranked:
    """Rank at least `wanted` neighbors if there are so many; all of them if `counted`."""

    def ranked(candidates: Candidates) -> Ranked:
        return _rank(retrieval, response, candidates, one_list=request.one_list)

    def fetched(*depths: int) -> tuple[Candidates, ...]:
        again = replace(request, depths=depths, enough_matches=None, facets=False)
        return retrieval.fetch(again).neighbors

    lists = response.neighbors or fetched(SHALLOW, DEEP)
    papers = ranked(lists[0])
    if not response.exhausted and (counted or wanted > len(papers.nums)):
        deeper = ranked(lists[1] if len(lists) > 1 else fetched(DEEP)[0])
        papers = papers.followed_by(deeper.take(np.flatnonzero(~np.isin(deeper.nums, papers.nums))))
    return papers.take(slice(0, NEIGHBOURS))


def _rank(
    retrieval: Retrieval, response: EngineResponse, candidates: Candidates, *, one_list: bool
) -> Ranked:
    """Rank one list of neighbors; papers with a score of 0 are left out."""
    nums, bm25 = candidates.nums, candidates.bm25
    if retrieval.mode is Mode.SEMANTIC:
        bm25 = np.zeros_like(bm25)
    best = max(float(bm25.max(initial=0.0)), float(response.matches.bm25.max(initial=0.0)))
    cosines = _cosines(response.vector, candidates)
    scores = fuse(bm25, cosines, best)
    if response.vector is not None:
        if retrieval.reranking is not None:
            head = np.lexsort((nums, -scores))[:DEPTH]
            cosines[head] = retrieval.reranking.cosines(nums[head], cosines[head])
            scores = fuse(bm25, cosines, best)
        if one_list:
            scores = _with_feedback(candidates, scores)
    order = np.lexsort((nums, -scores))
    order = order[scores[order] > 0]
    return Ranked(nums, scores, candidates.matched).take(order)


def _with_feedback(candidates: Candidates, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    best = np.lexsort((candidates.nums, -scores))[:FEEDBACK_PAPERS]
    mean = scores[best].astype(np.float32) @ candidates.vectors.take(best).dequantized()
    length = np.linalg.norm(mean)
    return with_feedback(scores, candidates.vectors.cosines(mean / length)) if length else scores


def _cosines(vector: NDArray[np.float32] | None, candidates: Candidates) -> NDArray[np.float32]:
    if vector is None:
        return np.zeros(len(candidates), dtype=np.float32)
    return candidates.vectors.cosines(vector)

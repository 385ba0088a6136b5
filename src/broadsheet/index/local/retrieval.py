"""Retrieve the candidates for a query from the postings and vectors of one generation."""

import numpy as np
from numpy.typing import NDArray

from broadsheet.index.engine import Candidates, EngineRequest, EngineResponse
from broadsheet.index.local.generation import Generation
from broadsheet.index.local.lexical import CompiledQuery, Scored
from broadsheet.model import Mode

# If at most this many papers satisfy the filters, their vectors are scanned. Otherwise the
# filters are applied to this many of the nearest papers.
_SCANNED_ELIGIBLE = 20_000
_FILTERED_NEAREST = 1_000
# Matches are often among the nearest papers; up to so many more are looked up in their place.
_MOST_MATCHES_REPLACED = 300


def retrieve(
    generation: Generation, request: EngineRequest, vector: NDArray[np.float32] | None
) -> EngineResponse:
    """Retrieve candidates; see :meth:`broadsheet.index.engine.SearchEngine.search`.

    Parameters
    ----------
    generation : Generation
        The files that are searched.
    request : EngineRequest
        What to retrieve.
    vector : ndarray of float32, shape (dim,), or None
        What papers are compared with.
    """
    query = generation.lexical.compile(request.query)
    matches = _matches(generation, query, request)
    neighbors, exhausted = _neighbors(generation, query, request, vector, matches)
    listed = Scored.empty() if request.one_list else matches
    return EngineResponse(
        papers=len(generation.lexical),
        terms=query.terms,
        vector=vector,
        match_count=matches.total,
        matches=_candidates(generation, listed.nums, listed.bm25, matches),
        neighbors=neighbors,
        exhausted=exhausted,
        facets=generation.lexical.facets(query) if request.facets else {},
    )


def _matches(generation: Generation, query: CompiledQuery, request: EngineRequest) -> Scored:
    lexical, limit = generation.lexical, request.match_limit
    if request.newest_first:
        return lexical.newest_matches(query, limit)
    if request.one_list:
        found = lexical.unscored_matches(query, limit)
        if found.total <= len(found.nums):
            return found
    return lexical.matches(query, limit)


def _neighbors(
    generation: Generation,
    query: CompiledQuery,
    request: EngineRequest,
    vector: NDArray[np.float32] | None,
    matches: Scored,
) -> tuple[tuple[Candidates, ...], bool]:
    """Return the lists of neighbors, and whether they are one list of all neighbors."""
    papers = len(generation.lexical)
    enough = request.enough_matches is not None and matches.total >= request.enough_matches
    if not request.depths or (enough and papers > request.exhaustive):
        return (), False
    eligible = generation.lexical.eligible(query, _SCANNED_ELIGIBLE)
    if (papers if eligible is None else len(eligible)) <= request.exhaustive:
        depth = request.exhaustive
        return (_neighbors_at(generation, query, request, vector, matches, eligible, depth),), True
    lists = [
        _neighbors_at(generation, query, request, vector, matches, eligible, depth)
        for depth in request.depths
    ]
    return tuple(lists), False


def _neighbors_at(
    generation: Generation,
    query: CompiledQuery,
    request: EngineRequest,
    vector: NDArray[np.float32] | None,
    matches: Scored,
    eligible: NDArray[np.int64] | None,
    depth: int,
) -> Candidates:
    lexical = generation.lexical
    by_words = Scored.empty()
    if request.mode is not Mode.SEMANTIC:
        by_words = (
            lexical.any_word(query, depth)
            if request.one_list
            else lexical.partial_matches(query, depth, matches)
        )
    near = np.empty(0, dtype=np.int64)
    if vector is not None:
        more = 0 if request.one_list else min(matches.total, _MOST_MATCHES_REPLACED)
        near = _nearest(generation, query, vector, eligible, depth + more)
        near = near[~np.isin(near, by_words.nums)]
    by_vector = lexical.score(query, near, include_matches=request.one_list)
    nums = np.concatenate([by_words.nums, by_vector.nums])
    bm25 = np.concatenate([by_words.bm25, by_vector.bm25])
    return _candidates(generation, nums, bm25, matches)


def _nearest(
    generation: Generation,
    query: CompiledQuery,
    vector: NDArray[np.float32],
    eligible: NDArray[np.int64] | None,
    depth: int,
) -> NDArray[np.int64]:
    if eligible is None:
        filtered = query.filters is not None
        return generation.vectors.nearest(vector, _FILTERED_NEAREST if filtered else depth)[0]
    cosines = generation.vectors.take(eligible).cosines(vector)
    return eligible[np.lexsort((eligible, -cosines))[:depth]]


def _candidates(
    generation: Generation,
    nums: NDArray[np.int64],
    bm25: NDArray[np.float64],
    matches: Scored,
) -> Candidates:
    return Candidates(nums, bm25, generation.vectors.take(nums), np.isin(nums, matches.nums))

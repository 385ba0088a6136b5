"""Retrieve the candidates for a query from the postings and vectors of one generation."""

from dataclasses import dataclass

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
    run = _Run(generation, query, request, vector, matches)
    neighbors, exhausted = run.neighbors()
    listed = Scored.empty() if request.one_list else matches
    return EngineResponse(
        papers=len(generation.lexical),
        terms=query.terms,
        vector=vector,
        match_count=matches.total,
        matches=run.candidates(listed),
        neighbors=neighbors,
        exhausted=exhausted,
        facets=generation.lexical.facets(query, matches) if request.facets else {},
        bm25_limit=generation.lexical.bm25_limit(query.terms),
        unknown_words=() if matches.total else generation.lexical.unknown_words(query.terms),
        encoder=None if vector is None else generation.encoder.name,
        in_any_order=query.in_any_order,
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


@dataclass(frozen=True, slots=True)
class _Run:
    """One request with its matches."""

    generation: Generation
    query: CompiledQuery
    request: EngineRequest
    vector: NDArray[np.float32] | None
    matches: Scored

    def neighbors(self) -> tuple[tuple[Candidates, ...], bool]:
        """Return the lists of neighbors, and whether they are one list of all neighbors."""
        request, lexical = self.request, self.generation.lexical
        papers = len(lexical)
        enough = request.enough_matches is not None and self.matches.total >= request.enough_matches
        if not request.depths or (enough and papers > request.exhaustive):
            return (), False
        if not request.one_list and self.query.filters is not None and self.query.all_words is None:
            # Every paper that satisfies the filters matches.
            return (self.candidates(Scored.empty()),), True
        eligible = lexical.eligible(self.query, _SCANNED_ELIGIBLE)
        exhausted = (papers if eligible is None else len(eligible)) <= request.exhaustive
        depths = (request.exhaustive,) if exhausted else request.depths
        # One pass over the postings for all depths: a list by words contains the shorter ones.
        by_words = self._by_words(max(depths))
        near = [self._nearest(eligible, depth) for depth in depths]
        nums = near[0] if len(near) == 1 else np.unique(np.concatenate(near))
        nums = nums[~_are_in(nums, by_words.nums[: min(depths)])]
        by_vector = lexical.score(self.query, nums, None if request.one_list else self.matches)
        lists = [
            _joined(by_words.first(depth), by_vector, None if len(near) == 1 else nearest)
            for depth, nearest in zip(depths, near, strict=True)
        ]
        return tuple(map(self.candidates, lists)), exhausted

    def candidates(self, papers: Scored) -> Candidates:
        """Add to each paper its vector, and whether it matches."""
        return Candidates(
            papers.nums,
            papers.bm25,
            self.generation.vectors.take(papers.nums),
            _are_in(papers.nums, self.matches.nums),
        )

    def _by_words(self, depth: int) -> Scored:
        lexical = self.generation.lexical
        if self.request.mode is Mode.SEMANTIC:
            return Scored.empty()
        if self.request.one_list:
            return lexical.any_word(self.query, depth)
        return lexical.partial_matches(self.query, depth, self.matches)

    def _nearest(self, eligible: NDArray[np.int64] | None, depth: int) -> NDArray[np.int64]:
        if self.vector is None:
            return np.empty(0, dtype=np.int64)
        more = 0 if self.request.one_list else min(self.matches.total, _MOST_MATCHES_REPLACED)
        vectors, limit = self.generation.vectors, depth + more
        if eligible is None:
            filtered = self.query.filters is not None
            return vectors.nearest(self.vector, _FILTERED_NEAREST if filtered else limit)[0]
        cosines = vectors.take(eligible).cosines(self.vector)
        return eligible[np.lexsort((eligible, -cosines))[:limit]]


def _joined(by_words: Scored, by_vector: Scored, nearest: NDArray[np.int64] | None) -> Scored:
    """Join two lists; of the second, those that are not in the first, and are in `nearest`."""
    new = ~_are_in(by_vector.nums, by_words.nums)
    if nearest is not None:
        new &= _are_in(by_vector.nums, nearest)
    nums = np.concatenate([by_words.nums, by_vector.nums[new]])
    return Scored(len(nums), nums, np.concatenate([by_words.bm25, by_vector.bm25[new]]))


def _are_in(nums: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.bool_]:
    if not len(nums) or not len(others):
        return np.zeros(len(nums), dtype=np.bool_)
    return np.isin(nums, others)

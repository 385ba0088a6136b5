"""Put papers in order for a question: matches before neighbours, or one fused list."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from broadsheet.index.local.generation import Generation
from broadsheet.index.local.lexical import Asked, Found
from broadsheet.model import Mode
from broadsheet.rules.fusion import FEEDBACK_PAPERS, fuse, with_feedback
from broadsheet.rules.reranking import DEPTH
from broadsheet.search.reranker import QueryReranker

# How many of the best matches are put in order by words and meaning together; those after them
# keep the order of their BM25 sums.
HEAD = 300
NEIGHBOURS = 1_000
# How many papers are taken from each side, words and meaning: the shallow ones come first, so
# that the first pages cost little and stay the same however deep a reader goes.
SHALLOW, _DEEP = 100, 1_000
# Libraries (or what filters leave of them) up to this size are weighed whole.
_SMALL = 2_000
# Above this, papers that pass the filters are not listed but looked for among the nearest.
_LISTED = 20_000


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of one generation of the index.

    Parameters
    ----------
    generation : Generation
        What is asked.
    asked : Asked
        The words and filters.
    vector : ndarray of float32, shape (dim,)
        The meaning; zero where nothing of it is known, or where it is not to count.
    mode : Mode
        What counts.
    reranking : QueryReranker or None
        Reranks the top results.
    """

    generation: Generation
    asked: Asked
    vector: NDArray[np.float32]
    mode: Mode
    reranking: QueryReranker | None = None


@dataclass(frozen=True, slots=True)
class Ranked:
    """Papers in order.

    Parameters
    ----------
    nums : ndarray of int64, shape (n,)
        Their numbers.
    scores : ndarray of float64, shape (n,)
        Fused scores.
    matched : ndarray of bool, shape (n,)
        Whether each is a match.
    """

    nums: NDArray[np.int64]
    scores: NDArray[np.float64]
    matched: NDArray[np.bool_]

    def cut(self, start: int, stop: int) -> "Ranked":
        """Take a stretch."""
        span = slice(start, stop)
        return Ranked(self.nums[span], self.scores[span], self.matched[span])


@dataclass(frozen=True, slots=True)
class Ranking:
    """A stretch of a whole order.

    Parameters
    ----------
    total, matches : int
        Length of the whole order, and how many matches there are.
    page : Ranked
        The stretch asked for.
    """

    total: int
    matches: int
    page: Ranked


def in_tiers(question: Question, start: int, stop: int) -> Ranking:
    """Rank matches by score; after them neighbours by score.

    Parameters
    ----------
    question : Question
        What is asked.
    start, stop : int
        The stretch wanted. However it is chosen, a paper has the same place.
    """
    lexical = question.generation.lexical
    found = lexical.matches(question.asked, max(HEAD, stop))
    page = _matches(question, found).cut(start, stop)
    expected = _expected(question, found.total)
    if expected is not None and stop <= found.total:
        return Ranking(found.total + expected, found.total, page)
    first, last = max(0, start - found.total), max(0, stop - found.total)
    neighbours = _others(question, found, last, matches_too=False)
    total = len(neighbours.nums) if expected is None else expected
    return Ranking(found.total + total, found.total, _joined(page, neighbours.cut(first, last)))


def in_one_list(question: Question, start: int, stop: int) -> Ranking:
    """Rank all papers by score, whether they hold every word or not.

    Parameters
    ----------
    question, start, stop
        As in :func:`in_tiers`.
    """
    lexical = question.generation.lexical
    found = lexical.holding(question.asked, HEAD)
    if found.total > len(found.nums):
        found = lexical.matches(question.asked, HEAD)
    ranked = _others(question, found, stop, matches_too=True)
    expected = _expected(question, 0)
    total = len(ranked.nums) if expected is None else expected
    return Ranking(total, found.total, ranked.cut(start, stop))


def _matches(question: Question, found: Found) -> Ranked:
    cosines = question.generation.vectors.take(found.nums).cosines(question.vector)
    scores = fuse(found.bm25, cosines, float(found.bm25.max(initial=0.0)))
    head = slice(0, HEAD)
    order = np.lexsort((found.nums[head], -scores[head]))
    order = np.concatenate([order, np.arange(len(order), len(scores))])
    return Ranked(found.nums[order], scores[order], np.ones(len(order), dtype=bool))


def _expected(question: Question, matches: int) -> int | None:
    """Tell how many others there will be without looking for them, or None where that is unknown.

    Among many papers there are always :data:`NEIGHBOURS` that come near at all.
    """
    papers = len(question.generation.lexical)
    known = question.asked.must is None and question.vector.any() and papers > _SMALL
    return min(NEIGHBOURS, papers - matches) if known else None


def _others(question: Question, found: Found, wanted: int, *, matches_too: bool) -> Ranked:
    """Rank the papers that are no matches (or all of them), as many as wanted or somewhat more."""
    lexical = question.generation.lexical
    listed = lexical.passing(question.asked, _LISTED)
    papers = len(lexical) if listed is None else len(listed)
    if papers <= _SMALL:
        return _stage(question, found, listed, _SMALL, matches_too).cut(0, NEIGHBOURS)
    ranked = _stage(question, found, listed, SHALLOW, matches_too)
    if wanted > len(ranked.nums) or _expected(question, found.total) is None:
        deeper = _stage(question, found, listed, _DEEP, matches_too)
        new = ~np.isin(deeper.nums, ranked.nums)
        rest = Ranked(deeper.nums[new], deeper.scores[new], deeper.matched[new])
        ranked = _joined(ranked, rest)
    return ranked.cut(0, NEIGHBOURS)


def _stage(
    question: Question,
    found: Found,
    listed: NDArray[np.int64] | None,
    depth: int,
    matches_too: bool,
) -> Ranked:
    generation, asked = question.generation, question.asked
    weighed = Found.none()
    if question.mode is not Mode.SEMANTIC:
        weighed = (
            generation.lexical.best(asked, depth)
            if matches_too
            else generation.lexical.others(asked, depth, found)
        )
    nums, bm25 = weighed.nums, weighed.bm25
    near = _near(question, listed, depth + (0 if matches_too else min(found.total, HEAD)))
    near = near[~np.isin(near, nums)]
    told = generation.lexical.weigh(asked, near, matches_too=matches_too)
    nums = np.concatenate([nums, np.fromiter(told, dtype=np.int64, count=len(told))])
    bm25 = np.concatenate([bm25, np.fromiter(told.values(), dtype=np.float64, count=len(told))])
    if question.mode is Mode.SEMANTIC:
        bm25 = np.zeros_like(bm25)
    best = float(max(bm25.max(initial=0.0), found.bm25.max(initial=0.0)))
    scores = _scored(question, nums, bm25, best)
    if matches_too:
        scores = _echoed(question, nums, scores)
    order = np.lexsort((nums, -scores))
    order = order[scores[order] > 0]
    return Ranked(nums[order], scores[order], np.isin(nums[order], found.nums))


def _scored(
    question: Question, nums: NDArray[np.int64], bm25: NDArray[np.float64], best: float
) -> NDArray[np.float64]:
    cosines = question.generation.vectors.take(nums).cosines(question.vector)
    scores = fuse(bm25, cosines, best)
    if question.reranking is None or not question.vector.any():
        return scores
    head = np.lexsort((nums, -scores))[:DEPTH]
    cosines[head] = question.reranking.cosines(nums[head], cosines[head])
    return fuse(bm25, cosines, best)


def _echoed(
    question: Question, nums: NDArray[np.int64], scores: NDArray[np.float64]
) -> NDArray[np.float64]:
    vectors = question.generation.vectors
    if not question.vector.any():
        return scores
    best = np.lexsort((nums, -scores))[:FEEDBACK_PAPERS]
    mean = scores[best].astype(np.float32) @ vectors.take(nums[best]).dequantized()
    length = np.linalg.norm(mean)
    return with_feedback(scores, vectors.take(nums).cosines(mean / length)) if length else scores


def _near(question: Question, listed: NDArray[np.int64] | None, depth: int) -> NDArray[np.int64]:
    vectors = question.generation.vectors
    if listed is None:
        filtered = question.asked.must is not None
        return vectors.nearest(question.vector, _DEEP if filtered else depth)[0]
    cosines = vectors.take(listed).cosines(question.vector)
    return listed[np.lexsort((listed, -cosines))[:depth]] if question.vector.any() else listed[:0]


def _joined(first: Ranked, second: Ranked) -> Ranked:
    return Ranked(
        np.concatenate([first.nums, second.nums]),
        np.concatenate([first.scores, second.scores]),
        np.concatenate([first.matched, second.matched]),
    )

"""Answer a query: matches, which hold every word, then neighbours, which are near in meaning."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from broadsheet.index.generation import Generation
from broadsheet.index.lexical import Found, Words
from broadsheet.index.searchindex import SearchIndex
from broadsheet.model import Hit, HitList, Paper, Tier
from broadsheet.rules.fusion import fuse
from broadsheet.rules.reason import why_match, why_neighbour
from broadsheet.store.database import Database
from broadsheet.store.papers import papers_by_num

# How many of the best matches are put in order by words and meaning together; those after them
# keep the order of their BM25 sums.
_WEIGHED_MATCHES = 1_000
_CANDIDATES = 1_000
_NEIGHBOURS = 1_000


@dataclass(frozen=True, slots=True)
class _Ranked:
    """One tier's papers in order."""

    nums: NDArray[np.int64]
    scores: NDArray[np.float64]


def search(database: Database, index: SearchIndex, query: str, n: int, offset: int) -> HitList:
    """Find papers by word and by meaning.

    Parameters
    ----------
    database : Database
        The library the index was made of.
    index : SearchIndex
        What is searched.
    query : str
        Plain words.
    n : int
        How many hits at most.
    offset : int
        How many of the best to pass over.

    Returns
    -------
    HitList
        The same query over the same index gives the same list, however it is cut into pages.
    """
    generation = index.generation
    words = generation.lexical.words(query)
    vector = generation.encoder.encode([query])[0]
    found = generation.lexical.matches(words, max(_WEIGHED_MATCHES, offset + n))
    others = generation.lexical.others(words, _CANDIDATES)
    best = max(found.bm25.max(initial=0.0), others.bm25.max(initial=0.0))
    matches = _rank_matches(generation, vector, found, best)
    neighbours = _rank_neighbours(generation, vector, words, others, best)
    page = _page(found.total, matches, neighbours, n, offset)
    with database.read() as connection:
        papers = papers_by_num(connection, [num for _, num, _ in page])
    cosines = dict(
        zip(
            papers,
            generation.semantic.cosines(vector, list(papers)).tolist(),
            strict=True,
        )
    )
    hits = [
        Hit(
            rank=rank,
            paper=papers[num],
            tier=tier,
            score=score,
            why=_why(generation, words, tier, papers[num], cosines[num]),
        )
        for rank, (tier, num, score) in enumerate(page, start=offset + 1)
        if num in papers
    ]
    return HitList(query, found.total + len(neighbours.nums), found.total, tuple(hits))


def _rank_matches(
    generation: Generation, vector: NDArray[np.float32], found: Found, best: float
) -> _Ranked:
    cosines = generation.semantic.cosines(vector, found.nums)
    scores = fuse(found.bm25, cosines, best)
    head = slice(0, _WEIGHED_MATCHES)
    order = np.lexsort((found.nums[head], -scores[head], -found.grades[head]))
    order = np.concatenate([order, np.arange(len(order), len(scores))])
    return _Ranked(found.nums[order], scores[order])


def _rank_neighbours(
    generation: Generation,
    vector: NDArray[np.float32],
    words: Words,
    others: Found,
    best: float,
) -> _Ranked:
    near, _ = generation.semantic.nearest(vector, _CANDIDATES)
    weighed = dict(zip(others.nums.tolist(), others.bm25.tolist(), strict=True))
    unweighed = [num for num in near.tolist() if num not in weighed]
    weighed.update(generation.lexical.weigh(words, unweighed))
    nums = np.fromiter(weighed.keys(), dtype=np.int64, count=len(weighed))
    bm25 = np.fromiter(weighed.values(), dtype=np.float64, count=len(weighed))
    scores = fuse(bm25, generation.semantic.cosines(vector, nums), best)
    order = np.lexsort((nums, -scores))[:_NEIGHBOURS]
    order = order[scores[order] > 0]
    return _Ranked(nums[order], scores[order])


def _page(
    total_matches: int, matches: _Ranked, neighbours: _Ranked, n: int, offset: int
) -> list[tuple[Tier, int, float]]:
    page = [
        (Tier.MATCH, num, score)
        for num, score in zip(
            matches.nums[offset : offset + n].tolist(),
            matches.scores[offset : offset + n].tolist(),
            strict=True,
        )
    ]
    start = max(0, offset - total_matches)
    room = n - len(page) if offset + n > total_matches else 0
    page += [
        (Tier.NEIGHBOUR, num, score)
        for num, score in zip(
            neighbours.nums[start : start + room].tolist(),
            neighbours.scores[start : start + room].tolist(),
            strict=True,
        )
    ]
    return page


def _why(generation: Generation, words: Words, tier: Tier, paper: Paper, cosine: float) -> str:
    title = generation.lexical.forms(paper.title)
    abstract = generation.lexical.forms(paper.abstract or "")
    if tier is Tier.MATCH:
        return why_match(words.exact, words.stems, title, abstract)
    return why_neighbour(words.exact, words.stems, {**abstract, **title}, cosine)

"""Answer a query."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from broadsheet.errors import SearchIndexError
from broadsheet.index.local.generation import Generation
from broadsheet.index.local.searchindex import SearchIndex
from broadsheet.index.local.words import Words
from broadsheet.model import Hit, HitList, Mode, Paper, Sort, Tier
from broadsheet.rules.fusion import SENTENCE_WORDS
from broadsheet.rules.query import Query, parse
from broadsheet.search.explaining import explain
from broadsheet.search.ordering import by_date, by_trend
from broadsheet.search.ranking import Question, Ranked, in_one_list, in_tiers
from broadsheet.search.reranker import Reranker
from broadsheet.search.spelling import respelt
from broadsheet.store.database import Database
from broadsheet.store.papers import papers_by_num

_log = logging.getLogger("broadsheet.search")


@dataclass(frozen=True, slots=True)
class Request:
    """What is wanted of a search.

    Parameters
    ----------
    text : str
        The query, in the query language of :mod:`broadsheet.rules.query`.
    today : date
        What ``since:7d`` counts from.
    n, offset : int
        How many hits at most, and how many of the best to pass over.
    mode : Mode
        Words, meaning, or both.
    sort : Sort
        What puts the hits in order.
    facets : bool
        Whether to count the matches by category and year.
    """

    text: str
    today: date
    n: int = 20
    offset: int = 0
    mode: Mode = Mode.HYBRID
    sort: Sort = Sort.RELEVANCE
    facets: bool = False


def search(
    database: Database,
    index: SearchIndex,
    request: Request,
    reranker: Reranker | None = None,
) -> HitList:
    """Find papers by word and by meaning.

    Parameters
    ----------
    database : Database
        The library the index was made of.
    index : SearchIndex
        What is searched.
    request : Request
        What is wanted.
    reranker : Reranker, optional
        Reranks the top results.

    Returns
    -------
    HitList
        The same query over the same index gives the same list, however it is cut into pages.
    """
    query = parse(request.text, request.today)
    generation = index.generation
    answer = _answer(database, generation, query, request, reranker)
    meant = None
    if answer.tiers and not answer.matches:
        meant = respelt(generation.lexical, query)
    if meant is None:
        return replace(answer, query=request.text)
    other = parse(meant, request.today)
    instead = _answer(database, generation, other, request, reranker)
    note = f"No paper holds every word as it was written: these are the papers for “{meant}”."
    return replace(instead, query=request.text, suggestion=meant, note=note)


def _answer(
    database: Database,
    generation: Generation,
    query: Query,
    request: Request,
    reranker: Reranker | None,
) -> HitList:
    asked = generation.lexical.asked(query.plain, query.filters, query.choice)
    vector, missing = _meaning(generation, query.plain, request.mode)
    reranking = reranker.for_query(query.plain) if reranker is not None else None
    question = Question(generation, asked, vector, request.mode, reranking)
    tiers = request.mode is not Mode.SEMANTIC and len(query.words) < SENTENCE_WORDS
    rank = in_tiers if tiers else in_one_list
    stretch = request.offset, request.offset + request.n
    with database.read() as connection:
        if request.sort is Sort.DATE or not asked.words.exact:
            ranking = by_date(connection, question, rank, *stretch)
        elif request.sort is Sort.TRENDING:
            ranking = by_trend(connection, question, rank, *stretch)
        else:
            ranking = rank(question, *stretch)
        papers = papers_by_num(connection, ranking.page.nums.tolist())
    hits = _hits(query.plain, asked.words, ranking.page, papers, request.offset)
    return HitList(
        query=query.text,
        total=ranking.total,
        matches=ranking.matches,
        hits=hits,
        tiers=tiers,
        note=query.note or missing,
        facets=generation.lexical.facets(asked) if request.facets else {},
    )


def _meaning(
    generation: Generation, text: str, mode: Mode
) -> tuple[NDArray[np.float32], str | None]:
    """Give the vector of a query, and a note where there is none for want of an encoder."""
    nothing = np.zeros(generation.dim, dtype=np.float32)
    if mode is Mode.LEXICAL:
        return nothing, None
    try:
        return generation.encode([text])[0], None
    except SearchIndexError as error:
        _log.warning("%s", error)
        return nothing, "Papers were looked for by word alone: meaning is out of reach just now."


def _hits(
    text: str, words: Words, page: Ranked, papers: Mapping[int, Paper], offset: int
) -> tuple[Hit, ...]:
    order = [
        (rank, papers[num], Tier.MATCH if matched else Tier.NEIGHBOUR, score)
        for rank, num, matched, score in zip(
            range(offset + 1, offset + 1 + len(page.nums)),
            page.nums.tolist(),
            page.matched.tolist(),
            page.scores.tolist(),
            strict=True,
        )
        if num in papers
    ]
    reasons = explain(text, words, [(paper, tier) for _, paper, tier, _ in order])
    return tuple(
        Hit(rank, paper, tier, score, reason.why, reason.words)
        for (rank, paper, tier, score), reason in zip(order, reasons, strict=True)
    )

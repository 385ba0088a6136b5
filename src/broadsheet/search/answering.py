"""Search the library: from a query to hits."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection

from broadsheet.index.analyzer import words_in
from broadsheet.index.engine import EngineResponse, SearchEngine
from broadsheet.model import Hit, HitList, Mode, Paper, Sort, Tier
from broadsheet.rules.facet_counts import facet_counts
from broadsheet.rules.fusion import SENTENCE_WORDS
from broadsheet.rules.query import Field, Query, Within, Word, parse
from broadsheet.search.explaining import explain
from broadsheet.search.ordering import by_date, by_trend
from broadsheet.search.ranking import Ranking, Retrieval, Window, in_one_list, in_tiers
from broadsheet.search.reranker import Reranker
from broadsheet.search.titles import TitleOrder
from broadsheet.store.database import Database
from broadsheet.store.papers import categories_and_dates, existing_papers, papers_by_num

_log = logging.getLogger("broadsheet.search")


@dataclass(frozen=True, slots=True)
class Request:
    """A search request.

    Parameters
    ----------
    query : Query
        The parsed query.
    today : date
        The day from which a corrected query counts ``since:7d``.
    n : int
        The most hits returned.
    offset : int
        The number of hits before them.
    mode : Mode
        Words, meaning, or both.
    sort : Sort
        The order of the hits.
    facets : bool
        Whether to count the matches by category and year.
    clamp : bool
        Whether an `offset` past the end returns the last page, of `n` hits, instead of none.
    """

    query: Query
    today: date
    n: int = 20
    offset: int = 0
    mode: Mode = Mode.HYBRID
    sort: Sort = Sort.RELEVANCE
    facets: bool = False
    clamp: bool = False


def search(
    database: Database,
    engine: SearchEngine,
    request: Request,
    reranker: Reranker | None = None,
) -> HitList:
    """Search papers by words and meaning.

    If no paper contains all words and some are likely misspelled, the corrected query is searched.

    Parameters
    ----------
    database : Database
        The library.
    engine : SearchEngine
        An index of its papers.
    request : Request
        The query, and which hits to return.
    reranker : Reranker, optional
        Reranks the top results.

    Returns
    -------
    HitList
        The same query to the same index returns the same list, however it is divided into pages.
    """
    query, suggestion = request.query, None
    if query.paper_id is not None:
        named = _named(database, query.paper_id)
        if named is None:
            return _unknown(query, query.paper_id)
        request = replace(request, query=named)
    ranking = _ranked(database, engine, request, reranker)
    if not ranking.matches and (_has_tiers(request) or not ranking.total):
        suggestion = engine.suggest(query)
    if suggestion is not None:
        meant = replace(request, query=parse(suggestion, request.today))
        corrected = _ranked(database, engine, meant, reranker)
        if corrected.total:
            request, ranking = meant, corrected
        else:
            suggestion = None
    # Only now, because a ranking may be replaced by that of the corrected query.
    with database.read() as connection:
        papers = papers_by_num(connection, ranking.papers.nums.tolist())
        facets, faceted = _facets(connection, request, ranking)
    return HitList(
        query=query.text,
        total=ranking.total,
        matches=ranking.matches,
        hits=_hits(request.query, ranking, papers),
        offset=ranking.offset,
        tiers=_has_tiers(request),
        has_words=_has_words(request),
        note=_note(request.query, suggestion, ranking.response),
        suggestion=suggestion,
        facets=facets,
        faceted=faceted,
        is_plain=all(isinstance(clause, Word) for clause in query.clauses),
        unknown_words=ranking.response.unknown_words,
    )


def _named(database: Database, paper_id: str) -> Query | None:
    """Return the query for one paper by any id that it has or had; None if it is unknown."""
    with database.read() as connection:
        found = existing_papers(connection, [paper_id], 1)
    return Query(paper_id, (Within(Field.ID, found[0].id),)) if found else None


def _unknown(query: Query, paper_id: str) -> HitList:
    note = f"No paper of this library has the id {paper_id.partition(':')[2]}."
    return HitList(query.text, total=0, matches=0, hits=(), has_words=False, note=note)


def _ranked(
    database: Database, engine: SearchEngine, request: Request, reranker: Reranker | None
) -> Ranking:
    query = request.query
    reranking = reranker.for_query(query.plain) if reranker is not None else None
    retrieval = Retrieval(engine, query, request.mode, request.facets, reranking)
    window = Window(request.offset, request.n, request.clamp)
    rank = in_tiers if _has_tiers(request) else in_one_list
    # A query without words has no order of relevance.
    if request.sort is Sort.RELEVANCE and _has_words(request):
        return rank(replace(retrieval, titles=TitleOrder(database, query.plain)), window)
    by_dates = request.sort is Sort.DATE or not _has_words(request)
    with database.read() as connection:
        return (by_date if by_dates else by_trend)(connection, retrieval, rank, window)


def _facets(
    connection: Connection, request: Request, ranking: Ranking
) -> tuple[Mapping[str, Mapping[str, int]], int | None]:
    """Count by category and year: the matches, or the first papers of a list by meaning."""
    lists_matches = _has_tiers(request) or request.sort is Sort.DATE
    if not request.facets or (ranking.matches and lists_matches):
        return ranking.response.facets, None
    return facet_counts(categories_and_dates(connection, ranking.head.tolist())), len(ranking.head)


def _has_tiers(request: Request) -> bool:
    return request.mode is not Mode.SEMANTIC and len(request.query.words) < SENTENCE_WORDS


def _has_words(request: Request) -> bool:
    return bool(words_in(request.query.plain))


def _note(query: Query, suggestion: str | None, response: EngineResponse) -> str | None:
    if suggestion is None:
        return query.note or _response_note(response)
    return f"No paper contains all words as you spelled them. Showing results for “{suggestion}”."


def _response_note(response: EngineResponse) -> str | None:
    if response.encoder_error is not None:
        _log.warning("%s", response.encoder_error)
        return "Searched by words only: the encoder cannot be reached."
    if response.in_any_order:
        phrases = ", ".join(f"“{phrase}”" for phrase in response.in_any_order)
        return f"Too common for an exact phrase, so searched in any order: {phrases}."
    return None


def _hits(query: Query, ranking: Ranking, papers: Mapping[int, Paper]) -> tuple[Hit, ...]:
    ranked = ranking.papers
    order = [
        (rank, papers[num], Tier.MATCH if matched else Tier.NEIGHBOUR, score)
        for rank, (num, matched, score) in enumerate(
            zip(
                ranked.nums.tolist(),
                ranked.matched.tolist(),
                ranked.scores.tolist(),
                strict=True,
            ),
            start=ranking.offset + 1,
        )
        if num in papers
    ]
    terms = ranking.response.terms
    reasons = explain(query, terms, [(paper, tier) for _, paper, tier, _ in order])
    return tuple(
        Hit(rank, paper, tier, score, reason.why, reason.words)
        for (rank, paper, tier, score), reason in zip(order, reasons, strict=True)
    )

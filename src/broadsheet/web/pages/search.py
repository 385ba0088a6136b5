"""The search page."""

from functools import partial

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from broadsheet.model import HitList
from broadsheet.rules.query import Query, Word, parse
from broadsheet.rules.query_writing import unparse
from broadsheet.rules.search_summary import search_summary
from broadsheet.web import results, view_models
from broadsheet.web.addresses import paper_path, search_path
from broadsheet.web.dependencies import Context, PageContext
from broadsheet.web.facets import facet_links, parse_sort
from broadsheet.web.feeds.alternates import feeds_at
from broadsheet.web.limits.search_slots import SEARCH_SLOT
from broadsheet.web.page_size import fitted
from broadsheet.web.view_models import Entry

router = APIRouter(include_in_schema=False)
_page = partial(router.api_route, methods=["GET", "HEAD"], response_class=HTMLResponse)


@_page("/search", dependencies=[SEARCH_SLOT])
def search(context: Context, q: str = "", page: str = "1", sort: str = "") -> Response:
    """Search, twenty papers a page; redirect an id, DOI or address to its paper."""
    library = context.library
    text, truncated = view_models.clean_query(q)
    query, order = parse(text, library.today), parse_sort(sort)
    paper_id = query.paper_id
    if paper_id is not None and library.has_paper(paper_id):
        return RedirectResponse(paper_path(paper_id), 303)
    found = library.search(
        query,
        n=results.PAGE_SIZE,
        offset=results.offset(results.page_number(page)),
        sort=order,
        facets=True,
        clamp=True,
    )
    pager = results.pager(found)
    return context.render(
        "search.html",
        query=text,
        truncated=truncated and not query.is_cut,
        unknown_id=paper_id,
        can_fetch=bool(library.settings.source_names),
        summary=search_summary(found),
        fewer=_fewer_words(context, query, found),
        found=found,
        sections=_sections(context, found),
        pager=pager,
        path_of=lambda number: search_path(text, number, order),
        facets=facet_links(query, found, order),
        feeds=()
        if not text or truncated or query.is_cut or paper_id is not None
        else feeds_at("/search", f"Papers on {text}", q=text),
        canonical=search_path(text, pager.page, order) if text else "/search",
    )


def _sections(context: PageContext, found: HitList) -> list[tuple[str, list[Entry]]]:
    paper_ids = [hit.paper.id for hit in found.hits]
    votes = context.library.votes(paper_ids)
    attention = context.library.trending.attention(paper_ids)
    shown = (
        view_models.hit_entry(
            hit, votes=votes.get(hit.paper.id, 0), attention=attention.get(hit.paper.id)
        )
        for hit in found.hits
    )
    entries = {entry.rank: entry for entry in fitted(shown)}
    return [
        (
            tier.heading,
            [entries[hit.rank] for hit in tier.hits],
        )
        for tier in results.tiers(found)
    ]


def _fewer_words(context: PageContext, query: Query, found: HitList) -> str | None:
    """Return a query without the words that no paper contains; None if it finds nothing either."""
    fewer = _known_words(query, found)
    return fewer if fewer and context.library.search(fewer, n=1).total else None


def _known_words(query: Query, found: HitList) -> str | None:
    """Return a query without the words that no paper contains; None if nothing would be left."""
    unknown = set(found.unknown_words)
    if not unknown or found.total:
        return None
    kept = [
        clause
        for clause in query.clauses
        if not (isinstance(clause, Word) and clause.text.casefold() in unknown)
    ]
    is_shorter = len(kept) < len(query.clauses)
    return unparse(kept) if is_shorter and any(isinstance(one, Word) for one in kept) else None

"""The pages a reader reads; nothing is changed by any of them."""

from functools import partial
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from broadsheet.errors import NotFoundError
from broadsheet.library import Library
from broadsheet.model import DeliveryState, Paper
from broadsheet.rules.fusion import FEEDBACK_PAPERS, LEXICAL_SHARE, SENTENCE_WORDS
from broadsheet.rules.gaps import stretches
from broadsheet.rules.query import parse
from broadsheet.rules.reranking import DEPTH
from broadsheet.web import edition_pages, results, view_models
from broadsheet.web.addresses import ids_meant, paper_path, search_path
from broadsheet.web.chart import chart
from broadsheet.web.dependencies import TheLibrary, ThePrinter, TheReader, votes_on
from broadsheet.web.facets import narrowing, sort_named
from broadsheet.web.feeds.alternates import Alternate, feeds_at
from broadsheet.web.formula import constants

router = APIRouter(include_in_schema=False)
# Before the papers, whose ids may hold anything.
router.include_router(edition_pages.router)
_page = partial(router.api_route, methods=["GET", "HEAD"], response_class=HTMLResponse)


@_page("/search")
def search(
    request: Request,
    library: TheLibrary,
    printer: ThePrinter,
    reader: TheReader,
    q: str = "",
    page: str = "1",
    sort: str = "",
) -> Response:
    """Answer a query, twenty papers a page; a pasted id, DOI or address leads to its paper."""
    text, cut = view_models.clean_query(q)
    query, order = parse(text, library.today), sort_named(sort)
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
    votes, voted = votes_on(library, reader, [hit.paper.id for hit in found.hits])
    sections = [
        (
            tier.heading,
            [
                view_models.hit_entry(
                    hit, votes=votes.get(hit.paper.id, 0), voted=hit.paper.id in voted
                )
                for hit in tier.hits
            ],
        )
        for tier in results.tiers(found)
    ]
    return printer.page(
        request,
        "search.html",
        query=text,
        cut=cut,
        missing=paper_id,
        found=found,
        sections=sections,
        pager=pager,
        sort=order,
        narrowing=narrowing(query, found, order),
        feeds=feeds_at("/search", f"Papers on {text}", q=text) if text and not cut else (),
        canonical=search_path(text, pager.page, order) if text else "/search",
    )


@_page("/papers/{paper_id:path}")
def paper(
    request: Request, library: TheLibrary, printer: ThePrinter, reader: TheReader, paper_id: str
) -> Response:
    """Show one paper, whichever of its ids is asked for."""
    found = _meant(library, paper_id)
    if found.id != paper_id:
        return RedirectResponse(paper_path(found.id), 308)
    votes, voted = votes_on(library, reader, [found.id])
    signals = library.signals(found.id)
    return printer.page(
        request,
        "paper.html",
        paper=found,
        entry=view_models.paper_entry(found, votes=votes.get(found.id, 0), voted=found.id in voted),
        records=library.records(found.id),
        attention=view_models.newest_readings(signals),
        chart=chart(signals),
        cites=library.known(found.references),
        near=library.known(found.related),
        related=library.related(found),
        feeds=_category_feeds(found),
        canonical=paper_path(found.id),
    )


@_page("/subscribe")
def subscribe_page(request: Request, printer: ThePrinter) -> Response:
    """Show the form that asks for the daily mail."""
    return printer.page(request, "subscribe.html", email="", problem=None, canonical="/subscribe")


@_page("/about/ranking")
def ranking(request: Request, library: TheLibrary, printer: ThePrinter) -> Response:
    """Say how hits and editions are put in order."""
    return printer.page(
        request,
        "ranking.html",
        canonical="/about/ranking",
        words_percent=round(100 * LEXICAL_SHARE),
        sentence_words=SENTENCE_WORDS,
        echoes=FEEDBACK_PAPERS,
        depth=DEPTH,
        reranking=library.reranker.available,
        rising=constants(),
    )


@_page("/status")
def status(request: Request, library: TheLibrary, printer: ThePrinter) -> Response:
    """Say how each source fares, and which days are missing."""
    states = library.sources.states()
    return printer.page(
        request,
        "status.html",
        states=states,
        missing=[one for state in states for one in stretches(state.gaps)],
        now=library.now,
        canonical="/status",
    )


@router.get("/healthz")
def healthz(library: TheLibrary) -> JSONResponse:
    """Tell a monitor how the library fares."""
    health = library.health()
    return JSONResponse(
        {
            "status": "ok",
            "papers": health.papers,
            "behind": health.behind,
            "edition": health.edition.isoformat() if health.edition else None,
            "gaps": [
                {"source": gap.source, "day": gap.day.isoformat(), "why": gap.why}
                for state in health.sources
                for gap in state.gaps
            ],
            "due": health.deliveries.get(DeliveryState.DUE, 0),
        },
        headers={"Cache-Control": "no-store"},
    )


def _meant(library: Library, text: str) -> Paper:
    for paper_id in ids_meant(text):
        try:
            return library.paper(paper_id)
        except NotFoundError:
            continue
    raise HTTPException(404, "No paper of that name is in this library. Search for its title.")


def _category_feeds(paper: Paper) -> tuple[Alternate, ...]:
    for name in paper.categories[:1]:
        return feeds_at(f"/category/{quote(name, safe='', errors='replace')}", f"New in {name}")
    return ()

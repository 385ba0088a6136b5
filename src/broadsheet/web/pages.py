"""The pages a reader reads; nothing is changed by any of them."""

import re
from collections.abc import Sequence
from datetime import date
from functools import partial

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from broadsheet.errors import NotFoundError
from broadsheet.library import Library
from broadsheet.model import DeliveryState, Edition, Paper
from broadsheet.rules.fusion import ECHOES, LEXICAL_SHARE, SENTENCE_WORDS
from broadsheet.rules.gaps import stretches
from broadsheet.rules.query import paper_asked
from broadsheet.rules.refinement import DEPTH
from broadsheet.web import shaping
from broadsheet.web.addresses import ids_meant, paper_path, search_path
from broadsheet.web.asking import TheLibrary, ThePrinter, TheReader
from broadsheet.web.narrowing import narrowing, sort_named
from broadsheet.web.printer import Printer

ARCHIVE_DAYS = 5_000

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

router = APIRouter(include_in_schema=False)
_page = partial(router.api_route, methods=["GET", "HEAD"], response_class=HTMLResponse)


@_page("/")
def front(
    request: Request, library: TheLibrary, printer: ThePrinter, reader: TheReader
) -> Response:
    """Show the newest edition."""
    try:
        edition = library.edition()
    except NotFoundError:
        return printer.notice(
            request,
            "The first edition is still to be printed",
            "It is made from the papers in the library at the hour the editor has set. "
            "Until then everything can be searched.",
        )
    return _edition(request, library, printer, reader, edition)


@_page("/papers/date/{day}")
def dated(
    request: Request, library: TheLibrary, printer: ThePrinter, reader: TheReader, day: str
) -> Response:
    """Show the edition of one day."""
    try:
        wanted = date.fromisoformat(day if _DAY.fullmatch(day) else "")
        edition = library.edition(wanted)
    except ValueError:
        raise HTTPException(404, "A day is written like 2025-02-20 here.") from None
    except NotFoundError:
        raise HTTPException(
            404, f"No edition was printed on {shaping.long_date(wanted)}."
        ) from None
    return _edition(request, library, printer, reader, edition)


@_page("/editions")
def editions(request: Request, library: TheLibrary, printer: ThePrinter) -> Response:
    """List all editions by month."""
    months = shaping.by_month([one.first for one in library.desk.printed(limit=ARCHIVE_DAYS)])
    return printer.page(request, "editions.html", months=months, canonical="/editions")


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
    query, cut = shaping.clean_query(q)
    asked, order = shaping.page_number(page), sort_named(sort)
    meant = paper_asked(query)
    if meant is not None and library.has_paper(meant):
        return RedirectResponse(paper_path(meant), 303)
    found = library.search(
        query, n=shaping.PAGE_SIZE, offset=shaping.offset(asked), sort=order, facets=True
    )
    pager = shaping.pager(asked, found.total)
    if pager.page != asked:
        found = library.search(
            query, n=shaping.PAGE_SIZE, offset=shaping.offset(pager.page), sort=order, facets=True
        )
    votes, voted = _attention(library, reader, [hit.paper.id for hit in found.hits])
    sections = [
        (
            section.heading,
            [
                shaping.hit_entry(
                    hit, votes=votes.get(hit.paper.id, 0), voted=hit.paper.id in voted
                )
                for hit in section.hits
            ],
        )
        for section in shaping.sections(found)
    ]
    return printer.page(
        request,
        "search.html",
        query=query,
        cut=cut,
        missing=meant,
        found=found,
        sections=sections,
        pager=pager,
        sort=order,
        narrowing=narrowing(found, order, library.today),
        canonical=search_path(query, pager.page, order) if query else "/search",
    )


@_page("/papers/{paper_id:path}")
def paper(
    request: Request, library: TheLibrary, printer: ThePrinter, reader: TheReader, paper_id: str
) -> Response:
    """Show one paper, whichever of its ids is asked for."""
    found = _meant(library, paper_id)
    if found.id != paper_id:
        return RedirectResponse(paper_path(found.id), 308)
    votes, voted = _attention(library, reader, [found.id])
    return printer.page(
        request,
        "paper.html",
        paper=found,
        entry=shaping.paper_entry(found, votes=votes.get(found.id, 0), voted=found.id in voted),
        records=library.records(found.id),
        attention=shaping.newest_readings(library.signals(found.id)),
        cites=library.known(found.references),
        near=library.known(found.related),
        related=library.related(found),
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
        echoes=ECHOES,
        depth=DEPTH,
        refined=library.refiner is not None,
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


def _edition(
    request: Request, library: Library, printer: Printer, reader: str | None, edition: Edition
) -> Response:
    votes, voted = _attention(library, reader, [item.paper_id for item in edition.items])
    entries = [
        shaping.edition_entry(item, votes=votes.get(item.paper_id, 0), voted=item.paper_id in voted)
        for item in edition.items
    ]
    older, newer = shaping.beside(
        [one.first for one in library.desk.printed(limit=ARCHIVE_DAYS)], edition.date
    )
    return printer.page(
        request,
        "edition.html",
        edition=edition,
        entries=entries,
        older=older,
        newer=newer,
        canonical=f"/papers/date/{edition.date.isoformat()}",
    )


def _meant(library: Library, text: str) -> Paper:
    for paper_id in ids_meant(text):
        try:
            return library.paper(paper_id)
        except NotFoundError:
            continue
    raise HTTPException(404, "No paper of that name is in this library. Search for its title.")


def _attention(
    library: Library, reader: str | None, paper_ids: Sequence[str]
) -> tuple[dict[str, int], set[str]]:
    voted = library.voted(reader, paper_ids) if reader else set()
    return library.votes(paper_ids), voted

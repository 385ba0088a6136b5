"""The page of one paper."""

from functools import partial

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from broadsheet.model import Paper
from broadsheet.web import view_models
from broadsheet.web.addresses import category_path, paper_path, path_id
from broadsheet.web.chart import chart
from broadsheet.web.citations import metadata
from broadsheet.web.citations.citation import cite
from broadsheet.web.citations.formats import formats
from broadsheet.web.convertors import PAPER_ID
from broadsheet.web.dependencies import NO_PAPER, Context, PageContext, find_paper
from broadsheet.web.feeds.alternates import Alternate, feeds_at
from broadsheet.web.full_texts import full_texts
from broadsheet.web.limits.search_slots import SEARCH_SLOT
from broadsheet.web.page_size import fitted_names

router = APIRouter(include_in_schema=False)
_page = partial(router.api_route, methods=["GET", "HEAD"], response_class=HTMLResponse)
# The source of a signal of the Hugging Face Hub's page about a paper.
_HUB = "hf"


@_page(f"/papers/{PAPER_ID}", dependencies=[SEARCH_SLOT])
def paper(context: Context, paper_id: str) -> Response:
    """Return the page of a paper; redirect from any other of its ids."""
    library = context.library
    found = find_paper(library, paper_id)
    if found is None:
        raise HTTPException(404, NO_PAPER)
    if path_id(found.id) != paper_id:
        return RedirectResponse(paper_path(found.id), 308)
    signals = library.signals(found.id)
    on_hub = any(signal.source == _HUB for signal in signals)
    return context.render(
        "paper.html",
        work=_work(context, found, on_hub=on_hub),
        paper=found,
        named=fitted_names(found.authors),
        entry=view_models.paper_entry(found, votes=library.votes([found.id]).get(found.id, 0)),
        records=library.records(found.id),
        attention=view_models.attention_totals(signals),
        chart=chart(signals),
        cites=library.known(found.references),
        near=library.known(found.related),
        related=library.related(found),
        feeds=_category_feeds(found),
        canonical=paper_path(found.id),
    )


def _work(context: PageContext, found: Paper, *, on_hub: bool) -> dict[str, object]:
    """Return what the page says about the work itself, most of it in its head."""
    settings = context.library.settings
    page = f"{settings.base_url}{paper_path(found.id)}"
    citation = cite(found)
    places = full_texts(found, on_hub=on_hub)
    pdf = next((place.url for place in places if place.is_pdf), None)
    return {
        "path": paper_path(found.id),
        "description": metadata.description(found),
        "citation_tags": metadata.citation_tags(citation, found, pdf),
        "open_graph": metadata.open_graph(found, page, settings.title),
        "json_ld": metadata.json_ld(citation, found, page),
        "citations": formats(citation),
        # With tokens, readers of the page may not fetch the paper as Markdown.
        "is_open": settings.api == "open",
        "full_texts": places,
    }


def _category_feeds(paper: Paper) -> tuple[Alternate, ...]:
    if not paper.categories:
        return ()
    name = paper.categories[0]
    return feeds_at(category_path(name), f"New in {name}")

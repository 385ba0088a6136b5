"""Pages that list the papers of a category or of an author."""

from functools import partial
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse, Response

from broadsheet.model import Paper, Sort
from broadsheet.rules.query import Field, Within
from broadsheet.rules.query_tokens import without_quotes
from broadsheet.rules.query_writing import unparse
from broadsheet.web import results, view_models
from broadsheet.web.addresses import author_path, category_path, plain, trending_path
from broadsheet.web.convertors import LIST_NAME
from broadsheet.web.dependencies import Context, PageContext
from broadsheet.web.feeds.alternates import feeds_at
from broadsheet.web.limits.search_slots import SEARCH_SLOT
from broadsheet.web.page_size import fitted
from broadsheet.web.view_models import Entry

PAGE_SIZE = 50
NAME_CHARS = 100

router = APIRouter(include_in_schema=False)
_page = partial(router.api_route, methods=["GET", "HEAD"], response_class=HTMLResponse)


@_page(f"/categories/{LIST_NAME}")
def category(context: Context, name: str, after: str = "") -> Response:
    """List the papers of a category, newest first."""
    wanted = plain(name)
    path = category_path(wanted)
    if not 1 <= len(wanted) <= NAME_CHARS:
        raise HTTPException(404, f"A category name has 1 to {NAME_CHARS} characters.")
    try:
        papers, last = context.library.newest(PAGE_SIZE, after or None, wanted)
    except (ValueError, OverflowError):
        raise HTTPException(400, "Invalid `after`; start at the first page of the list.") from None
    if not papers and not after:
        raise HTTPException(404, f"No paper in this library is in the category {wanted}.")
    return context.render(
        "category.html",
        name=wanted,
        is_first=not after,
        entries=_entries(context, papers, 1),
        first=path,
        trending=trending_path(wanted),
        next=f"{path}?{urlencode({'after': last})}" if last else None,
        feeds=feeds_at(path, f"New in {wanted}"),
        canonical=f"{path}?{urlencode({'after': after})}" if after else path,
    )


@_page("/authors/{name:path}", dependencies=[SEARCH_SLOT])
def author(context: Context, name: str, page: str = "1") -> Response:
    """List the papers of an author, newest first."""
    wanted = plain(without_quotes(name))
    # A phrase without a letter or digit would match all papers.
    if len(wanted) > NAME_CHARS or not any(letter.isalnum() for letter in wanted):
        raise HTTPException(404, f"An author name has 1 to {NAME_CHARS} characters.")
    query = unparse([Within(Field.AUTHOR, wanted, phrase=True)])
    offset = results.offset(results.page_number(page))
    found = context.library.search(
        query, n=results.PAGE_SIZE, offset=offset, sort=Sort.DATE, clamp=True
    )
    pager = results.pager(found)
    if not found.hits:
        raise HTTPException(404, f"No paper in this library has an author named {wanted}.")

    def path_of(number: int) -> str:
        path = author_path(wanted)
        return f"{path}?page={number}" if number > 1 else path

    return context.render(
        "author.html",
        name=wanted,
        total=found.total,
        entries=_entries(context, [hit.paper for hit in found.hits], found.offset + 1),
        pager=pager,
        path_of=path_of,
        feeds=feeds_at("/search", f"Papers by {wanted}", q=query),
        canonical=path_of(pager.page),
    )


def _entries(context: PageContext, papers: list[Paper], first_rank: int) -> list[Entry]:
    paper_ids = [paper.id for paper in papers]
    votes = context.library.votes(paper_ids)
    attention = context.library.trending.attention(paper_ids)
    return fitted(
        view_models.paper_entry(
            paper,
            votes=votes.get(paper.id, 0),
            rank=rank,
            attention=attention.get(paper.id),
        )
        for rank, paper in enumerate(papers, start=first_rank)
    )

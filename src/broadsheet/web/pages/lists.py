"""Pages that list the papers of a category or of an author, and all categories."""

from collections.abc import Callable
from functools import partial
from itertools import groupby
from typing import NamedTuple

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from broadsheet.model import Paper
from broadsheet.rules.category_names import archive, category_name
from broadsheet.web import named_lists, results, view_models
from broadsheet.web.addresses import author_path, category_path, plain, trending_path
from broadsheet.web.convertors import LIST_NAME
from broadsheet.web.dependencies import Context, PageContext
from broadsheet.web.feeds.alternates import feeds_at
from broadsheet.web.limits.search_slots import SEARCH_SLOT
from broadsheet.web.named_lists import NAME_CHARS
from broadsheet.web.page_size import fitted
from broadsheet.web.view_models import Entry

CATEGORIES_LISTED = 1_000

router = APIRouter(include_in_schema=False)
_page = partial(router.api_route, methods=["GET", "HEAD"], response_class=HTMLResponse)


class CategoryCount(NamedTuple):
    """One category of the library and the number of its papers."""

    category: str
    papers: int


class Archive(NamedTuple):
    """The categories of one archive of arXiv, or of none."""

    name: str
    category: str | None
    categories: tuple[CategoryCount, ...]


@_page("/categories", dependencies=[SEARCH_SLOT])
def categories(context: Context) -> Response:
    """List all categories with the number of their papers."""
    counts = context.library.categories()
    return context.render(
        "categories.html",
        archives=archives(counts),
        total=len(counts),
        limit=CATEGORIES_LISTED,
        canonical="/categories",
    )


@_page(f"/categories/{LIST_NAME}", dependencies=[SEARCH_SLOT])
def category(context: Context, name: str, page: str = "1") -> Response:
    """List the papers of a category, newest first."""
    wanted = named_lists.category_in(name)
    if wanted is None:
        raise HTTPException(404, f"A category name has 1 to {NAME_CHARS} characters.")
    offset = results.offset(results.page_number(page))
    found = named_lists.in_category(context.library, wanted, results.PAGE_SIZE, offset)
    papers = [hit.paper for hit in found.hits]
    if not papers:
        raise HTTPException(404, f"No paper in this library is in the category {wanted}.")
    spelled = named_lists.spelled_category(wanted, papers)
    path = category_path(spelled)
    if spelled != wanted:
        return RedirectResponse(path, 308)
    pager = results.pager(found)
    return context.render(
        "category.html",
        name=wanted,
        title=category_name(wanted),
        total=found.total,
        entries=_entries(context, papers, found.offset + 1),
        trending=trending_path(wanted),
        pager=pager,
        path_of=_pages_of(path),
        feeds=feeds_at(path, f"New in {wanted}"),
        canonical=_pages_of(path)(pager.page),
    )


@_page(f"/authors/{LIST_NAME}", dependencies=[SEARCH_SLOT])
def author(context: Context, name: str, page: str = "1") -> Response:
    """List the papers of an author, newest first."""
    wanted = named_lists.author_in(name)
    if wanted is None:
        raise HTTPException(404, f"An author name has 1 to {NAME_CHARS} characters.")
    if "," in name and wanted != plain(name):
        return RedirectResponse(author_path(wanted), 308)
    offset = results.offset(results.page_number(page))
    found = named_lists.by_author(context.library, wanted, results.PAGE_SIZE, offset)
    papers = [hit.paper for hit in found.hits]
    if not papers:
        raise HTTPException(404, f"No paper in this library has an author named {wanted}.")
    spelled = named_lists.spelled_author(wanted, papers)
    path = author_path(spelled or wanted)
    pager = results.pager(found)
    return context.render(
        "author.html",
        name=spelled or wanted,
        is_whole=spelled is not None,
        total=found.total,
        entries=_entries(context, papers, found.offset + 1),
        pager=pager,
        path_of=_pages_of(path),
        feeds=feeds_at(path, f"Papers by {spelled or wanted}"),
        canonical=_pages_of(path)(pager.page),
    )


def archives(counts: dict[str, int]) -> list[Archive]:
    """Group categories by archive, the largest first; those outside of arXiv come last.

    Parameters
    ----------
    counts : dict of str to int
        The number of papers of each category.
    """
    listed = sorted(counts.items(), key=lambda item: -item[1])[:CATEGORIES_LISTED]
    others = [CategoryCount(*item) for item in listed if not category_name(item[0])]
    of_arxiv = sorted((item for item in listed if category_name(item[0])), key=_archive_of)
    found = [
        Archive(category_name(name) or name, name, tuple(CategoryCount(*item) for item in of))
        for name, of in groupby(of_arxiv, _archive_of)
    ]
    # An archive without categories is listed as one.
    found.sort(key=_negative_papers)
    single = [
        group
        for group in found
        if group.categories[0].category == group.category and len(group.categories) == 1
    ]
    groups = [group for group in found if group not in single]
    alone = tuple(group.categories[0] for group in single)
    groups += [Archive("Other archives", None, alone)] if alone else []
    return [*groups, Archive("Keywords", None, tuple(others))] if others else groups


def _archive_of(item: tuple[str, int]) -> str:
    return archive(item[0])


def _negative_papers(group: Archive) -> int:
    return -sum(each.papers for each in group.categories)


def _pages_of(path: str) -> Callable[[int], str]:
    def path_of(number: int) -> str:
        return f"{path}?page={number}" if number > 1 else path

    return path_of


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

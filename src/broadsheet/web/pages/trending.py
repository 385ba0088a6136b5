"""The page of trending papers."""

from functools import partial

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse, Response

from broadsheet.web import view_models
from broadsheet.web.addresses import plain, trending_path
from broadsheet.web.dependencies import Context
from broadsheet.web.feeds.alternates import feeds_at
from broadsheet.web.page_size import fitted

PAGE_SIZE = 50
CATEGORY_CHARS = 100

router = APIRouter(include_in_schema=False)
_page = partial(router.api_route, methods=["GET", "HEAD"], response_class=HTMLResponse)


@_page("/trending")
def trending(context: Context, category: str = "", after: str = "") -> Response:
    """List the trending papers, of one category or of all."""
    name = plain(category)[:CATEGORY_CHARS]
    try:
        found = context.library.trending_or_edition(PAGE_SIZE, after or None, name or None)
    except (ValueError, OverflowError):
        raise HTTPException(
            400, "Invalid `after`; start at the first page of the list, /trending."
        ) from None
    papers = [trend.paper for trend in found.trends]
    votes = context.library.votes([paper.id for paper in papers])
    return context.render(
        "trending.html",
        category=name,
        is_first=not after,
        edition=found.edition,
        note=view_models.stand_in_note(found),
        entries=fitted(
            view_models.trend_entry(trend, votes=votes.get(trend.paper.id, 0))
            for trend in found.trends
        ),
        categories=[(each, trending_path(each)) for each in view_models.categories_of(papers)],
        first=trending_path(name),
        next=trending_path(name, found.after) if found.after else None,
        feeds=feeds_at("/trending", f"Trending in {name}" if name else "Trending", category=name),
        canonical=trending_path(name, after),
    )

"""Permanent redirects from earlier addresses and from the page addresses of the hub."""

from collections.abc import Callable
from functools import partial
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse

from broadsheet.web.addresses import search_path
from broadsheet.web.convertors import PERIOD

# Earlier addresses that take no parameters in their path, and those that feed readers try.
MOVED = {
    "/papers/date.atom": "/editions/day.atom",
    "/papers/date.json": "/editions/day.json",
    "/papers/week.atom": "/editions/week.atom",
    "/papers/week.json": "/editions/week.json",
    "/papers/month.atom": "/editions/month.atom",
    "/papers/month.json": "/editions/month.json",
    "/papers/trending": "/trending",
    "/papers/trending.atom": "/trending.atom",
    "/papers/trending.json": "/trending.json",
    "/editions.atom": "/editions/day.atom",
    "/editions.json": "/editions/day.json",
    "/feed": "/editions/day.atom",
    "/feed.xml": "/editions/day.atom",
    "/atom.xml": "/editions/day.atom",
    "/rss.xml": "/editions/day.atom",
}
_RENAMED_FIELDS = {"printing": "revision"}

router = APIRouter(include_in_schema=False)
_page = partial(router.api_route, methods=["GET", "HEAD"])


@_page("/papers")
def hub_papers(q: str = "", date: str = "", week: str = "", month: str = "") -> RedirectResponse:
    """Redirect the hub's list of papers to a search, an edition or the front page."""
    if q:
        return _redirect(search_path(q))
    period = date or week or month
    return _redirect(f"/editions/{_quoted(period)}" if period else "/")


@_page(f"/papers/date/{PERIOD}")
@_page(f"/papers/week/{PERIOD}")
@_page(f"/papers/month/{PERIOD}")
def edition(request: Request, period: str) -> RedirectResponse:
    """Redirect an edition to its address under ``/editions``."""
    return _redirect(f"/editions/{_quoted(period)}", request)


@_page("/category/{name:path}")
def category(request: Request, name: str) -> RedirectResponse:
    """Redirect a category, with or without the extension of a feed."""
    return _redirect(f"/categories/{_quoted(name)}", request)


def _moved_to(path: str) -> Callable[[Request], RedirectResponse]:
    def redirect(request: Request) -> RedirectResponse:
        return _redirect(path, request)

    return redirect


for _old, _new in MOVED.items():
    _page(_old)(_moved_to(_new))


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="replace")


def _redirect(path: str, request: Request | None = None) -> RedirectResponse:
    """Redirect to a path on this site; keep the query of `request`, with its new names."""
    fields = request.query_params.multi_items() if request else []
    renamed = [(_RENAMED_FIELDS.get(name, name), value) for name, value in fields]
    query = f"?{urlencode(renamed, errors='replace')}" if renamed else ""
    return RedirectResponse(f"{path}{query}", 308)

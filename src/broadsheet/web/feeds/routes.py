"""The feeds: editions, what is rising, every search and every category."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import partial
from urllib.parse import quote, urlencode

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from broadsheet.library import Library
from broadsheet.model import Sort, Span
from broadsheet.rules.query import Field, Within, unparse
from broadsheet.web.addresses import search_path
from broadsheet.web.dependencies import TheLibrary
from broadsheet.web.etag import with_etag
from broadsheet.web.feeds import atom, json_feed
from broadsheet.web.feeds.feed import Feed
from broadsheet.web.feeds.syndication import Publisher, clean
from broadsheet.web.view_models import QUERY_CHARS, clean_query

EDITIONS = 10
PAPERS = 50
CATEGORY_CHARS = 100

_TITLE_CHARS = 120
# The same for everybody, but not to be shown again without asking whether it still holds.
_CACHING = "public, no-cache"

_Endpoint = Callable[..., Response]

router = APIRouter(include_in_schema=False)
_page = partial(router.api_route, methods=["GET", "HEAD"])


def _in_both_formats(path: str) -> Callable[[_Endpoint], _Endpoint]:
    def register(endpoint: _Endpoint) -> _Endpoint:
        for suffix in (".atom", ".json"):
            router.add_api_route(path + suffix, endpoint, methods=["GET", "HEAD"])
        return endpoint

    return register


@_in_both_formats("/papers/date")
def days(request: Request, library: TheLibrary) -> Response:
    """Tell the papers of the last days' editions."""
    return _editions(request, library, Span.DAY, path="/papers/date", home="/")


@_in_both_formats("/papers/week")
def weeks(request: Request, library: TheLibrary) -> Response:
    """Tell the papers of the last weeks' editions."""
    return _editions(
        request, library, Span.WEEK, "week by week", path="/papers/week", home="/editions"
    )


@_in_both_formats("/papers/month")
def months(request: Request, library: TheLibrary) -> Response:
    """Tell the papers of the last months' editions."""
    return _editions(
        request, library, Span.MONTH, "month by month", path="/papers/month", home="/editions"
    )


@_in_both_formats("/papers/trending")
def trending(request: Request, library: TheLibrary, category: str = "") -> Response:
    """Tell the papers that rise, the steepest first."""
    name = clean(category)
    if len(name) > CATEGORY_CHARS:
        raise HTTPException(400, f"A category has at most {CATEGORY_CHARS} characters.")
    publisher, path = _publisher(library), "/papers/trending"
    query = f"?{urlencode({'category': name})}" if name else ""
    found = library.trending.list(PAPERS, category=name or None)
    feed = publisher.feed(
        f"rising now in {name}" if name else "rising now",
        [publisher.paper(trend.paper, trend.reason) for trend in found.trends],
        path=path,
        home=path + query,
        query=query,
    )
    return _answer(request, feed)


@_in_both_formats("/search")
def search(request: Request, library: TheLibrary, q: str = "") -> Response:
    """Tell the newest papers that a query finds."""
    asked, cut = clean_query(clean(q))
    if not asked:
        raise HTTPException(
            400, "A feed of a search needs a question, as in /search.atom?q=sparse+attention."
        )
    if cut:
        raise HTTPException(
            400, f"A question has at most {QUERY_CHARS} characters: please ask a shorter one."
        )
    publisher = _publisher(library)
    found = library.search(asked, n=PAPERS, sort=Sort.DATE)
    feed = publisher.feed(
        asked if len(asked) <= _TITLE_CHARS else f"{asked[:_TITLE_CHARS]}…",
        [publisher.paper(hit.paper, hit.reason) for hit in found.hits],
        path="/search",
        home=search_path(asked, sort=Sort.DATE),
        query=f"?{urlencode({'q': asked})}",
    )
    return _answer(request, feed)


@_in_both_formats("/category/{name:path}")
def category(request: Request, library: TheLibrary, name: str) -> Response:
    """Tell the newest papers of a category."""
    wanted = clean(name)
    if not 1 <= len(wanted) <= CATEGORY_CHARS:
        raise HTTPException(
            404, f"A category has 1 to {CATEGORY_CHARS} characters: /category/cs.LG.atom is one."
        )
    publisher = _publisher(library)
    papers, _ = library.newest(PAPERS, category=wanted)
    in_it = unparse([Within(Field.CATEGORY, wanted.lower(), phrase=" " in wanted)])
    feed = publisher.feed(
        f"new in {wanted}",
        [publisher.paper(paper) for paper in papers],
        path=f"/category/{quote(wanted, safe='')}",
        home=search_path(in_it, sort=Sort.DATE),
    )
    return _answer(request, feed)


@_page("/feed")
@_page("/feed.xml")
@_page("/atom.xml")
@_page("/rss.xml")
def guessed() -> Response:
    """Lead programs that guess to the feed of the days."""
    return RedirectResponse("/papers/date.atom", 308)


def _editions(
    request: Request, library: Library, span: Span, about: str = "", *, path: str, home: str
) -> Response:
    publisher = _publisher(library)
    printed = [library.editions.read(period) for period in library.editions.periods(span, EDITIONS)]
    items = [item for edition in printed for item in publisher.printed(edition)]
    feed = publisher.feed(about, items, path=path, home=home)
    return _answer(request, feed, changed=feed.updated if items else None)


def _publisher(library: Library) -> Publisher:
    return Publisher(library.settings.title, library.settings.base_url)


def _answer(request: Request, feed: Feed, changed: datetime | None = None) -> Response:
    """Answer in the format asked for; `changed` is when the list did, where that is known."""
    writer = json_feed if request.url.path.endswith(".json") else atom
    headers = {"Cache-Control": _CACHING}
    if changed is not None:
        headers["Last-Modified"] = format_datetime(changed.astimezone(UTC), usegmt=True)
    answer = with_etag(request, writer.write(feed), writer.MEDIA_TYPE, headers)
    if changed is not None and _is_held_since(request, changed):
        headers["ETag"] = answer.headers["ETag"]
        return Response(status_code=304, headers=headers)
    return answer


def _is_held_since(request: Request, changed: datetime) -> bool:
    # An ETag, where there is one, tells more: a notice against a paper changes no date.
    if "if-none-match" in request.headers:
        return False
    try:
        held = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
    except (ValueError, TypeError, OverflowError):
        return False
    # A date without a zone is in UTC.
    return changed.replace(microsecond=0) <= held.replace(tzinfo=held.tzinfo or UTC)

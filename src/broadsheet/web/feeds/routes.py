"""Routes of the feeds: editions, trending papers, searches, categories and authors."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import quote, urlencode

from fastapi import APIRouter, HTTPException, Request, params
from fastapi.responses import Response

from broadsheet.library import Library
from broadsheet.model import SAMPLE_LABEL, Paper, Sort, Span
from broadsheet.rules.attention_line import rank_line
from broadsheet.rules.query import parse
from broadsheet.rules.search_summary import search_summary
from broadsheet.web import named_lists
from broadsheet.web.addresses import author_path, category_path, search_path, trending_path
from broadsheet.web.calendar import feed_path
from broadsheet.web.dependencies import TheLibrary
from broadsheet.web.feeds import atom, json_feed
from broadsheet.web.feeds.feed import FOUNDED, Feed, FeedItem
from broadsheet.web.feeds.syndication import Publisher, clean
from broadsheet.web.limits.search_slots import SEARCH_SLOT
from broadsheet.web.named_lists import NAME_CHARS
from broadsheet.web.view_models import QUERY_CHARS, clean_query, stand_in_note

EDITIONS = 10
PAPERS = 50

_TITLE_CHARS = 120
# The same for all readers, but revalidated before each use.
_CACHING = "public, no-cache"

_Endpoint = Callable[..., Response]

router = APIRouter(include_in_schema=False)


def _in_both_formats(path: str, *needs: params.Depends) -> Callable[[_Endpoint], _Endpoint]:
    def register(endpoint: _Endpoint) -> _Endpoint:
        for extension in (".atom", ".json"):
            router.add_api_route(
                path + extension, endpoint, methods=["GET", "HEAD"], dependencies=needs
            )
        return endpoint

    return register


@_in_both_formats("/editions/day")
def days(request: Request, library: TheLibrary) -> Response:
    """Return the papers of the most recent daily editions."""
    return _editions(request, library, Span.DAY, name="papers/date", home="/")


@_in_both_formats("/editions/week")
def weeks(request: Request, library: TheLibrary) -> Response:
    """Return the papers of the most recent weekly editions."""
    return _editions(request, library, Span.WEEK, "weekly", name="papers/week", home="/editions")


@_in_both_formats("/editions/month")
def months(request: Request, library: TheLibrary) -> Response:
    """Return the papers of the most recent monthly editions."""
    return _editions(request, library, Span.MONTH, "monthly", name="papers/month", home="/editions")


@_in_both_formats("/trending")
def trending(request: Request, library: TheLibrary, category: str = "") -> Response:
    """Return the trending papers, the highest score first."""
    wanted = clean(category)
    if len(wanted) > NAME_CHARS:
        raise HTTPException(400, f"A category name has at most {NAME_CHARS} characters.")
    publisher = _publisher(library)
    found = library.trending_or_edition(PAPERS, category=wanted or None)
    feed = publisher.feed(
        f"trending in {wanted}" if wanted else "trending",
        _items(library, [(trend.paper, rank_line(trend)) for trend in found.trends]),
        name="papers/trending",
        path="/trending",
        home=trending_path(wanted),
        query=f"?{urlencode({'category': wanted})}" if wanted else "",
        subtitle=stand_in_note(found),
    )
    return _respond(request, feed)


@_in_both_formats("/search", SEARCH_SLOT)
def search(request: Request, library: TheLibrary, q: str = "") -> Response:
    """Return the newest results of a search."""
    query, truncated = clean_query(clean(q))
    if not query:
        raise HTTPException(
            400, "The parameter `q` is required, as in /search.atom?q=sparse+attention."
        )
    if truncated:
        raise HTTPException(
            400, f"The parameter `q` has at most {QUERY_CHARS} characters, percent-encoded."
        )
    parsed = parse(query, library.today)
    if parsed.is_cut:
        raise HTTPException(400, str(parsed.note))
    publisher = _publisher(library)
    found = library.search(parsed, n=PAPERS, sort=Sort.DATE)
    name = query if len(query) <= _TITLE_CHARS else f"{query[:_TITLE_CHARS]}…"
    feed = publisher.feed(
        f"{name}: {search_summary(found)}",
        _items(library, [(hit.paper, hit.reason) for hit in found.hits]),
        name="search",
        path="/search",
        home=search_path(query, sort=Sort.DATE),
        query=f"?{urlencode({'q': query})}",
    )
    return _respond(request, feed)


@_in_both_formats("/categories/{name:path}", SEARCH_SLOT)
def category(request: Request, library: TheLibrary, name: str) -> Response:
    """Return the newest papers of a category."""
    wanted = named_lists.category_in(clean(name))
    if wanted is None:
        raise HTTPException(
            404,
            f"A category name has 1 to {NAME_CHARS} characters, as in /categories/cs.LG.atom.",
        )
    found = named_lists.in_category(library, wanted, PAPERS)
    if not found.hits:
        raise HTTPException(
            404, f"No paper in this library is in the category {wanted}; /categories lists all."
        )
    feed = _publisher(library).feed(
        f"new in {wanted}",
        _items(library, [(hit.paper, None) for hit in found.hits]),
        name=f"category/{quote(wanted, safe='')}",
        path=category_path(wanted),
        home=category_path(wanted),
    )
    return _respond(request, feed)


@_in_both_formats("/authors/{name:path}", SEARCH_SLOT)
def author(request: Request, library: TheLibrary, name: str) -> Response:
    """Return the newest papers of an author."""
    wanted = named_lists.author_in(clean(name))
    if wanted is None:
        raise HTTPException(
            404, f"An author name has 1 to {NAME_CHARS} characters, as in /authors/Ada%20Lee.atom."
        )
    found = named_lists.by_author(library, wanted, PAPERS)
    if not found.hits:
        raise HTTPException(404, f"No paper in this library has an author named {wanted}.")
    feed = _publisher(library).feed(
        f"papers by {wanted}",
        _items(library, [(hit.paper, None) for hit in found.hits]),
        name=f"author/{quote(wanted, safe='')}",
        path=author_path(wanted),
        home=author_path(wanted),
    )
    return _respond(request, feed)


def _editions(
    request: Request, library: Library, span: Span, about: str = "", *, name: str, home: str
) -> Response:
    publisher = _publisher(library)
    editions = [
        library.editions.read(period) for period in library.editions.periods(span, EDITIONS)
    ]
    items = [item for edition in editions for item in publisher.edition(edition)]
    is_sample = bool(editions) and editions[0].is_sample
    subtitle = f"{SAMPLE_LABEL}." if is_sample else None
    feed = publisher.feed(
        about, items, name=name, path=feed_path(span), home=home, subtitle=subtitle
    )
    return _respond(request, feed, modified=feed.updated if items else None)


def _items(library: Library, listed: Sequence[tuple[Paper, str | None]]) -> list[FeedItem]:
    publisher = _publisher(library)
    added_at = library.added_at([paper.id for paper, _ in listed])
    return [
        # A paper may be merged into another between two reads.
        publisher.paper(paper, added_at.get(paper.id, FOUNDED), reason)
        for paper, reason in listed
    ]


def _publisher(library: Library) -> Publisher:
    return Publisher(library.settings.title, library.settings.base_url)


def _respond(request: Request, feed: Feed, modified: datetime | None = None) -> Response:
    """Return the feed in the requested format; `modified` is None if its date is unknown."""
    writer = json_feed if request.scope["path"].endswith(".json") else atom
    headers = {"Cache-Control": _CACHING}
    if modified is not None:
        headers["Last-Modified"] = format_datetime(modified.astimezone(UTC), usegmt=True)
    return Response(writer.write(feed), headers=headers, media_type=writer.MEDIA_TYPE)

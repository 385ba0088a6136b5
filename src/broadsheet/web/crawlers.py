"""What search engines read: ``robots.txt`` and the sitemap."""

from collections.abc import Iterable
from functools import partial
from html import escape

from fastapi import APIRouter, HTTPException
from fastapi.responses import Response

from broadsheet.library import Library
from broadsheet.model import Span
from broadsheet.web.addresses import category_path, paper_path, plain
from broadsheet.web.calendar import edition_path
from broadsheet.web.dependencies import TheLibrary
from broadsheet.web.limits.search_slots import SEARCH_SLOT

# A fifth of what the protocol of sitemaps allows, so that a part of 0.8 MB is written in 30 ms.
PART_SIZE = 10_000
_PART_DIGITS = 9
_FIXED = ("/", "/trending", "/editions", "/categories", "/about/ranking", "/subscribe", "/docs")
# Results of a search are no documents, and votes and links of mails are for people.
_ROBOTS = """\
User-agent: *
Disallow: /search
Disallow: /api/
Disallow: /confirm
Disallow: /unsubscribe
Disallow: /papers/*/vote

Sitemap: {base_url}/sitemap.xml
"""
_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
_CACHING = {"Cache-Control": "public, max-age=3600"}

router = APIRouter(include_in_schema=False)
_file = partial(router.api_route, methods=["GET", "HEAD"])


@_file("/robots.txt")
def robots(library: TheLibrary) -> Response:
    """Return what crawlers should not request, and where the sitemap is."""
    text = _ROBOTS.format(base_url=library.settings.base_url)
    return Response(text, media_type="text/plain", headers=_CACHING)


@_file("/sitemap.xml")
def sitemap(library: TheLibrary) -> Response:
    """Return the index of the parts of the sitemap."""
    parts = -(-library.last_num() // PART_SIZE)
    names = ["pages", "editions", *(f"papers-{number}" for number in range(1, parts + 1))]
    paths = (f"/sitemaps/{name}.xml" for name in names)
    return _document(library, "sitemapindex", "sitemap", paths)


@_file("/sitemaps/pages.xml", dependencies=[SEARCH_SLOT])
def pages(library: TheLibrary) -> Response:
    """Return the addresses of the fixed pages and of the categories."""
    names = sorted(library.categories())[:PART_SIZE]
    categories = (category_path(name) for name in names if plain(name) == name)
    return _document(library, "urlset", "url", (*_FIXED, *categories))


@_file("/sitemaps/editions.xml")
def editions(library: TheLibrary) -> Response:
    """Return the addresses of the newest editions of each span."""
    periods = (each for span in Span for each in library.editions.periods(span, PART_SIZE))
    return _document(library, "urlset", "url", map(edition_path, periods))


@_file("/sitemaps/papers-{part}.xml", dependencies=[SEARCH_SLOT])
def papers(library: TheLibrary, part: str) -> Response:
    """Return the addresses of the papers whose numbers belong to a part, from 1."""
    is_number = part.isascii() and part.isdigit() and len(part) <= _PART_DIGITS
    end = int(part) * PART_SIZE if is_number else 0
    ids = library.ids_between(end - PART_SIZE + 1, end) if end else []
    if not ids:
        raise HTTPException(404, "The sitemap has no such part; /sitemap.xml lists all parts.")
    return _document(library, "urlset", "url", map(paper_path, ids))


def _document(library: Library, root: str, element: str, paths: Iterable[str]) -> Response:
    before = f"<{element}><loc>{escape(library.settings.base_url)}"
    after = f"</loc></{element}>\n"
    # Paths are percent-encoded, but for an apostrophe and an ampersand.
    lines = "".join(f"{before}{escape(path)}{after}" for path in paths)
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{_NAMESPACE}">\n{lines}</{root}>\n'
    )
    return Response(text, media_type="text/xml", headers=_CACHING)

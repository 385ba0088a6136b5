"""Files that browsers request by a fixed name or find through a link: icons, search, manifest."""

from functools import partial
from html import escape

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from broadsheet.web.assets import asset, asset_path
from broadsheet.web.dependencies import TheLibrary

# The longest name that OpenSearch 1.1 allows.
_SHORT_NAME_CHARS = 16
_ICON_SIZES = (192, 512)
# As in the style sheet.
_PAPER_COLOR, _ACCENT_COLOR = "#f4f1ea", "#9a2a1f"
_CACHING = {"Cache-Control": "public, max-age=86400"}
_DESCRIPTION = """\
<?xml version="1.0" encoding="UTF-8"?>
<OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/">
  <ShortName>{short_name}</ShortName>
  <Description>Search {title} for research papers by words and meaning</Description>
  <InputEncoding>UTF-8</InputEncoding>
  <Image width="16" height="16" type="image/x-icon">{base_url}/favicon.ico</Image>
  <Url type="text/html" template="{base_url}/search?q={{searchTerms}}"/>
  <Url type="application/atom+xml" template="{base_url}/search.atom?q={{searchTerms}}"/>
  <Url type="application/opensearchdescription+xml" rel="self"
       template="{base_url}/opensearch.xml"/>
</OpenSearchDescription>
"""

router = APIRouter(include_in_schema=False)
_file = partial(router.api_route, methods=["GET", "HEAD"])


@_file("/favicon.ico")
def favicon() -> Response:
    """Return the icon for programs that read no page."""
    return Response(asset("favicon.ico"), media_type="image/x-icon", headers=_CACHING)


@_file("/apple-touch-icon.png")
def apple_touch_icon() -> Response:
    """Return the icon of a bookmark on the home screen of Apple's devices."""
    return Response(asset("apple-touch-icon.png"), media_type="image/png", headers=_CACHING)


@_file("/site.webmanifest")
def manifest(library: TheLibrary) -> Response:
    """Return the name and the icons for a bookmark on a home screen."""
    document = {
        "name": library.settings.title,
        "start_url": "/",
        "display": "browser",
        "background_color": _PAPER_COLOR,
        "theme_color": _ACCENT_COLOR,
        "icons": [
            {
                "src": asset_path(f"icon-{size}.png"),
                "sizes": f"{size}x{size}",
                "type": "image/png",
            }
            for size in _ICON_SIZES
        ],
    }
    return JSONResponse(document, media_type="application/manifest+json", headers=_CACHING)


@_file("/opensearch.xml")
def opensearch(library: TheLibrary) -> Response:
    """Describe the search, so that a browser can offer it in its address bar."""
    title = library.settings.title
    return Response(
        _DESCRIPTION.format(
            short_name=escape(title[:_SHORT_NAME_CHARS].rstrip()),
            title=escape(title),
            base_url=escape(library.settings.base_url),
        ),
        media_type="application/opensearchdescription+xml",
        headers=_CACHING,
    )

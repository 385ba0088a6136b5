"""Where the manual of the API is read."""

from functools import partial

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from broadsheet.web.api.openapi import chapters, glossary, manual
from broadsheet.web.api.quota import WITH_TOKEN
from broadsheet.web.dependencies import TheLibrary, ThePrinter
from broadsheet.web.etag import with_etag

router = APIRouter(include_in_schema=False)
_page = partial(router.api_route, methods=["GET", "HEAD"])


@_page("/openapi.json")
def openapi(request: Request) -> Response:
    """Give the OpenAPI document."""
    return with_etag(request, orjson.dumps(request.app.openapi()), "application/json")


@_page("/docs", response_class=HTMLResponse)
def docs(request: Request, library: TheLibrary, printer: ThePrinter) -> Response:
    """Show the document to people."""
    document = manual(request.app)
    return printer.page(
        request,
        "docs.html",
        chapters=chapters(document),
        glossary=glossary(document),
        an_hour=library.settings.api_requests_an_hour,
        with_token=library.settings.api_requests_an_hour * WITH_TOKEN,
        needs_token=library.settings.api == "token",
        canonical="/docs",
    )

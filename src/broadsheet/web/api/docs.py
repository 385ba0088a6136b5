"""The API documentation: the OpenAPI document and a page for people."""

from functools import partial

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from broadsheet.web.api.openapi import (
    field_descriptions,
    openapi_document,
    openapi_json,
    operations_by_tag,
)
from broadsheet.web.api.quota import WITH_TOKEN
from broadsheet.web.dependencies import Context

router = APIRouter(include_in_schema=False)
_page = partial(router.api_route, methods=["GET", "HEAD"])


@_page("/openapi.json")
def openapi(request: Request) -> Response:
    """Return the OpenAPI document."""
    return Response(orjson.dumps(openapi_json(request.app)), media_type="application/json")


@_page("/docs", response_class=HTMLResponse)
def docs(context: Context) -> Response:
    """Return the documentation as a page."""
    document = openapi_document(context.request.app)
    settings = context.library.settings
    return context.render(
        "docs.html",
        operations=operations_by_tag(document),
        fields=field_descriptions(document),
        per_hour=settings.api_requests_an_hour,
        per_hour_with_token=settings.api_requests_an_hour * WITH_TOKEN,
        needs_token=settings.api == "token",
        canonical="/docs",
    )

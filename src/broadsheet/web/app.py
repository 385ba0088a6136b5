"""Put the pages, the actions and the refusals together."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from broadsheet.errors import BroadsheetError, NotFoundError
from broadsheet.library import Library
from broadsheet.web import actions, pages
from broadsheet.web.api import docs, hub, v1
from broadsheet.web.api.openapi import manual, refusal
from broadsheet.web.api.problem import problem
from broadsheet.web.api.quota import API, Allowance
from broadsheet.web.etag import Tagged
from broadsheet.web.feeds import routes
from broadsheet.web.guard import SAFE_HEADERS, Guard, RateLimit
from broadsheet.web.templating import Printer
from broadsheet.web.view_models import sentence

_HOUR_S = 3600.0

_REFUSALS = {
    400: ("That did not arrive whole", "Please go back and send it once more."),
    403: ("Not from there", "This can be done from this newspaper's own pages only."),
    404: ("No such page", "There is nothing at this address; it may have been mistyped."),
    405: ("Not this way", "This address does not take what your browser tried to do with it."),
    413: ("Too much at once", "Please send less than 64 kilobytes."),
    422: ("Something is missing", "The form did not bring what this page needs."),
    429: ("Too often", "That was asked many times from your network: please try again later."),
    503: ("The presses are being oiled", "Please come back in a few minutes."),
}
# What a program is told in place of what is said to a person with a browser.
_PLAINLY = {
    400: "The request did not arrive whole: send it once more.",
    404: "There is nothing at this address: /docs lists what can be asked.",
    405: "This address takes GET and HEAD only.",
    422: "A parameter is not as it should be: /docs tells of all.",
}
_BROKEN = (
    "The presses stopped",
    "Something broke on our side and was noted; the rest of the newspaper is still open.",
)

_log = logging.getLogger(__name__)


def create_app(library: Library) -> FastAPI:
    """Make the web application of a library.

    Parameters
    ----------
    library : Library
        Open, and kept open as long as the application serves.

    Returns
    -------
    FastAPI
        Ready for any ASGI server.
    """
    app = FastAPI(
        title=library.settings.title,
        version="1",
        servers=[{"url": library.settings.base_url}],
        openapi_url=None,
    )
    app.state.library = library
    app.state.printer = Printer(library.settings.title, library.settings.base_url)
    app.state.subscribing = RateLimit(actions.SUBSCRIPTIONS_AN_HOUR, _HOUR_S)
    app.state.new_readers = RateLimit(actions.NEW_READERS_AN_HOUR, _HOUR_S)
    app.add_middleware(Tagged, below=API)
    app.add_middleware(Allowance, library=library)
    app.add_middleware(Guard)
    app.mount("/static", StaticFiles(packages=[("broadsheet.web", "static")]))
    app.include_router(routes.router)
    app.include_router(v1.router)
    app.include_router(hub.router)
    app.include_router(docs.router)
    app.include_router(pages.router)
    app.include_router(actions.router)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _incomplete)
    app.add_exception_handler(NotFoundError, _not_found)
    app.add_exception_handler(BroadsheetError, _not_now)
    app.add_exception_handler(Exception, _broken)
    return app


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    heading, reason = _REFUSALS.get(error.status_code, _BROKEN)
    said = isinstance(error.detail, str) and error.detail.endswith(".")
    if not said and _is_for_data(request):
        reason = _PLAINLY.get(error.status_code, reason)
    return _answer(
        request,
        error.status_code,
        heading,
        error.detail if said else reason,
        dict(error.headers or {}),
    )


async def _incomplete(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    heading, reason = _REFUSALS[422]
    if _is_for_data(request):
        first = error.errors()[0]
        reason = refusal(
            manual(request.app),
            request.scope["route"].path_format,
            str(first["loc"][-1]),
            missing=first["type"] == "missing",
        )
    return _answer(request, 422, heading, reason)


async def _not_found(request: Request, error: Exception) -> Response:
    return _answer(request, 404, "Not here", sentence(str(error)))


async def _not_now(request: Request, error: Exception) -> Response:
    _log.error("%s %s: %s", request.method, request.url.path, error)
    return _answer(request, 503, *_REFUSALS[503], {"Retry-After": "60"})


async def _broken(request: Request, error: Exception) -> Response:
    # Starlette answers here from outside all middleware, and logs the error itself.
    told = getattr(request.state, "allowance", {})
    return _answer(request, 500, *_BROKEN, {**SAFE_HEADERS, **told})


def _answer(
    request: Request,
    status: int,
    heading: str,
    reason: str,
    headers: dict[str, str] | None = None,
) -> Response:
    if _is_for_data(request):
        return problem(request, status, reason, headers)
    printer: Printer = request.app.state.printer
    return printer.notice(request, heading, reason, status=status, headers=headers)


def _is_for_data(request: Request) -> bool:
    path = request.url.path
    return path == "/healthz" or path.startswith(API) or path.endswith(".md")

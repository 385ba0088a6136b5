"""Put the pages, the actions and the refusals together."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from broadsheet.errors import BroadsheetError, NotFoundError
from broadsheet.library import Library
from broadsheet.web import actions, pages
from broadsheet.web.guard import SAFE_HEADERS, Guard, RateLimit
from broadsheet.web.printer import Printer
from broadsheet.web.shaping import sentence

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
    app = FastAPI(title=library.settings.title, openapi_url=None)
    app.state.library = library
    app.state.printer = Printer(library.settings.title, library.settings.base_url)
    app.state.subscribing = RateLimit(actions.SUBSCRIPTIONS_AN_HOUR, _HOUR_S)
    app.state.new_readers = RateLimit(actions.NEW_READERS_AN_HOUR, _HOUR_S)
    app.add_middleware(Guard)
    app.mount("/static", StaticFiles(packages=[("broadsheet.web", "static")]))
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
    return _answer(
        request,
        error.status_code,
        heading,
        error.detail if said else reason,
        dict(error.headers or {}),
    )


async def _incomplete(request: Request, error: Exception) -> Response:
    return _answer(request, 422, *_REFUSALS[422])


async def _not_found(request: Request, error: Exception) -> Response:
    return _answer(request, 404, "Not here", sentence(str(error)))


async def _not_now(request: Request, error: Exception) -> Response:
    _log.error("%s %s: %s", request.method, request.url.path, error)
    return _answer(request, 503, *_REFUSALS[503], {"Retry-After": "60"})


async def _broken(request: Request, error: Exception) -> Response:
    # Starlette answers here from outside all middleware, and logs the error itself.
    return _answer(request, 500, *_BROKEN, SAFE_HEADERS)


def _answer(
    request: Request,
    status: int,
    heading: str,
    reason: str,
    headers: dict[str, str] | None = None,
) -> Response:
    path = request.url.path
    if path == "/healthz" or path.startswith("/api/"):
        return JSONResponse({"error": reason}, status, headers)
    printer: Printer = request.app.state.printer
    return printer.notice(request, heading, reason, status=status, headers=headers)

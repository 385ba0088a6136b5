"""The web application: routers, middleware and error responses."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount
from starlette.status import HTTP_404_NOT_FOUND, HTTP_405_METHOD_NOT_ALLOWED

from broadsheet.errors import BroadsheetError, NotFoundError
from broadsheet.library import Library
from broadsheet.web import actions, crawlers, pages, redirects, site_files
from broadsheet.web.addresses import address_of
from broadsheet.web.api import docs, hub, v1
from broadsheet.web.api.cors import ReadApiCors
from broadsheet.web.api.openapi import openapi_document, parameter_error
from broadsheet.web.api.problem import problem
from broadsheet.web.api.quota import QuotaMiddleware, is_read_api
from broadsheet.web.assets import Assets
from broadsheet.web.citations import routes as citation_files
from broadsheet.web.feeds import routes
from broadsheet.web.health import HealthMonitor
from broadsheet.web.limits.rate_limiter import Limiters
from broadsheet.web.limits.search_slots import SearchSlots
from broadsheet.web.metrics import Metrics
from broadsheet.web.middleware.bounded_wait import BoundedWait
from broadsheet.web.middleware.etag import ETagMiddleware
from broadsheet.web.middleware.guard import Guard, safe_headers
from broadsheet.web.middleware.hosts import HostCheck, own_names
from broadsheet.web.middleware.page_cache import PageCache
from broadsheet.web.middleware.request_metrics import RequestMetrics
from broadsheet.web.middleware.security_log import SecurityLog
from broadsheet.web.templating import Templates
from broadsheet.web.unavailable import refusal
from broadsheet.web.view_models import sentence

_PARTS = (v1, hub, docs, routes, citation_files, actions, redirects, site_files, crawlers)
_ROUTERS = (*(part.router for part in _PARTS), *pages.ROUTERS)
_ERRORS = {
    400: ("Bad request", "The request is malformed; correct it and send it again."),
    401: ("Token required", "This page requires a token."),
    403: (
        "Forbidden",
        "A form is accepted only from a page of this site; open the page and send the form there.",
    ),
    404: ("Not found", "There is no page at this address."),
    405: ("Method not allowed", "This address does not accept the request method."),
    421: ("Unknown host name", "This site is not served under the host name of the request."),
    413: ("Request too large", "A request may have at most 64 kilobytes."),
    422: ("Invalid form", "A field of the form is invalid; go back and correct it."),
    429: ("Too many requests", "Too many requests; try again later."),
    503: ("Temporarily unavailable", "Try again in a minute."),
}
_API_ERRORS = {
    404: "There is nothing at this address; /docs lists all addresses.",
    405: "This address accepts GET and HEAD only.",
    422: "A parameter is invalid; /docs describes all parameters.",
}
_FEEDS = (".atom", ".json")
_SERVER_ERROR = ("Server error", "An error occurred and was logged. Try again later.")


def create_app(
    library: Library, limiters: Limiters | None = None, searches: int | None = None
) -> FastAPI:
    """Return the web application of a library.

    Parameters
    ----------
    library : Library
        An open library; close it after the application has stopped.
    limiters : Limiters, optional
        Creates the rate limiters; by default they count in the memory of this process.
    searches : int, optional
        Searches that run at once; by default the processors that this process may use.

    Returns
    -------
    FastAPI
        An ASGI application.
    """
    app = FastAPI(
        title=library.settings.title,
        version="1",
        servers=[{"url": library.settings.base_url}],
        openapi_url=None,
        # Its redirects are built from the Host header.
        redirect_slashes=False,
    )
    app.state.library = library
    app.state.health = HealthMonitor(library)
    app.state.templates = Templates(library.settings.title, library.settings.base_url)
    limiters = limiters or Limiters()
    metrics = Metrics() if library.settings.metrics_token else None
    app.state.metrics = metrics
    app.state.search_slots = SearchSlots(searches, metrics)
    app.state.limits = actions.ActionLimits.of(limiters)
    app.add_middleware(ETagMiddleware)
    app.add_middleware(PageCache, library=library)
    app.add_middleware(QuotaMiddleware, library=library, limiters=limiters)
    app.add_middleware(ReadApiCors)
    settings = library.settings
    names = own_names(settings.base_url, settings.host_names)
    app.add_middleware(HostCheck, names=names, refuse=_refusal)
    app.add_middleware(BoundedWait)
    app.add_middleware(Guard, base_url=settings.base_url)
    app.add_middleware(SecurityLog)
    if metrics is not None:
        known = [route for router in _ROUTERS for route in router.routes]
        app.add_middleware(RequestMetrics, metrics=metrics, routes=known)
    app.mount("/static", Assets())
    for router in _ROUTERS:
        app.include_router(router)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(NotFoundError, _not_found)
    app.add_exception_handler(BroadsheetError, _unavailable)
    app.add_exception_handler(Exception, _server_error)
    return app


def _refusal(request: Request, status: int, reason: str) -> Response:
    return _error(request, status, _ERRORS[status][0], reason)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTP_404_NOT_FOUND and (path := _without_slash(request)):
        return RedirectResponse(path, 308)
    heading, reason = _ERRORS.get(error.status_code, _SERVER_ERROR)
    headers = dict(error.headers or {})
    if error.status_code == HTTP_405_METHOD_NOT_ALLOWED:
        headers["Allow"] = _allowed(request, headers["Allow"])
    if _is_data(request):
        reason = _API_ERRORS.get(error.status_code, reason)
    # The endpoints' own details are sentences; those of Starlette are not.
    if isinstance(error.detail, str) and error.detail.endswith("."):
        reason = error.detail
    return _error(request, error.status_code, heading, reason, headers)


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    name, is_missing = str(first["loc"][:2][-1]), first["type"] == "missing"
    if _is_data(request):
        document, path = openapi_document(request.app), request.scope["route"].path_format
        reason = parameter_error(document, path, name, is_missing=is_missing)
    else:
        reason = (
            f"Invalid form: `{name}` {'is required' if is_missing else 'is not an allowed value'}."
        )
    return _error(request, 422, _ERRORS[422][0], reason)


async def _not_found(request: Request, error: Exception) -> Response:
    return _error(request, 404, _ERRORS[404][0], sentence(str(error)))


async def _unavailable(request: Request, error: Exception) -> Response:
    assert isinstance(error, BroadsheetError)
    return _error(request, 503, _ERRORS[503][0], *refusal(request, error))


async def _server_error(request: Request, error: Exception) -> Response:
    # Starlette sends this response from outside all middleware, and logs the error.
    quota = getattr(request.state, "quota", {})
    headers = safe_headers(request.app.state.library.settings.base_url)
    heading, reason = _SERVER_ERROR
    if request_id := getattr(request.state, "request_id", None):
        reason = f"{reason} The log names this request {request_id}."
    return _error(request, 500, heading, reason, {**headers, **quota})


def _error(
    request: Request,
    status: int,
    heading: str,
    reason: str,
    headers: dict[str, str] | None = None,
) -> Response:
    if _is_data(request):
        return problem(request, status, reason, headers)
    templates: Templates = request.app.state.templates
    return templates.notice(request, heading, reason, status=status, headers=headers)


def _without_slash(request: Request) -> str | None:
    """Return the address without the slash that ends it, if there is a page at that address."""
    scope = request.scope
    path: str = scope["path"].removesuffix("/")
    if "endpoint" in scope or path in ("", scope["path"]) or scope["method"] != "GET":
        return None
    return address_of({**scope, "path": path}) if _is_routed(request, path=path) else None


def _is_routed(request: Request, **changed: str) -> bool:
    """Return whether a route, not a mounted application, answers the request with changes."""
    scope = {**request.scope, **changed}
    return any(
        not isinstance(route, Mount) and route.matches(scope)[0] is Match.FULL
        for route in request.app.routes
    )


def _allowed(request: Request, methods: str) -> str:
    """Return the methods of a route together with those of others and of middleware."""
    allowed = set(methods.split(", "))
    # Two routes may share an address, such as those of a form and of what it sends.
    allowed |= {method for method in ("GET", "POST") if _is_routed(request, method=method)}
    if "GET" in allowed:
        allowed.add("HEAD")
    if is_read_api(request.scope["path"]):
        allowed.add("OPTIONS")
    return ", ".join(sorted(allowed))


def _is_data(request: Request) -> bool:
    path: str = request.scope["path"]
    return path == "/healthz" or is_read_api(path) or path.endswith(_FEEDS)

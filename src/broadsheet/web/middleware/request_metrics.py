"""Count requests by route and status, and measure them."""

from collections.abc import Sequence
from functools import lru_cache
from time import perf_counter

from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from broadsheet.web.metrics import Metrics

# The path of a page that is sent from memory never reaches the router.
_KNOWN_PATHS = 2_048
_NO_ROUTE, _STATIC = "none", "/static/"


class RequestMetrics:
    """ASGI middleware: count each request, all other middleware included.

    Parameters
    ----------
    app : ASGIApp
        The application.
    metrics : Metrics
        The counters.
    routes : sequence of BaseRoute
        The routes of the application; a request is counted by the pattern of the first that
        matches its path, so that clients cannot invent names of metrics.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._metrics = metrics
        self._routes = routes
        self._route_of = lru_cache(_KNOWN_PATHS)(self._find_route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # An error that leaves this middleware is answered with 500 outside of it.
        status, started_s = 500, perf_counter()

        async def send_and_keep(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_keep)
        finally:
            seconds = perf_counter() - started_s
            route = self._route_of(scope["path"])
            self._metrics.count_request(route, scope["method"], status, seconds)

    def _find_route(self, path: str) -> str:
        for route in self._routes:
            if isinstance(route, Route) and route.path_regex.match(path):
                return route.path_format
        return _STATIC if path.startswith(_STATIC) else _NO_ROUTE

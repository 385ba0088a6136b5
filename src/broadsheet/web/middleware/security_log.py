"""Log refused requests and uses of credentials, at a bounded rate."""

import logging
from urllib.parse import quote

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from broadsheet.web.dependencies import client_network
from broadsheet.web.limits.rate_limiter import FixedWindow, RateLimiter

LINES_A_MINUTE, LINES_A_MINUTE_OF_A_NETWORK = 100, 10

_log = logging.getLogger("broadsheet.security")
# Invalid input, missing or unknown token, form of another site, large body, unknown host, limit.
_REFUSALS = frozenset({400, 401, 403, 413, 421, 422, 429})
# A link with an invalid token is not found.
_LINKS = ("/confirm", "/unsubscribe")
_SHOWN_CHARS = 200


class SecurityLog:
    """ASGI middleware: log each refused request, each use of a link, and a token once an hour.

    A line names the status, the method, the path without its query, which may hold a token, and
    the network. An attacker cannot fill the disk: each process limits its lines per network and in
    all.

    Parameters
    ----------
    app : ASGIApp
        The application, all other middleware included.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._of_network: RateLimiter = FixedWindow(LINES_A_MINUTE_OF_A_NETWORK, 60)
        self._in_all: RateLimiter = FixedWindow(LINES_A_MINUTE, 60)
        self._of_token: RateLimiter = FixedWindow(1, 3600)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Shared with the copies of the scope that other middleware makes.
        scope.setdefault("state", {})

        async def send_and_log(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._record(Request(scope), message["status"])
            await send(message)

        await self._app(scope, receive, send_and_log)

    def _record(self, request: Request, status: int) -> None:
        path, network = request.scope["path"], client_network(request)
        holder = getattr(request.state, "token_holder", None)
        is_link = path in _LINKS
        if status in _REFUSALS or (is_link and status == 404):
            self._write(logging.WARNING, "refused", request, status, network)
        elif is_link and request.method == "POST":
            self._write(logging.INFO, "link used", request, status, network)
        elif holder is not None and self._of_token.take(f"{holder} {network}").allowed:
            self._write(logging.INFO, f"token {holder!r} used", request, status, network)

    def _write(self, level: int, what: str, request: Request, status: int, network: str) -> None:
        of_network = self._of_network.take(network)
        if not of_network.allowed:
            return
        in_all = self._in_all.take("")
        if not in_all.allowed:
            return
        path = quote(request.scope["path"], safe="/:", errors="replace")[:_SHOWN_CHARS]
        last = ""
        if in_all.remaining == 0:
            last = f"; no more lines for {in_all.reset_s} s"
        elif of_network.remaining == 0:
            last = f"; no more lines of this network for {of_network.reset_s} s"
        line = "%s: status=%d method=%s path=%s network=%s%s"
        _log.log(level, line, what, status, request.method, path, network, last)

"""Cross-origin access to the read API, for scripts on pages of other sites."""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from broadsheet.web.api.quota import is_read_api

_DOCUMENT = "/openapi.json"
_METHODS = ("GET", "HEAD")
_SENT = ("Authorization", "If-None-Match")
_READ = (
    "ETag",
    "Link",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
    "X-Error-Message",
)
_PREFLIGHT = "access-control-request-method"
_ONE_DAY_S = 24 * 3600


class ReadApiCors:
    """ASGI middleware: let pages of any site read the API; pages and forms stay same-origin.

    Without credentials: a browser sends a token only if the script has it, and never a cookie.

    Parameters
    ----------
    app : ASGIApp
        The application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open = CORSMiddleware(
            app,
            allow_origins=["*"],
            allow_methods=_METHODS,
            allow_headers=_SENT,
            expose_headers=_READ,
            max_age=_ONE_DAY_S,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        is_open = scope["type"] == "http" and (
            is_read_api(scope["path"]) or scope["path"] == _DOCUMENT
        )
        if is_open and scope["method"] == "OPTIONS" and _PREFLIGHT not in Headers(scope=scope):
            allow = {"Allow": ", ".join((*_METHODS, "OPTIONS"))}
            await Response(status_code=204, headers=allow)(scope, receive, send)
            return
        await (self._open if is_open else self._app)(scope, receive, send)

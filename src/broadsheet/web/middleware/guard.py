"""Security headers, the limit on request bodies, and the check of a form's origin."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from broadsheet.web.middleware.hosts import is_own

MAX_BODY_BYTES = 64 * 1024

# Not "no-referrer": with it, browsers send "Origin: null" with our own forms, as with foreign ones.
SAFE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


# A year, as browsers require for their preload lists.
_STRICT_TRANSPORT = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}


def safe_headers(base_url: str) -> dict[str, str]:
    """Return the security headers of every response of a site.

    Parameters
    ----------
    base_url : str
        Public address of the site. With https, browsers use nothing else for its host and the
        subdomains of that host.
    """
    return SAFE_HEADERS | (_STRICT_TRANSPORT if base_url.startswith("https://") else {})


class Guard:
    """ASGI middleware: add `safe_headers` to every response, limit bodies to `MAX_BODY_BYTES`.

    Answers HEAD as GET without the body, so that the headers are the same on every path.

    Parameters
    ----------
    app : ASGIApp
        The application to protect.
    base_url : str
        Public address of the site.
    """

    def __init__(self, app: ASGIApp, base_url: str) -> None:
        self._app = app
        self._headers = safe_headers(base_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            # The server keeps its own scope. Both share the state, which the error handler reads.
            scope.setdefault("state", {})
            scope, send = {**scope, "method": "GET"}, _without_body(send)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._protect(scope["method"], MutableHeaders(scope=message))
            await send(message)

        received = 0

        async def receive_limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY_BYTES:
                raise HTTPException(413)
            return message

        await self._app(scope, receive_limited, send_with_headers)

    def _protect(self, method: str, headers: MutableHeaders) -> None:
        # A page may have its own content policy.
        for name, value in self._headers.items():
            headers.setdefault(name, value)
        kind = headers.get("content-type", "")
        if kind.endswith("+xml"):
            headers["Content-Type"] = f"{kind}; charset=utf-8"
        # The answer to a form may show the address that was entered.
        if method not in ("GET", "HEAD", "OPTIONS"):
            headers["Cache-Control"] = "no-store"


def is_foreign(headers: Headers, own: str, names: frozenset[str]) -> bool:
    """Return whether a browser reports that another site caused this request.

    Parameters
    ----------
    headers : Headers
        Headers of the request. A program that is not a browser sends neither ``Sec-Fetch-Site``
        nor ``Origin`` and has no cookie of a reader: its request is not foreign.
    own : str
        Public address of this site; behind a proxy the Host header may differ from it.
    names : frozenset of str
        Accepted host names, as returned by :func:`broadsheet.web.middleware.hosts.own_names`.
    """
    origin = headers.get("origin")
    if origin is not None and origin == _origin(own):
        return False
    fetched_from = headers.get("sec-fetch-site")
    if fetched_from is not None:
        return fetched_from not in ("same-origin", "none")
    if origin is None:
        return False
    host = headers.get("host", "")
    return origin.partition("://")[2] != host or not is_own(host, names)


def _without_body(send: Send) -> Send:
    is_complete = False

    async def send_head(message: Message) -> None:
        nonlocal is_complete
        if message["type"] == "http.response.start":
            await send(message)
        elif not is_complete:
            is_complete = True
            await send({"type": "http.response.body", "body": b""})

    return send_head


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"

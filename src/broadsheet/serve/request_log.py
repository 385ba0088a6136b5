"""Give each request an id, which names it in every line of the log, and log requests."""

import logging
import re
import secrets
from contextvars import ContextVar
from time import perf_counter
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from broadsheet.rules.network import network
from broadsheet.serve.proxies import Networks, is_in

ACCESS_LOG = "broadsheet.access"
_HEADER = b"x-request-id"
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ID_BYTES = 8
_SHOWN_CHARS = 200

_access_log = logging.getLogger(ACCESS_LOG)
_current_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def current_request_id() -> str | None:
    """Return the id of the request that this context handles, or None."""
    return _current_id.get()


class RequestLog:
    """ASGI middleware, outside of :class:`TrustedProxies`: request ids, and the access log.

    The id is the ``X-Request-ID`` of a trusted proxy if it has at most 64 letters, digits, dots,
    hyphens and underscores, else a random one. It is a header of the response. A line of the access
    log has the path without its query, which may hold a token or what a reader searched for.

    Parameters
    ----------
    app : ASGIApp
        The application, behind :class:`TrustedProxies`.
    networks : sequence of ip_network
        Addresses of the trusted proxies.
    """

    def __init__(self, app: ASGIApp, networks: Networks) -> None:
        self._app = app
        self._networks = networks
        self._logs_access = _access_log.isEnabledFor(logging.INFO)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = self._id_of(scope)
        header = (_HEADER, request_id.encode())
        scope.setdefault("state", {})["request_id"] = request_id
        # Not reset: the server logs an error of the application after this call, in this context.
        _current_id.set(request_id)
        status, size, started_s = 0, 0, perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), header]
            else:
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            if self._logs_access:
                _log_access(scope, status, size, perf_counter() - started_s)

    def _id_of(self, scope: Scope) -> str:
        client = scope.get("client")
        if client is not None and is_in(client[0], self._networks):
            for name, value in scope["headers"]:
                if name == _HEADER and _ID.fullmatch(value.decode("latin-1")):
                    return str(value.decode())
        return secrets.token_hex(_ID_BYTES)


def _log_access(scope: Scope, status: int, size: int, seconds: float) -> None:
    client = scope.get("client")
    # After TrustedProxies: the address that the limits count.
    address = network(client[0] if client else "unknown")
    fields = {
        # 0: the client left before the response began.
        "status": status,
        "method": scope["method"],
        "path": quote(scope["path"], safe="/:", errors="replace")[:_SHOWN_CHARS],
        "network": address,
        "bytes": size,
        "ms": round(seconds * 1000, 1),
    }
    line = " ".join(f"{name}={value}" for name, value in fields.items())
    _access_log.info("%s", line, extra={"fields": fields})

"""Bound how long a request waits for the database."""

from starlette.types import ASGIApp, Receive, Scope, Send

from broadsheet.library import Library

# Shorter than people and proxies wait: a request that gets no connection answers 503 instead.
WAIT_S = 4.0


class BoundedWait:
    """ASGI middleware: a request waits at most `WAIT_S` for a connection or a writer.

    Parameters
    ----------
    app : ASGIApp
        The application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        # Threads that a request starts work in run in a copy of its context.
        Library.wait_at_most(WAIT_S)
        await self._app(scope, receive, send)

"""Access to the API: tokens, request quotas and the headers that report them."""

from math import ceil

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from broadsheet.errors import BroadsheetError
from broadsheet.library import Library
from broadsheet.rules.humanize import counted
from broadsheet.web.api.problem import problem
from broadsheet.web.dependencies import client_network
from broadsheet.web.limits.rate_limiter import Limiters, Quota, RateLimiter
from broadsheet.web.unavailable import refusal

API = "/api/"
# Clients of the Hugging Face Hub send their user's hub token with every request. Under this path
# an unknown token is an error; at the hub's paths it counts as no token.
_OWN_API = "/api/v1/"
_PAPERS = "/papers/"
WITH_TOKEN = 10


def is_read_api(path: str) -> bool:
    """Return whether a path belongs to the API: under `API`, or a paper as Markdown.

    Examples
    --------
    >>> [is_read_api(path) for path in ("/api/daily_papers", "/papers/2502.14802.md", "/papers")]
    [True, True, False]
    """
    return path.startswith(API) or (path.startswith(_PAPERS) and path.endswith(".md"))


def quota_headers(limiter: RateLimiter, quota: Quota) -> dict[str, str]:
    """Return a quota as headers of draft-ietf-httpapi-ratelimit-headers-09.

    ``huggingface_hub`` reads this form.

    Examples
    --------
    >>> quota_headers(Limiters().hourly("api", 5), Quota(True, 4, 60))
    {'RateLimit': '"api";r=4;t=60', 'RateLimit-Policy': '"api";q=5;w=3600'}
    """
    return {
        "RateLimit": f'"api";r={quota.remaining};t={quota.reset_s}',
        "RateLimit-Policy": f'"api";q={limiter.limit};w={limiter.window_s}',
    }


class QuotaMiddleware:
    """ASGI middleware: count each API request, check its token and report the quota.

    This is not a dependency of the endpoints, so that unknown addresses, wrong methods and invalid
    parameters are counted and reported as well.

    Parameters
    ----------
    app : ASGIApp
        The application.
    library : Library
        Its settings contain the limit and whether a token is required.
    limiters : Limiters
        Creates the limiters.
    """

    def __init__(self, app: ASGIApp, library: Library, limiters: Limiters) -> None:
        self._app = app
        self._library = library
        limit = library.settings.api_requests_an_hour
        self._per_network = limiters.hourly("api requests of a network", limit)
        self._per_token = limiters.hourly("api requests with a token", limit * WITH_TOKEN)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or not is_read_api(scope["path"]):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        token = _bearer_token(request)
        holder = None
        try:
            if token is not None:
                holder = await run_in_threadpool(self._library.tokens.name_of, token)
        except BroadsheetError as unavailable:
            # The application's handlers of errors are inside all middleware.
            await problem(request, 503, *refusal(request, unavailable))(scope, receive, send)
            return
        # Read by the security log.
        request.state.token_holder = holder
        limiter = self._per_network if holder is None else self._per_token
        quota = limiter.take(client_network(request) if holder is None else holder)
        # The response to a server error is sent from outside all middleware.
        request.state.quota = headers = quota_headers(limiter, quota)

        async def send_with_quota(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        error = self._error(request, quota, token, holder)
        await (error or self._app)(scope, receive, send_with_quota)

    def _error(
        self, request: Request, quota: Quota, token: str | None, holder: str | None
    ) -> ASGIApp | None:
        if not quota.allowed:
            return problem(
                request, 429, self._too_many(quota, holder), {"Retry-After": str(quota.reset_s)}
            )
        if holder is not None:
            return None
        if token is not None and request.scope["path"].startswith(_OWN_API):
            return problem(
                request,
                401,
                "The token is unknown or revoked; send a valid token, or none.",
                {"WWW-Authenticate": 'Bearer realm="api", error="invalid_token"'},
            )
        if self._library.settings.api == "token":
            return problem(
                request,
                401,
                "A token is required; get one from the operator of this site and send it as "
                "'Authorization: Bearer TOKEN'.",
                {"WWW-Authenticate": 'Bearer realm="api"'},
            )
        return None

    def _too_many(self, quota: Quota, holder: str | None) -> str:
        limit = self._library.settings.api_requests_an_hour
        retry = f"try again in {counted(ceil(quota.reset_s / 60), 'minute')}"
        if holder is not None:
            return f"Too many requests: a token allows {limit * WITH_TOKEN:,} an hour; {retry}."
        return (
            f"Too many requests: a network without a token is allowed {limit:,} an hour; {retry}, "
            "or get a token from the operator of this site."
        )


def _bearer_token(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None

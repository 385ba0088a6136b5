"""Who may ask the API, how often, and how that is told to them."""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from math import ceil

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from broadsheet.library import Library
from broadsheet.web.api.problem import problem
from broadsheet.web.dependencies import client_address
from broadsheet.web.guard import household

API = "/api/"
# Clients of the Hugging Face Hub send their user's token for that with all they ask: at its own
# addresses one that is not of this newspaper is refused, elsewhere it counts as none.
_OWN_API = "/api/v1/"
WITH_TOKEN = 10
_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Turn:
    """What came of asking for a turn.

    Parameters
    ----------
    taken : bool
        Whether it was there to be taken.
    left : int
        How many more there are.
    reset_s : int
        Seconds until there are as many as ever, 1 or more.
    """

    taken: bool
    left: int
    reset_s: int


class Quota:
    """How often each client may ask within a window that begins when it first asks.

    Two numbers are kept of each client, where :class:`broadsheet.web.guard.RateLimit` keeps every
    turn; safe to use from many threads.

    Parameters
    ----------
    times : int
        How often.
    window_s : int
        Length of the window in seconds.
    max_clients : int
        How many clients are remembered; the one longest unseen is forgotten first.
    """

    def __init__(self, times: int, window_s: int = _HOUR_S, max_clients: int = 100_000) -> None:
        self._times = times
        self._window_s = window_s
        self._max_clients = max_clients
        self._taken: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, client: str, now_s: float) -> Turn:
        """Take one turn, if there is one.

        Parameters
        ----------
        client : str
            Who asks.
        now_s : float
            A monotonic time in seconds.
        """
        with self._lock:
            begun_s, taken = self._taken.get(client, (now_s, 0))
            if now_s >= begun_s + self._window_s:
                begun_s, taken = now_s, 0
            is_free = taken < self._times
            self._taken[client] = (begun_s, taken + is_free)
            self._taken.move_to_end(client)
            if len(self._taken) > self._max_clients:
                self._taken.popitem(last=False)
        reset_s = max(1, ceil(begun_s + self._window_s - now_s))
        return Turn(is_free, self._times - taken - is_free, reset_s)

    def told(self, turn: Turn) -> dict[str, str]:
        """Write a turn as headers.

        They are those of draft-ietf-httpapi-ratelimit-headers-09, as huggingface_hub reads them.

        Examples
        --------
        >>> Quota(5, 60).told(Turn(True, 4, 60))
        {'RateLimit': '"api";r=4;t=60', 'RateLimit-Policy': '"api";q=5;w=60'}
        """
        return {
            "RateLimit": f'"api";r={turn.left};t={turn.reset_s}',
            "RateLimit-Policy": f'"api";q={self._times};w={self._window_s}',
        }


class Allowance:
    """ASGI middleware: a turn taken by each request for data, and told with each answer.

    It is no dependency of the endpoints, so that an address that is none of theirs, a method they
    do not take and a parameter they refuse are counted and told like all else.

    Parameters
    ----------
    app : ASGIApp
        What is guarded.
    library : Library
        Its settings say how often, and whether a token is needed.
    """

    def __init__(self, app: ASGIApp, library: Library) -> None:
        self._app = app
        self._library = library
        often = library.settings.api_requests_an_hour
        self._without = Quota(often)
        self._with_token = Quota(often * WITH_TOKEN)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not scope["path"].startswith(API):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        sent = _token_sent(request)
        holder = None
        if sent is not None:
            holder = await run_in_threadpool(self._library.tokens.name_of, sent)
        quota = self._without if holder is None else self._with_token
        client = household(client_address(request)) if holder is None else holder
        turn = quota.take(client, time.monotonic())
        # The answer to a fault of ours is made outside all middleware.
        request.state.allowance = told = quota.told(turn)

        async def send_told(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(told)
            await send(message)

        refusal = self._refusal(request, turn, sent, holder)
        await (refusal or self._app)(scope, receive, send_told)

    def _refusal(
        self, request: Request, turn: Turn, sent: str | None, holder: str | None
    ) -> ASGIApp | None:
        if not turn.taken:
            return problem(
                request, 429, self._too_often(turn, holder), {"Retry-After": str(turn.reset_s)}
            )
        if holder is not None:
            return None
        if sent is not None and request.scope["path"].startswith(_OWN_API):
            return problem(
                request,
                401,
                "The token sent is none of this newspaper's, or was revoked: send another, "
                "or none.",
                {"WWW-Authenticate": 'Bearer realm="api", error="invalid_token"'},
            )
        if self._library.settings.api == "token":
            return problem(
                request,
                401,
                "A token is needed here: ask this newspaper's operator for one, and send it as "
                "'Authorization: Bearer TOKEN'.",
                {"WWW-Authenticate": 'Bearer realm="api"'},
            )
        return None

    def _too_often(self, turn: Turn, holder: str | None) -> str:
        often = self._library.settings.api_requests_an_hour
        minutes = ceil(turn.reset_s / 60)
        wait = f"Ask again in {minutes} minute{'' if minutes == 1 else 's'}"
        if holder is not None:
            return f"A token is good for {often * WITH_TOKEN:,} requests an hour. {wait}."
        return (
            f"One network gets {often:,} answers an hour without a token. {wait}, "
            "or ask this newspaper's operator for a token."
        )


def _token_sent(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None

"""What the pages refuse: too much, too often, from elsewhere."""

import threading
from collections import OrderedDict, deque
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 64 * 1024

# "same-origin" and not "no-referrer": under the latter browsers send "Origin: null" with our own
# forms, which nothing tells from a foreign one.
SAFE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Guard:
    """ASGI middleware: safe headers on every answer, no body beyond `MAX_BODY_BYTES`.

    Parameters
    ----------
    app : ASGIApp
        What is guarded.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SAFE_HEADERS)
            await send(message)

        received = 0

        async def receive_little() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY_BYTES:
                raise HTTPException(413)
            return message

        await self._app(scope, receive_little, send_safely)


def is_foreign(headers: Headers, own: str) -> bool:
    """Tell whether a browser says that another site made it send this.

    Parameters
    ----------
    headers : Headers
        Of the request. A program that is no browser sends neither ``Sec-Fetch-Site`` nor
        ``Origin``, and carries no cookie it was not given: it is not foreign.
    own : str
        The public address of this site; behind a proxy the Host header may be another.
    """
    origin = headers.get("origin")
    if origin is not None and origin == _origin(own):
        return False
    fetched_from = headers.get("sec-fetch-site")
    if fetched_from is not None:
        return fetched_from not in ("same-origin", "none")
    return origin is not None and origin.partition("://")[2] != headers.get("host")


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


class RateLimit:
    """How often each client may do a thing; kept in memory, safe from many threads.

    Parameters
    ----------
    times : int
        How often within the window.
    window_s : float
        Length of the window in seconds.
    max_clients : int
        How many clients are remembered; the one longest unseen is forgotten first.
    """

    def __init__(self, times: int, window_s: float, max_clients: int = 10_000) -> None:
        self._times = times
        self._window_s = window_s
        self._max_clients = max_clients
        self._taken: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, address: str, now_s: float) -> float:
        """Take one turn, or tell how long until there is one.

        Parameters
        ----------
        address : str
            The client's network address; an IPv6 one counts by its /64, which is what one
            household gets.
        now_s : float
            A monotonic time in seconds.

        Returns
        -------
        float
            0 where the turn was taken, else the seconds to wait.
        """
        client = household(address)
        with self._lock:
            taken = self._taken.setdefault(client, deque())
            self._taken.move_to_end(client)
            while taken and taken[0] <= now_s - self._window_s:
                taken.popleft()
            if len(taken) >= self._times:
                return taken[0] + self._window_s - now_s
            taken.append(now_s)
            if len(self._taken) > self._max_clients:
                self._taken.popitem(last=False)
            return 0.0


def household(address: str) -> str:
    """Name the network that an address belongs to: of IPv6 its /64, else the address itself."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped or IPv6Address(int(parsed) >> 64 << 64))
    return str(parsed)

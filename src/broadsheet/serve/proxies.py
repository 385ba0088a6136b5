"""Take a client's address from X-Forwarded-For, from trusted proxies only."""

import logging
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

_log = logging.getLogger(__name__)

Networks = Sequence[IPv4Network | IPv6Network]


class TrustedProxies:
    """ASGI middleware: set the client and the scheme of requests that trusted proxies forward.

    The client is the rightmost address of X-Forwarded-For that is not a trusted proxy; a client can
    write any address to its left. The headers of other connections are ignored, and the first one
    is logged: an unnamed proxy makes all readers look like one network.

    Parameters
    ----------
    app : ASGIApp
        The application.
    networks : sequence of ip_network
        Addresses of the trusted proxies.
    """

    def __init__(self, app: ASGIApp, networks: Networks) -> None:
        self._app = app
        self._networks = networks
        self._trusting = ProxyHeadersMiddleware(app, [str(network) for network in networks])  # type: ignore[arg-type]
        self._warned = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        client = scope.get("client")
        if client is not None and is_in(client[0], self._networks):
            await self._trusting(scope, receive, send)  # type: ignore[arg-type]
            return
        if not self._warned and any(
            name == b"x-forwarded-for" for name, _ in scope.get("headers", ())
        ):
            self._warned = True
            _log.warning(
                "%s sends X-Forwarded-For, which is ignored: if this is your reverse proxy, name "
                "it in the setting trusted_proxies; until then all readers are one network",
                client[0] if client else "a client",
            )
        await self._app(scope, receive, send)


def is_in(address: str, networks: Networks) -> bool:
    """Return whether an address is in one of some networks.

    Examples
    --------
    >>> from ipaddress import ip_network
    >>> is_in("10.0.0.7", [ip_network("10.0.0.0/8")]), is_in("unix:", [ip_network("::/0")])
    (True, False)
    """
    if not networks:
        return False
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return any(parsed in network for network in networks)

"""Accept requests for the host names of this site only: DNS rebinding needs another name."""

from collections.abc import Callable, Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from broadsheet.web.addresses import plain

ANY = "*"
_LOCAL = "localhost"
_SHOWN_CHARS = 60


def host_name(header: str) -> str | None:
    """Return the host of a Host header, in lower case and without port and trailing dot.

    Parameters
    ----------
    header : str
        ``name``, ``name:port``, ``address:port`` or ``[address]:port``.

    Returns
    -------
    str or None
        The name or IP address; None if the header is malformed.

    Examples
    --------
    >>> host_name("News.Example.:8000"), host_name("[::1]:8000")
    ('news.example', '::1')
    >>> host_name("news.example/x") is None
    True
    """
    if header.startswith("["):
        name, bracket, port = header[1:].partition("]")
        is_whole = bool(bracket) and port[:1] in ("", ":") and ":" in name
        port = port[1:]
    else:
        name, _, port = header.partition(":")
        is_whole = all(letter.isalnum() or letter in "-._" for letter in name)
    name = name.lower().removesuffix(".")
    is_port = port == "" or (port.isascii() and port.isdigit() and len(port) <= len("65535"))
    return name if is_whole and is_port and name else None


def own_names(base_url: str, hosts: Iterable[str]) -> frozenset[str]:
    """Return the names that a site accepts: that of its public address, and those of a setting.

    Examples
    --------
    >>> sorted(own_names("https://Zürich.example:8443/news", ["www.example."]))
    ['www.example', 'xn--zrich-kva.example']
    """
    try:
        own = urlsplit(base_url).hostname or ""
    except ValueError:
        own = ""
    return frozenset(filter(None, map(_ascii_name, (own, *hosts))))


def is_own(header: str, names: frozenset[str]) -> bool:
    """Return whether a Host header names this site.

    An IP address and ``localhost`` always do: nobody can point them at another machine.

    Examples
    --------
    >>> names = own_names("https://news.example", [])
    >>> [is_own(host, names) for host in ("news.example:443", "[::1]:80", "evil.example")]
    [True, True, False]
    """
    name = host_name(header)
    if name is None:
        return False
    return ANY in names or name in names or _is_address(name) or f".{name}".endswith(f".{_LOCAL}")


class HostCheck:
    """ASGI middleware: refuse a request with a malformed Host header or one for another host.

    Parameters
    ----------
    app : ASGIApp
        The application to protect.
    names : frozenset of str
        Accepted names, as returned by :func:`own_names`.
    refuse : callable
        Builds the response from a request, a status and a sentence.
    """

    def __init__(
        self, app: ASGIApp, names: frozenset[str], refuse: Callable[[Request, int, str], Response]
    ) -> None:
        self._app = app
        self._names = names
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        error = self._error(scope) if scope["type"] == "http" else None
        if error is not None:
            await self._refuse(Request(scope), *error)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _error(self, scope: Scope) -> tuple[int, str] | None:
        sent = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        # A browser always sends one; a monitor that speaks HTTP/1.0 may send none.
        if not sent and scope.get("http_version") == "1.0":
            return None
        if len(sent) != 1 or host_name(sent[0]) is None:
            return 400, "A request must have one valid Host header; correct it and send it again."
        if is_own(sent[0], self._names):
            return None
        shown = plain(sent[0])[:_SHOWN_CHARS]
        return 421, (
            f"This site is not served as {shown}: open it at its own address. Its operator can "
            "add the name to the setting `hosts`."
        )


def _ascii_name(name: str) -> str:
    name = name.lower().removesuffix(".")
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return name


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True

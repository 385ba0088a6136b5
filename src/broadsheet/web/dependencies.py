"""FastAPI dependencies: the library, the page context, the reader."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from math import ceil
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, Response
from itsdangerous import BadSignature

from broadsheet.library import Library
from broadsheet.model import Paper
from broadsheet.rules.humanize import counted
from broadsheet.rules.network import network
from broadsheet.rules.signing import signer
from broadsheet.web.addresses import possible_ids
from broadsheet.web.limits.rate_limiter import RateLimiter
from broadsheet.web.middleware.guard import is_foreign
from broadsheet.web.middleware.hosts import own_names
from broadsheet.web.templating import Templates

NO_PAPER = "No paper in this library has this id; search for its title."
_COOKIE = "reader"
_READER_BYTES = 16
_NETWORK_BYTES, _MAX_KEY_BYTES = 8, 64
# The longest that browsers keep a cookie.
_COOKIE_AGE_S = 400 * 24 * 3600


async def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library


TheLibrary = Annotated[Library, Depends(_library)]


def reader_of(request: Request, library: Library) -> str | None:
    """Return the reader named by the request's cookie; None without a valid cookie."""
    if "cookie" not in request.headers:
        return None
    try:
        return str(
            signer(library.secret, _COOKIE).loads(request.cookies.get(_cookie_name(library), ""))
        )
    except BadSignature:
        return None


async def _reader(request: Request, library: TheLibrary) -> str | None:
    return reader_of(request, library)


@dataclass(frozen=True, slots=True)
class PageContext:
    """A request together with the objects that a page needs.

    Parameters
    ----------
    request : Request
        The request to answer.
    library : Library
        The library of the application.
    templates : Templates
        The templates of the application.
    reader : str or None
        The reader named by the cookie; None without a valid cookie.
    """

    request: Request
    library: Library
    templates: Templates
    reader: str | None

    def render(self, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
        """Render a template; see :meth:`broadsheet.web.templating.Templates.render`."""
        return self.templates.render(self.request, template, status=status, headers=None, **values)

    def notice(
        self,
        heading: str,
        *sentences: str,
        button: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HTMLResponse:
        """Render a notice; see :meth:`broadsheet.web.templating.Templates.notice`."""
        return self.templates.notice(
            self.request, heading, *sentences, button=button, headers=headers
        )


async def _context(
    request: Request, library: TheLibrary, reader: Annotated[str | None, Depends(_reader)]
) -> PageContext:
    return PageContext(request, library, request.app.state.templates, reader)


async def _same_origin(request: Request, library: TheLibrary) -> None:
    settings = library.settings
    names = own_names(settings.base_url, settings.host_names)
    if is_foreign(request.headers, settings.base_url, names):
        raise HTTPException(403)


Context = Annotated[PageContext, Depends(_context)]
SAME_ORIGIN = Depends(_same_origin)


def find_paper(library: Library, text: str) -> Paper | None:
    """Return the paper of an id in an address, or None; see :func:`possible_ids`."""
    return next(iter(library.known(possible_ids(text), 1)), None)


def new_reader() -> str:
    """Return a random reader name that contains nothing about the person."""
    return secrets.token_urlsafe(_READER_BYTES)


def set_reader_cookie(response: Response, library: Library, reader: str) -> None:
    """Set the signed cookie that identifies a reader."""
    response.set_cookie(
        _cookie_name(library),
        signer(library.secret, _COOKIE).dumps(reader),
        max_age=_COOKIE_AGE_S,
        httponly=True,
        samesite="lax",
        secure=_is_https(library),
    )


def client_network(request: Request) -> str:
    """Return the network that a request comes from."""
    return network(request.client.host if request.client else "unknown")


def client_site(request: Request) -> str:
    """Return the network of a request as votes are weighed by it: for IPv6 a /48."""
    return network(request.client.host if request.client else "unknown", ipv6_bits=48)


def network_hash(request: Request, library: Library) -> str:
    """Return a keyed hash of the request's site, the same for all requests from it."""
    key = library.secret.encode()[:_MAX_KEY_BYTES]
    digest = blake2b(client_site(request).encode(), key=key, digest_size=_NETWORK_BYTES)
    return digest.hexdigest()


def enforce(limiter: RateLimiter, client: str, action: str) -> None:
    """Count one action of a client.

    Parameters
    ----------
    limiter : RateLimiter
        The limit of the action.
    client : str
        A network or a reader.
    action : str
        What is counted, in the plural, such as ``votes``.

    Raises
    ------
    HTTPException
        429 with ``Retry-After``, if the limit is reached.
    """
    quota = limiter.take(client)
    if not quota.allowed:
        raise HTTPException(
            429,
            f"Too many {action}; try again in {counted(ceil(quota.reset_s / 60), 'minute')}.",
            {"Retry-After": str(quota.reset_s)},
        )


def _cookie_name(library: Library) -> str:
    # Browsers accept a name with this prefix from this host over https only, not from a subdomain.
    return f"__Host-{_COOKIE}" if _is_https(library) else _COOKIE


def _is_https(library: Library) -> bool:
    return library.settings.base_url.startswith("https://")

"""What a request brings along: the library it is about, and who asks."""

import secrets
from collections.abc import Sequence
from hashlib import blake2b
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.responses import Response
from itsdangerous import BadSignature, URLSafeSerializer

from broadsheet.library import Library
from broadsheet.web.guard import household, is_foreign
from broadsheet.web.templating import Printer

_COOKIE = "reader"
_NETWORK_BYTES, _MOST_KEY_BYTES = 8, 64
# The longest that browsers keep a cookie.
_COOKIE_AGE_S = 400 * 24 * 3600


async def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library


async def _printer(request: Request) -> Printer:
    printer: Printer = request.app.state.printer
    return printer


TheLibrary = Annotated[Library, Depends(_library)]
ThePrinter = Annotated[Printer, Depends(_printer)]


async def _reader(request: Request, library: TheLibrary) -> str | None:
    try:
        return str(_signed(library).loads(request.cookies.get(_COOKIE, "")))
    except BadSignature:
        return None


async def _from_our_pages(request: Request, library: TheLibrary) -> None:
    if is_foreign(request.headers, library.settings.base_url):
        raise HTTPException(403)


TheReader = Annotated[str | None, Depends(_reader)]
FROM_OUR_PAGES = Depends(_from_our_pages)


def new_reader() -> str:
    """Name a reader by chance alone: nothing about the person is in it."""
    return secrets.token_urlsafe(12)


def remember(response: Response, library: Library, reader: str) -> None:
    """Give a reader the cookie that their votes are known by."""
    response.set_cookie(
        _COOKIE,
        _signed(library).dumps(reader),
        max_age=_COOKIE_AGE_S,
        httponly=True,
        samesite="lax",
        secure=library.settings.base_url.startswith("https://"),
    )


def votes_on(
    library: Library, reader: str | None, paper_ids: Sequence[str]
) -> tuple[dict[str, int], set[str]]:
    """Count the votes of papers, and tell which of these papers the reader has voted for."""
    voted = library.voted(reader, paper_ids) if reader else set()
    return library.votes(paper_ids), voted


def client_address(request: Request) -> str:
    """Give the network address of who asks."""
    return request.client.host if request.client else "unknown"


def network_of(request: Request, library: Library) -> str:
    """Name the network of who asks so that only two requests from it can be told to be alike."""
    network = household(client_address(request)).encode()
    key = library.secret.encode()[:_MOST_KEY_BYTES]
    return blake2b(network, key=key, digest_size=_NETWORK_BYTES).hexdigest()


def _signed(library: Library) -> URLSafeSerializer:
    return URLSafeSerializer(library.secret, salt="reader")

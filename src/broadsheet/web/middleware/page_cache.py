"""Pages kept in memory as they were rendered, until something in the library changes."""

import asyncio
import logging
import math
import re
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from time import monotonic
from urllib.parse import parse_qsl, urlencode

from anyio import CapacityLimiter, to_thread
from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from broadsheet.errors import BroadsheetError
from broadsheet.library import Library
from broadsheet.web.convertors import PaperIdConvertor
from broadsheet.web.dependencies import reader_of
from broadsheet.web.middleware.etag import WholeResponse, collect, respond, tagged
from broadsheet.web.middleware.reader_votes import papers_on, with_votes

_log = logging.getLogger(__name__)

# A change shows to readers without a cookie within this time.
CHECK_S = 1.0
# For what changes without a commit, such as "5 minutes ago".
MAX_AGE_S = 60.0
MAX_PAGE_BYTES = 600_000
FEW_BYTES, MANY_BYTES = 16_000_000, 16_000_000
_ENTRY_BYTES = 2_000
_CHECKS_AT_ONCE = 4

# The parameters of each address; a request's other parameters are ignored, so that they can
# neither bypass the cache nor fill it.
PAGES: dict[str, tuple[str, ...]] = {
    "/": (),
    "/editions": ("before",),
    "/trending": ("category", "after"),
    "/search": ("q", "page", "sort"),
    "/subscribe": (),
    "/about/ranking": (),
    "/status": (),
    "/categories": (),
    "/docs": (),
    "/openapi.json": (),
    "/opensearch.xml": (),
    "/site.webmanifest": (),
    "/favicon.ico": (),
    "/apple-touch-icon.png": (),
    **{
        f"{path}.{extension}": known
        for path, known in {
            "/editions/day": (),
            "/editions/week": (),
            "/editions/month": (),
            "/trending": ("category",),
            "/search": ("q",),
        }.items()
        for extension in ("atom", "json")
    },
}
FOLDERS: dict[str, tuple[str, ...]] = {
    "/editions/": ("revision",),
    "/categories/": ("page",),
    "/authors/": ("page",),
    "/papers/": (),
    "/static/": (),
}
_ANY = re.compile(".*", re.DOTALL)
# Other addresses under /papers redirect with all their parameters, or are for machines.
_IS_PAGE = {"/papers/": re.compile(PaperIdConvertor.regex)}
# What a cached response does not depend on: cookies, and how it is to be sent.
_NOT_PASSED = (
    b"cookie",
    b"accept-encoding",
    b"if-none-match",
    b"if-modified-since",
    b"if-range",
    b"range",
)


@dataclass(frozen=True, slots=True)
class Address:
    """A cacheable address.

    Parameters
    ----------
    path : str
        The decoded path.
    query : bytes
        The known parameters, each once, in a fixed order.
    """

    path: str
    query: bytes

    @property
    def is_one_of_few(self) -> bool:
        """Whether there is a page of this kind for each edition or fewer."""
        return not self.query and (self.path in PAGES or self.path.startswith("/editions/"))


def kept_address(path: str, query: bytes) -> Address | None:
    """Return the address under which a page is kept; None if it is never kept.

    Examples
    --------
    >>> kept_address("/search", b"utm=x&page=2&q=a%20b")
    Address(path='/search', query=b'q=a+b&page=2')
    """
    known = PAGES.get(path)
    if known is None:
        folder = next((folder for folder in FOLDERS if path.startswith(folder)), None)
        if folder is None or not _IS_PAGE.get(folder, _ANY).fullmatch(path.removeprefix(folder)):
            return None
        known = FOLDERS[folder]
    if not query or not known:
        return Address(path, b"")
    given = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    fields = [(name, given[name]) for name in known if name in given]
    return Address(path, urlencode(fields).encode())


@dataclass(slots=True)
class _Page:
    response: WholeResponse
    version: Hashable
    rendered_at: float
    papers: list[str] | None = None

    def is_current(self, version: Hashable) -> bool:
        return self.version == version and monotonic() - self.rendered_at < MAX_AGE_S


@dataclass(slots=True)
class _Lru:
    """Pages up to a number of bytes; the least recently used is dropped first."""

    max_bytes: int
    pages: OrderedDict[Address, _Page] = field(default_factory=OrderedDict)
    used_bytes: int = 0

    def get(self, address: Address) -> _Page | None:
        page = self.pages.get(address)
        if page is not None:
            self.pages.move_to_end(address)
        return page

    def put(self, address: Address, page: _Page) -> None:
        old = self.pages.pop(address, None)
        self.used_bytes -= _size(address, old) if old else 0
        self.pages[address] = page
        self.used_bytes += _size(address, page)
        while self.used_bytes > self.max_bytes:
            dropped = self.pages.popitem(last=False)
            self.used_bytes -= _size(*dropped)


class PageCache:
    """ASGI middleware: render a page once for all readers, and insert each reader's votes.

    A page is kept while :meth:`broadsheet.library.Library.version` stays the same, which is checked
    once in `CHECK_S`, and for each request with a reader's cookie, so that readers see their own
    votes at once. One request renders a page; others that ask for it meanwhile wait.

    Parameters
    ----------
    app : ASGIApp
        The application.
    library : Library
        The library that it shows.
    """

    def __init__(self, app: ASGIApp, library: Library) -> None:
        self._app = app
        self._library = library
        self._few, self._many = _Lru(FEW_BYTES), _Lru(MANY_BYTES)
        self._rendering: dict[tuple[Address, Hashable], asyncio.Task[_Page]] = {}
        self._version: Hashable = None
        self._checked_at = -math.inf
        self._checking: asyncio.Task[Hashable] | None = None
        # Not the threads that render pages: a check must not wait for them.
        self._threads = CapacityLimiter(_CHECKS_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            self._checked_at = -math.inf
            return
        address = kept_address(scope["path"], scope["query_string"])
        if address is None:
            await self._app(scope, receive, send)
            return
        reader = reader_of(Request(scope), self._library)
        try:
            if reader is None:
                response = (await self._page(address, await self._recent(), scope)).response
            else:
                response = await self._page_of(reader, address, scope)
        except BroadsheetError as error:
            # The application reports it, or has a page that does not need the database.
            _log.warning("%s", error)
            await self._app(scope, receive, send)
            return
        await respond(scope, response, send)

    async def _page_of(self, reader: str, address: Address, scope: Scope) -> WholeResponse:
        """Return a page with the reader's votes."""
        version = await to_thread.run_sync(self._library.version, limiter=self._threads)
        page = await self._page(address, version, scope)
        if page.papers is None:
            page.papers = papers_on(page.response.body)
        if not page.papers:
            return page.response
        voted = await to_thread.run_sync(
            self._library.voted, reader, page.papers, limiter=self._threads
        )
        if not voted:
            return page.response
        headers = page.response.headers.mutablecopy()
        del headers["etag"]
        return tagged(page.response.status, headers, with_votes(page.response.body, voted))

    async def _page(self, address: Address, version: Hashable, scope: Scope) -> _Page:
        kept = self._few if address.is_one_of_few else self._many
        page = kept.get(address)
        if page is not None and page.is_current(version):
            return page
        wanted = (address, version)
        task = self._rendering.get(wanted)
        if task is None:
            task = asyncio.create_task(self._render(address, version, scope, kept))
            self._rendering[wanted] = task
            task.add_done_callback(lambda _: self._rendering.pop(wanted, None))
        # A client that goes away must not end the rendering for the others.
        return await asyncio.shield(task)

    async def _render(self, address: Address, version: Hashable, scope: Scope, kept: _Lru) -> _Page:
        headers = [header for header in scope["headers"] if header[0] not in _NOT_PASSED]
        inner = {**scope, "query_string": address.query, "headers": headers}
        response = await collect(self._app, inner, _no_body())
        del response.headers["accept-ranges"]
        page = _Page(response, version, monotonic())
        is_kept = (
            response.status == 200
            and "set-cookie" not in response.headers
            and "no-store" not in response.headers.get("cache-control", "")
            and len(response.body) <= MAX_PAGE_BYTES
        )
        if is_kept:
            kept.put(address, page)
        return page

    async def _recent(self) -> Hashable:
        """Return the version of the library, at most `CHECK_S` old."""
        if monotonic() - self._checked_at < CHECK_S:
            return self._version
        if self._checking is None:
            self._checking = asyncio.create_task(self._check())
        return await asyncio.shield(self._checking)

    async def _check(self) -> Hashable:
        started = monotonic()
        try:
            self._version = await to_thread.run_sync(self._library.version, limiter=self._threads)
            self._checked_at = started
            return self._version
        finally:
            self._checking = None


def _no_body() -> Receive:
    """Return a request without a body, whose client stays connected."""
    is_read = False

    async def receive() -> Message:
        nonlocal is_read
        if is_read:
            await asyncio.Event().wait()
        is_read = True
        return {"type": "http.request", "body": b"", "more_body": False}

    return receive


def _size(address: Address, page: _Page) -> int:
    # Compressed, in two encodings, a page has less than a third of its length each.
    body = len(page.response.body)
    return body + 2 * (body // 3) + len(address.path) + len(address.query) + _ENTRY_BYTES

"""Responses to GET and HEAD with an ETag, compressed; 304 if the client has the same body."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import blake2b

from starlette.datastructures import Headers, MutableHeaders
from starlette.status import HTTP_200_OK, HTTP_304_NOT_MODIFIED
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from broadsheet.web.middleware.compression import Encoding, best_encoding, compress

# Stored by the client only, and revalidated before each use.
REVALIDATE = "private, no-cache"

_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e]*)"')
_DIGEST_BYTES = 16
_LEAST_COMPRESSED_BYTES = 1_000
_TEXTS = ("text/", "application/json", "image/svg+xml", "application/openapi")
_STRUCTURED_TEXTS = ("+json", "+xml")


@dataclass(slots=True)
class WholeResponse:
    """A complete response.

    Parameters
    ----------
    status : int
        HTTP status.
    headers : MutableHeaders
        All headers; those of a response with status 200 include its ``ETag``.
    body : bytes
        The body, not compressed.
    """

    status: int
    headers: MutableHeaders
    body: bytes
    _packed: dict[Encoding, bytes] = field(default_factory=dict)

    @property
    def is_compressible(self) -> bool:
        """Whether clients may get it compressed.

        What must not be stored may contain a secret, whose length compression could reveal.
        """
        kind = self.headers.get("content-type", "").partition(";")[0]
        return (
            len(self.body) >= _LEAST_COMPRESSED_BYTES
            and (kind.startswith(_TEXTS) or kind.endswith(_STRUCTURED_TEXTS))
            and "content-encoding" not in self.headers
            and "no-store" not in self.headers.get("cache-control", "")
        )

    def packed(self, encoding: Encoding) -> bytes:
        """Return the body compressed; the second time costs nothing."""
        if encoding not in self._packed:
            is_immutable = "immutable" in self.headers.get("cache-control", "")
            self._packed[encoding] = compress(self.body, encoding, once=is_immutable)
        return self._packed[encoding]


def tagged(status: int, headers: MutableHeaders, body: bytes) -> WholeResponse:
    """Return a complete response; add the ETag and the default headers of status 200."""
    response = WholeResponse(status, headers, body)
    if status == HTTP_200_OK and "no-store" not in headers.get("cache-control", ""):
        headers.setdefault("ETag", f'"{_digest(body)}"')
        headers.setdefault("Cache-Control", REVALIDATE)
    if response.is_compressible and "Accept-Encoding" not in headers.get("vary", ""):
        headers.add_vary_header("Accept-Encoding")
    return response


async def collect(app: ASGIApp, scope: Scope, receive: Receive) -> WholeResponse:
    """Return the response of an application to GET, as a whole and tagged.

    Parameters
    ----------
    app : ASGIApp
        The application.
    scope : Scope
        The request; HEAD is handled like GET.
    receive : Receive
        As in ASGI.
    """
    head: Message = {}
    body = bytearray()

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            head.update(message)
        else:
            body.extend(message.get("body", b""))

    # Without extensions, files arrive as bytes instead of as a path.
    await app({**scope, "method": "GET", "extensions": {}}, receive, keep)
    return tagged(head["status"], MutableHeaders(scope=head), bytes(body))


async def respond(scope: Scope, response: WholeResponse, send: Send) -> None:
    """Send a response: compressed, without a body, or as status 304, by the request's headers."""
    status, body = response.status, response.body
    headers = MutableHeaders(raw=list(response.headers.raw))
    sent = Headers(scope=scope)
    encoding = best_encoding(sent.get("accept-encoding", "")) if response.is_compressible else None
    if encoding is not None:
        body = response.packed(encoding)
        headers["Content-Encoding"] = encoding
        if "etag" in headers:
            # Weak: the same content in other bytes.
            headers["ETag"] = f"W/{headers['ETag'].removeprefix('W/')}"
    if status == HTTP_200_OK and _is_unmodified(sent, headers):
        status, body = HTTP_304_NOT_MODIFIED, b""
        del headers["content-length"], headers["content-type"], headers["content-encoding"]
    elif "content-length" in headers:
        headers["Content-Length"] = str(len(body))
    await send({"type": "http.response.start", "status": status, "headers": headers.raw})
    is_head = scope["method"] == "HEAD"
    await send({"type": "http.response.body", "body": b"" if is_head else body})


class ETagMiddleware:
    """ASGI middleware: add ETags to the responses to GET, compress them, answer HEAD like GET.

    Parameters
    ----------
    app : ASGIApp
        The application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        await respond(scope, await collect(self._app, scope, receive), send)


def _digest(body: bytes) -> str:
    return blake2b(body, digest_size=_DIGEST_BYTES).hexdigest()


def _is_unmodified(sent: Headers, headers: Headers) -> bool:
    """Return whether the client sent the tag or the date of this response."""
    tags = sent.get("if-none-match")
    if tags is not None and "etag" in headers:
        mine = _TAG.findall(headers["etag"])
        return tags.strip() == "*" or any(tag in mine for tag in _TAG.findall(tags))
    # An ETag is more precise: a notice against a paper changes no date.
    if tags is not None or "last-modified" not in headers:
        return False
    since = _date_of(sent.get("if-modified-since", ""))
    modified = _date_of(headers["last-modified"])
    return since is not None and modified is not None and modified <= since


def _date_of(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    # A date without a zone is in UTC.
    return date.replace(tzinfo=date.tzinfo or UTC)

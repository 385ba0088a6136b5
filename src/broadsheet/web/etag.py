"""Responses with an ETag; 304 if the client already has the same body."""

import re
from collections.abc import Mapping
from hashlib import blake2b

from fastapi import Request
from fastapi.responses import Response
from starlette.datastructures import MutableHeaders
from starlette.status import HTTP_200_OK, HTTP_304_NOT_MODIFIED
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Stored by the client only, and revalidated before each use.
REVALIDATE = "private, no-cache"

_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e]*)"')
_DIGEST_BYTES = 16


def with_etag(
    request: Request,
    body: bytes,
    media_type: str,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a response to GET or HEAD with a body and its ETag.

    Parameters
    ----------
    request : Request
        Its ``If-None-Match`` names the ETags that the client has.
    body : bytes
        The whole body.
    media_type : str
        Such as ``application/json``.
    headers : mapping, optional
        Additional headers; ``Cache-Control`` defaults to `REVALIDATE`.

    Returns
    -------
    Response
        200 with the body, or 304 without a body if the client has it.
    """
    tag = _tag_of(body)
    headers = {"Cache-Control": REVALIDATE, **(headers or {}), "ETag": f'"{tag}"'}
    if _matches(request, tag):
        return Response(status_code=HTTP_304_NOT_MODIFIED, headers=headers)
    return Response(body, headers=headers, media_type=media_type)


class ETagMiddleware:
    """ASGI middleware: add ETags to the responses under a path, and answer HEAD like GET.

    Parameters
    ----------
    app : ASGIApp
        The application.
    prefix : str
        The path, with a trailing slash.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        applies = scope["type"] == "http" and scope["path"].startswith(self._prefix)
        if not applies or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        head: Message = {}
        body = bytearray()

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                head.update(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body", False):
                await _send_tagged(Request(scope), head, bytes(body), send)

        await self._app({**scope, "method": "GET"}, receive, collect)


async def _send_tagged(request: Request, head: Message, body: bytes, send: Send) -> None:
    headers = MutableHeaders(scope=head)
    if head["status"] == HTTP_200_OK:
        headers["ETag"] = f'"{_tag_of(body)}"'
        headers.setdefault("Cache-Control", REVALIDATE)
        if _matches(request, _tag_of(body)):
            head["status"] = HTTP_304_NOT_MODIFIED
            del headers["content-length"], headers["content-type"]
    bare = request.method == "HEAD" or head["status"] == HTTP_304_NOT_MODIFIED
    await send(head)
    await send({"type": "http.response.body", "body": b"" if bare else body})


def _tag_of(body: bytes) -> str:
    return blake2b(body, digest_size=_DIGEST_BYTES).hexdigest()


def _matches(request: Request, tag: str) -> bool:
    tags = request.headers.get("if-none-match", "")
    return tags.strip() == "*" or tag in _TAG.findall(tags)

"""Answer with an ETag, or with 304 where the client already holds the very same answer."""

import re
from collections.abc import Mapping
from hashlib import blake2b

from fastapi import Request
from fastapi.responses import Response
from starlette.datastructures import MutableHeaders
from starlette.status import HTTP_200_OK, HTTP_304_NOT_MODIFIED
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Kept by who asked, and asked for again before each use, which costs no more than a 304.
ASK_AGAIN = "private, no-cache"

_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e]*)"')
_DIGEST_BYTES = 16


def with_etag(
    request: Request,
    body: bytes,
    media_type: str,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer a GET or HEAD with a body and its ETag.

    Parameters
    ----------
    request : Request
        Its ``If-None-Match`` may name what the client holds.
    body : bytes
        All of the answer.
    media_type : str
        Such as ``application/json``.
    headers : mapping, optional
        More headers; ``Cache-Control`` is `ASK_AGAIN` unless it is among them.

    Returns
    -------
    Response
        200 with the body; 304 without one where the client holds it.
    """
    tag = _tag_of(body)
    told = {"Cache-Control": ASK_AGAIN, **(headers or {}), "ETag": f'"{tag}"'}
    if _is_held(request, tag):
        return Response(status_code=HTTP_304_NOT_MODIFIED, headers=told)
    return Response(body, headers=told, media_type=media_type)


class Tagged:
    """ASGI middleware: an ETag on all that is read below a path, and HEAD wherever GET is taken.

    Parameters
    ----------
    app : ASGIApp
        What answers.
    below : str
        The path, a slash at its end.
    """

    def __init__(self, app: ASGIApp, below: str) -> None:
        self._app = app
        self._below = below

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        wanted = scope["type"] == "http" and scope["path"].startswith(self._below)
        if not wanted or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        head: Message = {}
        body = bytearray()

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                head.update(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body", False):
                await _send_tagged(Request(scope), head, bytes(body), send)

        await self._app({**scope, "method": "GET"}, receive, keep)


async def _send_tagged(request: Request, head: Message, body: bytes, send: Send) -> None:
    headers = MutableHeaders(scope=head)
    if head["status"] == HTTP_200_OK:
        headers["ETag"] = f'"{_tag_of(body)}"'
        headers.setdefault("Cache-Control", ASK_AGAIN)
        if _is_held(request, _tag_of(body)):
            head["status"] = HTTP_304_NOT_MODIFIED
            del headers["content-length"], headers["content-type"]
    bare = request.method == "HEAD" or head["status"] == HTTP_304_NOT_MODIFIED
    await send(head)
    await send({"type": "http.response.body", "body": b"" if bare else body})


def _tag_of(body: bytes) -> str:
    return blake2b(body, digest_size=_DIGEST_BYTES).hexdigest()


def _is_held(request: Request, tag: str) -> bool:
    held = request.headers.get("if-none-match", "")
    return held.strip() == "*" or tag in _TAG.findall(held)

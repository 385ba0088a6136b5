"""Where a request ends is never in doubt: a proxy in front and the server would disagree."""

import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from broadsheet.serve.connections import ConnectionGuard, ConnectionLimits

_TIMEOUT_S = 20.0
_SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
_CHUNKED = b"Transfer-Encoding: chunked\r\n"


async def _answer(request: Request) -> Response:
    return PlainTextResponse(f"{request.url.path} {len(await request.body())}")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    app = Starlette(routes=[Route("/{path:path}", _answer, methods=["GET", "POST"])])
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http=ConnectionGuard(ConnectionLimits()).protocol(),
            ws="none",
            log_config=None,
            lifespan="off",
        )
    )
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=[[listening]])
        thread.start()
        yield listening.getsockname()[1]
        server.force_exit = server.should_exit = True
        thread.join(_TIMEOUT_S)


def answer(port: int, headers: bytes, body: bytes) -> bytes:
    request = b"POST /first HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n" + body
    with socket.create_connection(("127.0.0.1", port), _TIMEOUT_S) as client:
        client.sendall(request)
        received = b""
        try:
            while part := client.recv(65_536):
                received += part
        except ConnectionResetError:
            pass
        return received


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (b"Content-Length: 5\r\nContent-Length: 6\r\n", b"hello"),
        (b"Content-Length: +5\r\n", b"hello"),
        (b"Content-Length: 5, 5, 6\r\n", b"hello"),
        (b"Content-Length: 5 5\r\n", b"hello"),
        (b"Content-Length: -1\r\n", b"hello"),
        (b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"),
        (b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n"),
        (b"X: a\r\n Transfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
        (b"X: a\rTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
        (b"X: a\x00b\r\n", b""),
        (_CHUNKED, b"5;\x00\r\nhello\r\n0\r\n\r\n"),
        (_CHUNKED, b"-5\r\nhello\r\n0\r\n\r\n"),
        (_CHUNKED, b"5\r\nhelloX0\r\n\r\n"),
    ],
)
def test_an_ambiguous_request_is_refused(port: int, headers: bytes, body: bytes) -> None:
    received = answer(port, headers, body + _SMUGGLED)
    assert b"/smuggled" not in received
    assert received.startswith(b"HTTP/1.1 400 ") or received == b""


def test_of_two_lengths_the_body_is_not_read_as_a_request(port: int) -> None:
    headers = b"Content-Length: 5\r\n" + _CHUNKED
    received = answer(port, headers, b"0\r\n\r\n" + _SMUGGLED)
    assert received.startswith(b"HTTP/1.1 400 ") or received.count(b"HTTP/1.1 ") == 1


def test_requests_with_clear_ends_are_answered_in_order(port: int) -> None:
    received = answer(port, _CHUNKED, b"5\r\nhello\r\n0\r\n\r\n" + _SMUGGLED)
    assert received.index(b"/first 5") < received.index(b"/smuggled 0")

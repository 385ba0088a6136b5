"""Connections that wait, stall or crowd are closed, and other clients are answered meanwhile."""

import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from ipaddress import ip_network

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from broadsheet.serve.connections import ConnectionGuard, ConnectionLimits, limits_of_system

# Far more than the limits: machines differ in speed.
_TIMEOUT_S = 20.0
_LARGE = b"x" * 20_000_000
_GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
_POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
# Each test shortens the times that it is about.
_LIMITS = ConnectionLimits(check_s=0.02)
_BUSY_S = 0.3
_left: list[str] = []


async def _answer(request: Request) -> Response:
    if request.url.path == "/large":
        return Response(_LARGE)
    if request.url.path == "/busy":
        time.sleep(_BUSY_S)
    if request.url.path == "/left":
        _left.append(request.url.path)
    return PlainTextResponse(f"{len(await request.body())} bytes")


@contextmanager
def serving(limits: ConnectionLimits, proxies: tuple[str, ...] = ()) -> Iterator[int]:
    """Serve a small application in a thread; yield its port."""
    app = Starlette(routes=[Route("/{path:path}", _answer, methods=["GET", "POST"])])
    guard = ConnectionGuard(limits, [ip_network(proxy) for proxy in proxies])
    config = uvicorn.Config(app, http=guard.protocol(), ws="none", log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=[[listening]])
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.force_exit = server.should_exit = True
            thread.join(_TIMEOUT_S)


@contextmanager
def connection(port: int, sent: bytes = b"", source: str = "127.0.0.1") -> Iterator[socket.socket]:
    with socket.create_connection(
        ("127.0.0.1", port), _TIMEOUT_S, source_address=(source, 0)
    ) as client:
        client.sendall(sent)
        yield client


def answer(client: socket.socket) -> bytes:
    """Read until the server closes the connection."""
    received = b""
    try:
        while part := client.recv(1 << 20):
            received += part
    except ConnectionResetError:
        pass
    return received


def is_answered(port: int, source: str = "127.0.0.1") -> bool:
    with connection(port, _GET, source) as client:
        client.settimeout(_TIMEOUT_S)
        try:
            return client.recv(4096).startswith(b"HTTP/1.1 200")
        except ConnectionResetError:
            return False


@pytest.mark.parametrize(
    ("sent", "response"),
    [(b"", b""), (b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: a", b"HTTP/1.1 408 Request Timeout")],
    ids=["silent", "unfinished headers"],
)
def test_half_open_connections_are_closed_and_others_answered(sent: bytes, response: bytes) -> None:
    with serving(replace(_LIMITS, header_s=0.4)) as port, ExitStack() as stack:
        began = time.monotonic()
        clients = [stack.enter_context(connection(port, sent)) for _ in range(40)]
        assert is_answered(port)
        for client in clients:
            assert answer(client).partition(b"\r\n")[0] == response
        assert 0.3 < time.monotonic() - began < _TIMEOUT_S


def test_headers_that_arrive_byte_by_byte_are_given_the_same_time() -> None:
    with serving(replace(_LIMITS, header_s=0.4)) as port, connection(port) as client:
        began = time.monotonic()
        with pytest.raises(OSError):
            for byte in b"GET / HTTP/1.1\r\nX-Slow: " + b"a" * 1_000:
                client.sendall(bytes([byte]))
                time.sleep(0.02)
        assert time.monotonic() - began < _TIMEOUT_S


def test_a_request_is_answered_after_another_on_the_same_connection() -> None:
    limits = replace(_LIMITS, header_s=0.3, idle_s=0.3, body_gap_s=0.3)
    with serving(limits) as port, connection(port) as client:
        for _ in range(4):
            client.sendall(_POST + b"a" * 100)
            assert client.recv(4096).endswith(b"100 bytes")
            # In all, longer than each of the limits.
            time.sleep(0.15)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the state of a connection from Linux")
def test_requests_of_clients_that_left_while_the_process_was_busy_are_not_answered() -> None:
    _left.clear()
    with serving(_LIMITS) as port:
        with connection(port, _GET.replace(b"/ ", b"/busy ", 1)) as client:
            time.sleep(_BUSY_S / 3)
            for _ in range(20):
                with connection(port, _GET.replace(b"/ ", b"/left ", 1)):
                    pass
            assert client.recv(4096).startswith(b"HTTP/1.1 200")
        assert is_answered(port)
    assert _left == []


def test_an_idle_connection_is_closed_later_for_a_trusted_proxy() -> None:
    limits = replace(_LIMITS, idle_s=0.2, proxy_idle_s=60)
    with serving(limits, ("127.0.0.2/32",)) as port, ExitStack() as stack:
        reader = stack.enter_context(connection(port, _GET))
        proxy = stack.enter_context(connection(port, _GET, "127.0.0.2"))
        assert answer(reader).endswith(b"0 bytes")
        assert proxy.recv(4096).endswith(b"0 bytes")
        proxy.sendall(_GET)
        assert proxy.recv(4096).endswith(b"0 bytes")


@pytest.mark.parametrize("trickles", [False, True])
def test_a_slow_body_is_refused(trickles: bool) -> None:
    limits = replace(_LIMITS, body_s=0.3) if trickles else replace(_LIMITS, body_gap_s=0.3)
    with serving(limits) as port, connection(port, _POST) as client:
        began = time.monotonic()
        client.settimeout(0.1)
        received = b""
        while not received:
            assert time.monotonic() - began < _TIMEOUT_S
            if trickles:
                client.sendall(b"a")
            try:
                received = client.recv(4096)
            except TimeoutError:
                assert is_answered(port)
        assert received.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    "limits", [replace(_LIMITS, unread_s=0.3), replace(_LIMITS, write_s=0.3)], ids=["gap", "in all"]
)
def test_a_client_that_does_not_read_is_disconnected(limits: ConnectionLimits) -> None:
    with serving(limits) as port, connection(port) as client:
        client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.6)
        assert is_answered(port)
        assert len(answer(client)) < len(_LARGE)


def test_a_client_that_reads_gets_a_large_response() -> None:
    with serving(replace(_LIMITS, unread_s=0.3)) as port, connection(port) as client:
        client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert len(answer(client)) > len(_LARGE)


@pytest.mark.parametrize(
    ("limits", "source"),
    [(replace(_LIMITS, per_network=10), "127.0.0.1"), (replace(_LIMITS, total=10), "127.0.0.2")],
    ids=["of a network", "in all"],
)
def test_the_oldest_waiting_connection_makes_room_for_a_new_one(
    limits: ConnectionLimits, source: str
) -> None:
    with serving(limits) as port, ExitStack() as stack:
        clients = [stack.enter_context(connection(port)) for _ in range(10)]
        assert is_answered(port, source)
        assert answer(clients[0]) == b""
        clients[-1].sendall(_GET)
        assert clients[-1].recv(4096).startswith(b"HTTP/1.1 200")


def test_a_connection_that_replaces_the_only_one_of_its_network_has_the_same_limits() -> None:
    with serving(replace(_LIMITS, total=2, header_s=0.5)) as port, ExitStack() as stack:
        first = stack.enter_context(connection(port, source="127.0.0.2"))
        stack.enter_context(connection(port))
        second = stack.enter_context(connection(port, b"GET / HT", source="127.0.0.2"))
        assert answer(first) == b""
        assert answer(second).startswith(b"HTTP/1.1 408")


def test_clients_that_do_not_read_make_room_too() -> None:
    with serving(replace(_LIMITS, per_network=10)) as port, ExitStack() as stack:
        for _ in range(30):
            stack.enter_context(connection(port, b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n"))
        time.sleep(0.3)
        assert is_answered(port)


def test_connections_of_one_network_and_of_proxies_do_not_crowd_out_others() -> None:
    limits = replace(_LIMITS, per_network=5)
    with serving(limits, ("127.0.0.3/32",)) as port, ExitStack() as stack:
        other = stack.enter_context(connection(port, source="127.0.0.2"))
        proxies = [stack.enter_context(connection(port, source="127.0.0.3")) for _ in range(10)]
        for _ in range(20):
            stack.enter_context(connection(port))
        for client in [other, *proxies]:
            client.sendall(_GET)
            assert client.recv(4096).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "headers",
    [b"X-Large: " + b"a" * 40_000, b"\r\n".join([b"X: a"] * 101), b"X: a\r\n" * 8_000 + b"X: a"],
    ids=["large", "many", "both"],
)
def test_large_headers_are_refused(headers: bytes) -> None:
    request = b"GET / HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n\r\n"
    with serving(_LIMITS) as port, connection(port, request) as client:
        assert answer(client).startswith(b"HTTP/1.1 431 ")


def test_a_header_without_an_end_is_refused() -> None:
    with serving(_LIMITS) as port, connection(port, b"GET / HTTP/1.1\r\nX: ") as client:
        sent = 0
        with pytest.raises(OSError):
            while sent < 100_000_000:
                sent += client.send(b"a" * 8_192)
        assert sent < 10_000_000


def test_a_long_queue_of_pipelined_requests_is_refused() -> None:
    with serving(_LIMITS) as port:
        with connection(port, _GET * 10) as client:
            client.settimeout(1.0)
            received = b""
            while received.count(b"HTTP/1.1 200") < 10:
                received += client.recv(4096)
        with connection(port, _GET * 5_000) as client:
            assert answer(client).count(b"HTTP/1.1 200") < 100
        assert is_answered(port)


def test_a_connection_cannot_become_a_websocket() -> None:
    upgrade = _GET[:-2] + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    with (
        serving(replace(_LIMITS, header_s=0.3, idle_s=0.3)) as port,
        connection(port, upgrade) as client,
    ):
        assert answer(client).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("soft", "hard", "raised"),
    [(1_024, 20_000, 20_000), (1_024, 1_024, 1_024), (1_024, resource.RLIM_INFINITY, 65_536)],
)
def test_connections_and_other_files_stay_below_the_raised_limit(
    soft: int, hard: int, raised: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    current = [(soft, hard)]
    monkeypatch.setattr(resource, "getrlimit", lambda what: current[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda what, limit: current.append(limit))
    limits = limits_of_system()
    assert current[-1] == (raised, hard)
    assert 500 < limits.total <= raised - limits.backlog - 256


def test_a_system_that_refuses_to_raise_its_limit_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(what: int, limit: tuple[int, int]) -> None:
        raise ValueError("current limit exceeds maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda what: (1_024, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert limits_of_system().total <= 1_024 - 256


_SHORT_OF_FILES = """
import asyncio, logging, resource, sys, time, socket
from dataclasses import replace
import uvicorn
from broadsheet.serve.connections import ConnectionGuard, ConnectionLimits
from broadsheet.serve.logs import configure_logging

async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"ok"})

configure_logging()
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
http = ConnectionGuard(ConnectionLimits(header_s=3, check_s=0.1)).protocol()
with socket.create_server(("127.0.0.1", 0)) as listening:
    print(listening.getsockname()[1], flush=True)
    config = uvicorn.Config(app, http=http, ws="none", log_config=None, lifespan="off")
    uvicorn.Server(config).run(sockets=[listening])
"""


def test_running_out_of_files_neither_floods_the_log_nor_stops_the_server() -> None:
    command = [sys.executable, "-c", _SHORT_OF_FILES]
    with (
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process,
        ExitStack() as stack,
    ):
        stack.callback(process.kill)
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with ExitStack() as half_open:
            for _ in range(200):
                half_open.enter_context(connection(port))
            time.sleep(1.5)
        # The server may still be closing them.
        deadline_s = time.monotonic() + _TIMEOUT_S
        while not (answered := is_answered(port)) and time.monotonic() < deadline_s:
            time.sleep(0.1)
        assert answered
        process.terminate()
        _, log = process.communicate(timeout=_TIMEOUT_S)
    assert log.count("\n") < 100

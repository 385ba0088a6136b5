"""Limits on connections: time for each part of a request, and how many may be open."""

import asyncio
import logging
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from broadsheet.rules.network import network
from broadsheet.serve.proxies import Networks, is_in

_log = logging.getLogger(__name__)
# A process needs no more; some systems report a limit of a billion.
_MAX_FILES = 65_536
# Files that are not connections: the library's, the index's, the log.
_OTHER_FILES = 256
_MAX_BACKLOG = 1_024
_MAX_CONNECTIONS = 8_192
# The state of a connection whose client has closed it, in Linux's `include/net/tcp_states.h`: the
# first byte of `tcp_info`.
_CLOSE_WAIT = 8
_REFUSAL = "HTTP/1.1 {0.value} {0.phrase}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What a connection may take, and how many one process keeps open.

    Parameters
    ----------
    total : int
        Open connections. Beyond it, the one that has waited longest for a request is closed.
    backlog : int
        Connections that the system queues before they are accepted.
    per_network : int
        Open connections of one network as of :func:`broadsheet.rules.network.network`.
    header_s : float
        Seconds from the first byte of a request to the end of its headers.
    idle_s, proxy_idle_s : float
        Seconds without a request; the second is for trusted proxies, which keep connections.
    body_gap_s, body_s : float
        Seconds without a byte of the body, and for all of it.
    unread_s, write_s : float
        Seconds in which the client reads nothing of a response, and in which it reads all of it.
    header_bytes, headers : int
        Size of a request's line and headers, and their number.
    pipelined : int
        Requests that a client may send before the response to the first.
    check_s : float
        Seconds between two checks of these times.
    """

    total: int = 1_024
    backlog: int = _MAX_BACKLOG
    per_network: int = 256
    header_s: float = 10.0
    idle_s: float = 15.0
    proxy_idle_s: float = 150.0
    body_gap_s: float = 10.0
    body_s: float = 60.0
    unread_s: float = 20.0
    write_s: float = 120.0
    header_bytes: int = 32 * 1024
    headers: int = 100
    pipelined: int = 16
    check_s: float = 1.0


def limits_of_system() -> ConnectionLimits:
    """Raise this process's limit of open files, and return limits that stay below it."""
    if sys.platform == "win32":
        return ConnectionLimits()
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, _MAX_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        # macOS refuses more than its own limit of a process, whatever the hard limit is.
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    files = _MAX_FILES if soft == resource.RLIM_INFINITY else soft
    # All queued connections may be accepted before the first of them is closed again.
    backlog = min(_MAX_BACKLOG, files // 4)
    total = min(_MAX_CONNECTIONS, max(16, files - backlog - _OTHER_FILES))
    return ConnectionLimits(total=total, backlog=backlog)


class ConnectionGuard:
    """The open connections of one process.

    Parameters
    ----------
    limits : ConnectionLimits
        When a connection is closed.
    proxies : sequence of ip_network, optional
        Networks whose connections are not counted by network.
    """

    def __init__(self, limits: ConnectionLimits, proxies: Networks = ()) -> None:
        self.limits = limits
        self._proxies = proxies
        # Both in order of time: connections by network, and those without a complete request.
        self._open: dict[str, dict[GuardedProtocol, None]] = {}
        self._waiting: dict[GuardedProtocol, None] = {}
        self._count = 0
        self._checks: asyncio.TimerHandle | None = None

    def protocol(self) -> type[HttpToolsProtocol]:
        """Return the class of this guard's connections, for ``uvicorn.Config(http=…)``."""
        return type("Connection", (GuardedProtocol,), {"guard": self})

    def is_proxy(self, address: str) -> bool:
        """Return whether an address belongs to a trusted proxy."""
        return is_in(address, self._proxies)

    def admit(self, connection: "GuardedProtocol") -> bool:
        """Count a new connection; return False if it must be closed at once."""
        if self._checks is None:
            self._checks = connection.loop.call_later(self.limits.check_s, self._check)
        peers = self._open.get(connection.network, {})
        if not connection.is_proxy and len(peers) >= self.limits.per_network:
            _log.warning(
                "%s has %d connections: the oldest that waits is closed for each new one; "
                "if this is your reverse proxy, name it in the setting trusted_proxies",
                connection.network,
                len(peers),
            )
            if not self._close_one(peers):
                return False
        if self._count >= self.limits.total:
            _log.warning("%d connections are open, the maximum", self._count)
            if not self._close_one(self._waiting):
                return False
        # Not in `peers`: the last of them may have been closed, and their network forgotten.
        self._open.setdefault(connection.network, {})[connection] = None
        self._count += 1
        return True

    def release(self, connection: "GuardedProtocol") -> None:
        """Forget a closed connection."""
        self._waiting.pop(connection, None)
        peers = self._open.get(connection.network, {})
        if connection in peers:
            del peers[connection]
            self._count -= 1
        if not peers:
            self._open.pop(connection.network, None)

    def set_waiting(self, connection: "GuardedProtocol", waiting: bool) -> None:
        """Note whether a connection waits for the rest of a request."""
        if not waiting:
            self._waiting.pop(connection, None)
        elif connection not in self._waiting:
            self._waiting[connection] = None

    def _close_one(self, candidates: "dict[GuardedProtocol, None]") -> bool:
        """Close the oldest that waits, else the oldest whose client does not read."""
        victim = next((one for one in candidates if one in self._waiting), None)
        victim = victim or next((one for one in candidates if one.is_unread), None)
        if victim is None:
            return False
        self.release(victim)
        victim.transport.abort()
        return True

    def _check(self) -> None:
        self._checks = None
        for peers in tuple(self._open.values()):
            for connection in tuple(peers):
                connection.check(connection.loop.time())
        if self._count and self._open:
            loop = next(iter(next(iter(self._open.values())))).loop
            self._checks = loop.call_later(self.limits.check_s, self._check)


class GuardedProtocol(HttpToolsProtocol):
    """One HTTP connection of uvicorn, closed if it exceeds a limit.

    uvicorn itself limits only the time between two requests.
    """

    guard: ClassVar[ConnectionGuard]

    network = "unknown"
    is_proxy = False
    _reading: str = "idle"  # or headers, body
    _deadline_s: float | None = None
    _body_deadline_s = 0.0
    _header_bytes = _headers = 0
    _unparsed_bytes = 0
    _is_too_large = False
    # The unsent bytes at the last check, since when there are any, and when some were sent last.
    _unsent_bytes = 0
    _unsent_since_s: float | None = None
    _sent_at_s = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept the connection unless there are too many."""
        super().connection_made(transport)
        if self.client:
            self.network = network(self.client[0])
            self.is_proxy = self.guard.is_proxy(self.client[0])
        if self.guard.admit(self):
            self._wait(self.guard.limits.header_s)
        else:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self.guard.release(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what was received, unless the client has left already."""
        if self._is_abandoned():
            self.transport.abort()
            return
        within_headers = self._reading == "headers"
        super().data_received(data)
        # A header that does not end never gets to `on_header`.
        if within_headers and self._reading == "headers":
            self._unparsed_bytes += len(data)
            if self._unparsed_bytes > self.guard.limits.header_bytes:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        """Begin to read a request."""
        super().on_message_begin()
        self._reading = "headers"
        self._header_bytes = self._headers = self._unparsed_bytes = 0
        if not self._is_responding:
            self._wait(self.guard.limits.header_s)

    def on_url(self, url: bytes) -> None:
        """Read a part of the request line."""
        self._count_header(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Read one header."""
        self._headers += 1
        self._count_header(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Pass the request to the application."""
        if len(self.pipeline) >= self.guard.limits.pipelined:
            raise ValueError("too many pipelined requests")
        super().on_headers_complete()
        self._reading = "body"
        self._body_deadline_s = self.loop.time() + self.guard.limits.body_s
        self._wait(self.guard.limits.body_gap_s)

    def on_body(self, body: bytes) -> None:
        """Read a part of the body."""
        super().on_body(body)
        remaining_s = self._body_deadline_s - self.loop.time()
        self._wait(min(self.guard.limits.body_gap_s, remaining_s))

    def on_message_complete(self) -> None:
        """End a request."""
        super().on_message_complete()
        self._reading = "idle"
        if self._is_responding:
            self._deadline_s = None
            self.guard.set_waiting(self, False)
        else:
            self._wait(self._idle_s)

    def on_response_complete(self) -> None:
        """End a response."""
        super().on_response_complete()
        if self._is_responding or self._reading == "body":
            return
        self._wait(self.guard.limits.header_s if self._reading == "headers" else self._idle_s)

    def resume_writing(self) -> None:
        """Note that the client has read something."""
        self._sent_at_s = self.loop.time()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Refuse a request that cannot be parsed."""
        too_large = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        self._refuse(too_large if self._is_too_large else HTTPStatus.BAD_REQUEST)

    @property
    def is_unread(self) -> bool:
        """Whether the client has not read all that was sent."""
        return self.transport.get_write_buffer_size() > 0

    def check(self, now_s: float) -> None:
        """Close the connection if a time is over."""
        if self._deadline_s is not None and now_s >= self._deadline_s:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        unsent_bytes = self.transport.get_write_buffer_size()
        if not unsent_bytes:
            self._unsent_since_s = None
        elif self._unsent_since_s is None:
            self._unsent_since_s = self._sent_at_s = now_s
        elif unsent_bytes < self._unsent_bytes:
            self._sent_at_s = now_s
        self._unsent_bytes = unsent_bytes
        limits = self.guard.limits
        if self._unsent_since_s is not None and (
            now_s >= self._sent_at_s + limits.unread_s
            or now_s >= self._unsent_since_s + limits.write_s
        ):
            self.transport.abort()

    def _is_abandoned(self) -> bool:
        """Return whether the client has closed the connection.

        It would be closed as soon as that is read, which comes after the request: a client that
        leaves at once is in no count of open connections, and would have each request answered.
        """
        connection = self.transport.get_extra_info("socket")
        if sys.platform != "linux" or connection is None or not self.client:
            return False
        try:
            state = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        except OSError:
            # Not TCP, or closed.
            return False
        return bool(state == _CLOSE_WAIT)

    @property
    def _is_responding(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def _idle_s(self) -> float:
        limits = self.guard.limits
        return limits.proxy_idle_s if self.is_proxy else limits.idle_s

    def _wait(self, for_s: float) -> None:
        self._deadline_s = self.loop.time() + for_s
        self.guard.set_waiting(self, True)

    def _count_header(self, size: int) -> None:
        self._header_bytes += size
        limits = self.guard.limits
        if self._header_bytes > limits.header_bytes or self._headers > limits.headers:
            self._is_too_large = True
            raise ValueError("the headers are too large")

    def _refuse(self, status: HTTPStatus) -> None:
        """Close the connection, with a response if the client waits for no other."""
        self._deadline_s = None
        reads_body = self._reading == "body" and not self.pipeline
        if self._reading != "idle" and not (
            self._is_responding and (self.cycle.response_started or not reads_body)
        ):
            self.transport.write(_REFUSAL.format(status).encode())
        self.transport.close()

"""The outgoing HTTP client: rate limits, retries, size limits and address checks."""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version

import httpx2
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from broadsheet.errors import SourceError
from broadsheet.http.addresses import (
    UnknownHostError,
    ascii_host,
    parse_url,
    proxy_of,
    public_address,
    redirect_target,
    shown,
)
from broadsheet.http.errors import ReplyTooLargeError, StatusError, UnavailableError
from broadsheet.http.policy import Policy
from broadsheet.http.rate_limits import RateLimits
from broadsheet.http.reply import Reply, retry_after_s

REPLY_BYTES = 64 << 20
# httpx2 logs the query of every request, which may hold an API key, at level INFO.
logging.getLogger("httpx2").setLevel(logging.WARNING)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class _TransientError(Exception):
    """A failure that is retried.

    Parameters
    ----------
    reason : str
        What happened.
    wait_s : float or None
        Wait before the next attempt, if the service stated it.
    """

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: httpx2.URL
    headers: Mapping[str, str]
    body: object
    allowed: tuple[int, ...]
    most_bytes: int
    read_s: float
    total_s: float
    attempts: int


class Client:
    """Sends requests to outside services; safe to use from many threads.

    Requests to one site are sent one at a time and not faster than its rate limit, unless that
    is 0. Lost connections and overload statuses (408, 425, 429, 5xx) are retried after the time
    the service stated, or with exponential backoff. Redirects are followed within a site only.
    Addresses inside private networks are refused; the checked address is the one connected to.

    Parameters
    ----------
    contact : str or None
        Email address of the operator, sent in the User-Agent header.
    mirror : str or None
        Address that replaces all services: ``{mirror}/{host}/{path}`` is requested, without rate
        limits. It may be private.
    spend : callable, optional
        Called with the site before each request; raises if its daily quota is exhausted.
    pause : callable, optional
        Waits for a number of seconds.
    policy : Policy, optional
        Retries, timeouts and limits.
    rate_limits : RateLimits, optional
        By default one request to a site in two seconds.
    """

    def __init__(
        self,
        contact: str | None = None,
        mirror: str | None = None,
        spend: Callable[[str], None] = lambda site: None,
        pause: Callable[[float], None] = time.sleep,
        *,
        policy: Policy | None = None,
        rate_limits: RateLimits | None = None,
    ) -> None:
        self._mirror = mirror.rstrip("/") if mirror else None
        self._spend = spend
        self._pause = pause
        self._policy = policy or Policy()
        self._rate_limits = rate_limits or RateLimits()
        mailto = f"; mailto:{contact}" if contact else ""
        self._agent = f"broadsheet/{version('broadsheet')} (newspaper of research papers{mailto})"
        self._sent_at: dict[str, float] = {}
        self._connections: dict[tuple[str, str | None], httpx2.Client] = {}
        self._site_locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for connection in self._connections.values():
                connection.close()
            self._connections.clear()

    def get(
        self,
        address: str,
        params: Mapping[str, str] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        unless: Mapping[str, str] | None = None,
        allowed: tuple[int, ...] = (),
        most_bytes: int = REPLY_BYTES,
        read_s: float | None = None,
    ) -> Reply:
        """Send a GET request.

        Parameters
        ----------
        address : str
            Starts with http:// or https://.
        params : mapping of str to str, optional
            The query.
        headers : mapping of str to str, optional
            Such as an API key; never sent to another site and never part of a message.
        unless : mapping of str to str, optional
            A cursor with the `validators` of an earlier reply. If nothing changed since, the
            reply is `unchanged`.
        allowed : tuple of int
            Statuses of 400 and above that are returned, not raised.
        most_bytes : int
            Size limit of the decompressed body.
        read_s : float, optional
            Timeout of each read; by default that of the policy.

        Raises
        ------
        UnavailableError
            If there is no reply, the service is overloaded, or its quota is exhausted.
        StatusError
            If the status is an error that is not `allowed`.
        SourceError
            If the address is not allowed, the reply is too large, or it redirects to another
            site.
        """
        conditions = {}
        if unless and "etag" in unless:
            conditions["If-None-Match"] = unless["etag"]
        if unless and "modified" in unless:
            conditions["If-Modified-Since"] = unless["modified"]
        request = _Request(
            "GET",
            parse_url(address, params),
            {**(headers or {}), **conditions},
            None,
            allowed,
            most_bytes,
            read_s or self._policy.read_s,
            self._policy.total_s,
            self._policy.attempts,
        )
        return self._send_with_retries(request)

    def post(
        self,
        address: str,
        body: object,
        params: Mapping[str, str] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        allowed: tuple[int, ...] = (),
        most_bytes: int = REPLY_BYTES,
        timeout_s: float | None = None,
        attempts: int | None = None,
    ) -> Reply:
        """Send a POST request with a JSON body.

        Parameters
        ----------
        body : object
            Sent as JSON.
        timeout_s : float, optional
            Timeout of each read and of the whole reply; by default those of the policy.
        attempts : int, optional
            Most requests sent; by default that of the policy.
        address, params, headers, allowed, most_bytes
            As in :meth:`get`, which also lists the errors.
        """
        request = _Request(
            "POST",
            parse_url(address, params),
            headers or {},
            body,
            allowed,
            most_bytes,
            timeout_s or self._policy.read_s,
            timeout_s or self._policy.total_s,
            attempts or self._policy.attempts,
        )
        return self._send_with_retries(request)

    def _send_with_retries(self, request: _Request) -> Reply:
        retrying = Retrying(
            retry=retry_if_exception_type(_TransientError),
            stop=stop_after_attempt(request.attempts),
            wait=self._backoff_s,
            sleep=self._pause,
            reraise=True,
        )
        try:
            return retrying(self._follow_redirects, request)
        except _TransientError as error:
            raise UnavailableError(
                f"{shown(request.url)} is unavailable ({error}): the next fetch retries it",
                error.wait_s,
                str(error),
            ) from error

    def _backoff_s(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, _TransientError) and error.wait_s is not None:
            return min(error.wait_s, self._policy.max_wait_s)
        wait_s = self._policy.first_wait_s * 2.0 ** (state.attempt_number - 1)
        return min(wait_s, self._policy.max_wait_s) * random.uniform(0.5, 1)  # noqa: S311  # nosec B311 # jitter

    def _follow_redirects(self, request: _Request) -> Reply:
        for _ in range(self._policy.max_redirects + 1):
            reply = self._send(request)
            if reply.status not in _REDIRECTS:
                return reply
            location = reply.headers.get("location", "")
            target = redirect_target(request.url, location, self._rate_limits)
            request = replace(request, url=target)
        raise SourceError(
            f"{shown(request.url)} redirects more than {self._policy.max_redirects} times: "
            "check its address in the settings"
        )

    def _send(self, request: _Request) -> Reply:
        url = request.url
        with self._rate_limited(url.host):
            self._spend(self._rate_limits.site_of(url.host))
            deadline = time.monotonic() + request.total_s
            try:
                connection, prepared = self._prepare(request)
                response = connection.send(prepared, stream=True)
                try:
                    self._check_status(url, response, request.allowed)
                    body = _read_body(response, url, request.most_bytes, deadline)
                finally:
                    response.close()
            except UnknownHostError as error:
                raise _TransientError("unknown host name, or no network") from error
            except httpx2.TransportError as error:
                raise _TransientError(f"no reply, {type(error).__name__}") from error
            except httpx2.DecodingError as error:
                raise _TransientError("a damaged reply") from error
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(shown(url), response.status_code, headers, body)

    @contextmanager
    def _rate_limited(self, host: str) -> Iterator[None]:
        """Wait until a request to a host's site is allowed, and hold off others until it ends."""
        interval_s = self._rate_limits.interval_s(host)
        if self._mirror or not interval_s:
            yield
            return
        site = self._rate_limits.site_of(host)
        with self._lock:
            lock = self._site_locks.setdefault(site, threading.Lock())
        with lock:
            if site in self._sent_at:
                wait_s = self._sent_at[site] + interval_s - time.monotonic()
                if wait_s > 0:
                    self._pause(wait_s)
            try:
                yield
            finally:
                self._sent_at[site] = time.monotonic()

    def _prepare(self, request: _Request) -> tuple[httpx2.Client, httpx2.Request]:
        url = request.url
        target = url
        if self._mirror:
            target = httpx2.URL(f"{self._mirror}/{url.host}{url.raw_path.decode()}")
        connection = self._connection(url.host, proxy_of(target))
        connect_s = min(self._policy.connect_s, request.read_s)
        prepared = connection.build_request(
            request.method,
            target,
            headers=request.headers,
            json=request.body,
            timeout=httpx2.Timeout(request.read_s, connect=connect_s),
        )
        if self._mirror or self._policy.allows_private:
            return connection, prepared
        if (address := public_address(url)) != ascii_host(url):
            # The checked address is connected to, whatever the name resolves to by then.
            prepared.extensions["sni_hostname"] = ascii_host(url)
            prepared.url = url.copy_with(host=address)
        return connection, prepared

    def _connection(self, host: str, proxy: str | None) -> httpx2.Client:
        with self._lock:
            if (host, proxy) not in self._connections:
                # One for each host: the pool is keyed by address, and two hosts may share one.
                # The proxy is given, because the client reads NO_PROXY in another way than
                # `public_address`, and a request that only one of them sends to a proxy would
                # connect to an address that was not checked.
                self._connections[host, proxy] = httpx2.Client(
                    headers={"User-Agent": self._agent, "Accept-Encoding": "gzip"},
                    follow_redirects=False,
                    transport=httpx2.HTTPTransport(proxy=proxy),
                )
            return self._connections[host, proxy]

    def _check_status(
        self, url: httpx2.URL, response: httpx2.Response, allowed: tuple[int, ...]
    ) -> None:
        status = response.status_code
        if response.is_success or status in allowed or status == httpx2.codes.NOT_MODIFIED:
            return
        if status in _REDIRECTS and self._policy.max_redirects:
            return
        wait_s = retry_after_s(response.headers)
        is_rate_limit = status == httpx2.codes.FORBIDDEN and wait_s is not None
        if status in self._policy.retried_statuses or is_rate_limit:
            if wait_s is None or wait_s <= self._policy.max_wait_s or self._policy.caps_retry_after:
                raise _TransientError(f"status {status}", wait_s)
            raise UnavailableError(
                f"{shown(url)} requested a wait of {round(wait_s / 60)} minutes (status {status}): "
                "it is retried after that",
                wait_s,
            )
        raise StatusError(f"{shown(url)} {_explained(status)}", status)


def _explained(status: int) -> str:
    if status in (401, 403):
        return (
            f"denied access (status {status}): check the API key in the settings, and whether the "
            "service still allows automated requests"
        )
    if status in (404, 410):
        return (
            f"was not found (status {status}): check the name if you entered one; otherwise the "
            "service has moved it"
        )
    return f"returned status {status}: the next fetch retries it"


def _read_body(
    response: httpx2.Response, url: httpx2.URL, most_bytes: int, deadline: float
) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > most_bytes:
            raise ReplyTooLargeError(
                f"{shown(url)} returned more than {most_bytes >> 20} MiB, the limit for one reply: "
                "check its address in the settings"
            )
        # The read timeout alone does not end a reply that arrives byte by byte.
        if time.monotonic() > deadline:
            raise _TransientError("no end of the reply")
    return bytes(body)

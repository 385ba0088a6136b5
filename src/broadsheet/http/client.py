"""The one client that asks outside services: at their pace, within bounds, and safely."""

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version

import httpx2
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from broadsheet.errors import SourceError
from broadsheet.http.addresses import (
    UnknownHostError,
    moved_to,
    public_address,
    shown,
    web_address,
)
from broadsheet.http.rate_limits import RateLimits
from broadsheet.http.reply import Reply, UnavailableError, retry_after_s

REPLY_BYTES = 64 << 20
_CONNECT_S, _READ_S, _WHOLE_S = 10.0, 30.0, 300.0
_ATTEMPTS = 4
_FIRST_WAIT_S, _LONGEST_WAIT_S = 2.0, 60.0
_REDIRECTS = 5
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_MOVED = frozenset({301, 302, 303, 307, 308})


class _PassingError(Exception):
    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class _Question:
    """One request, and what of its reply is taken."""

    method: str
    url: httpx2.URL
    headers: Mapping[str, str]
    body: object = None
    allowed: tuple[int, ...] = ()
    most_bytes: int = REPLY_BYTES
    read_s: float | None = field(default=None)


class Client:
    """Asks services one request at a time; safe to use from many threads.

    Each site is asked no faster than it allows, and no more often a day than `spend` lets. What
    passes by itself (a lost connection, 429, 5xx) is tried four times, after the time the
    service told or ever longer waits. Redirects are followed within a site only. Addresses
    inside a private network are refused, and the address that was checked is the one that is
    connected to.

    Parameters
    ----------
    contact : str or None
        Mail address of the operator, for services to write to.
    mirror : str or None
        An address that stands in for all services: ``{mirror}/{host}/{path}`` is asked, without
        a service's pace. It may be private.
    spend : callable, optional
        Told the site before each request; raises where its budget is spent.
    pause : callable, optional
        Waits so many seconds.
    read_s : float
        How long to wait for the next piece of a reply.
    rate_limits : RateLimits, optional
        By default one request to a site in two seconds.
    """

    def __init__(
        self,
        contact: str | None = None,
        mirror: str | None = None,
        spend: Callable[[str], None] = lambda site: None,
        pause: Callable[[float], None] = time.sleep,
        read_s: float = _READ_S,
        rate_limits: RateLimits | None = None,
    ) -> None:
        self._rate_limits = rate_limits or RateLimits()
        self._mirror = mirror.rstrip("/") if mirror else None
        self._spend = spend
        self._pause = pause
        self._read_s = read_s
        told = f"; mailto:{contact}" if contact else ""
        self._name = f"broadsheet/{version('broadsheet')} (newspaper of research papers{told})"
        self._asked_at: dict[str, float] = {}
        self._hosts: dict[str, httpx2.Client] = {}
        self._turn = threading.Lock()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what is open."""
        for one in self._hosts.values():
            one.close()
        self._hosts.clear()

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
        """Ask for an address.

        Parameters
        ----------
        address : str
            Of http or https.
        params : mapping of str to str, optional
            The query.
        headers : mapping of str to str, optional
            Such as a key; never repeated to another site and in no message.
        unless : mapping of str to str, optional
            A cursor with the `validators` of an earlier reply: where nothing is new since, the
            reply is `unchanged`.
        allowed : tuple of int
            Statuses of 400 and above that are no failure.
        most_bytes : int
            The most that is taken of the unpacked body.
        read_s : float, optional
            How long to wait for the next piece of this reply, where it is known to take long.

        Raises
        ------
        SourceError
            Where the reply is a refusal, too long, or leads elsewhere.
        UnavailableError
            Where there is no reply, the service is overloaded, or its budget is spent.
        """
        conditions = {}
        if unless and "etag" in unless:
            conditions["If-None-Match"] = unless["etag"]
        if unless and "modified" in unless:
            conditions["If-Modified-Since"] = unless["modified"]
        asked = {**(headers or {}), **conditions}
        url = web_address(address, params)
        return self._patiently(_Question("GET", url, asked, None, allowed, most_bytes, read_s))

    def post(
        self,
        address: str,
        body: object,
        params: Mapping[str, str] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        allowed: tuple[int, ...] = (),
    ) -> Reply:
        """Ask with a question too long for an address; `body` is sent as JSON, else as `get`."""
        url = web_address(address, params)
        return self._patiently(_Question("POST", url, headers or {}, body, allowed))

    def _patiently(self, question: _Question) -> Reply:
        retrying = Retrying(
            retry=retry_if_exception_type(_PassingError),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=_wait,
            sleep=self._pause,
            reraise=True,
        )
        try:
            return retrying(self._follow, question)
        except _PassingError as error:
            raise UnavailableError(
                f"{shown(question.url)} cannot be reached ({error}): it is tried again later",
                error.wait_s,
            ) from error

    def _follow(self, question: _Question) -> Reply:
        for _ in range(_REDIRECTS + 1):
            reply = self._ask(question)
            if reply.status not in _MOVED:
                return reply
            there = moved_to(question.url, reply.headers.get("location", ""), self._rate_limits)
            question = replace(question, url=there)
        raise SourceError(f"{shown(question.url)} leads from one address to the next without end")

    def _ask(self, question: _Question) -> Reply:
        url = question.url
        with self._turn:
            self._spend(self._rate_limits.site_of(url.host))
            self._keep_pace(url.host)
            until = time.monotonic() + _WHOLE_S
            try:
                client, request = self._request(question)
                reply = client.send(request, stream=True)
                try:
                    _check(url, reply, question.allowed)
                    told = _body(reply, url, question.most_bytes, until)
                finally:
                    reply.close()
            except UnknownHostError as error:
                raise _PassingError("its name is not known, or there is no network") from error
            except httpx2.TransportError as error:
                raise _PassingError(f"no reply, {type(error).__name__}") from error
            except httpx2.DecodingError as error:
                raise _PassingError("a damaged reply") from error
            finally:
                self._asked_at[self._rate_limits.site_of(url.host)] = time.monotonic()
        return Reply(shown(url), reply.status_code, _lower(reply.headers), told)

    def _keep_pace(self, host: str) -> None:
        if self._mirror:
            return
        before = self._asked_at.get(self._rate_limits.site_of(host))
        if before is not None:
            early_s = before + self._rate_limits.interval_s(host) - time.monotonic()
            if early_s > 0:
                self._pause(early_s)

    def _request(self, question: _Question) -> tuple[httpx2.Client, httpx2.Request]:
        url = question.url
        client = self._hosts.get(url.host)
        if client is None:
            # One for each host: connections are pooled by address, and two hosts may share one.
            client = httpx2.Client(
                headers={"User-Agent": self._name, "Accept-Encoding": "gzip"},
                follow_redirects=False,
            )
            self._hosts[url.host] = client
        there = url
        if self._mirror:
            there = httpx2.URL(f"{self._mirror}/{url.host}{url.raw_path.decode()}")
        request = client.build_request(
            question.method,
            there,
            headers=question.headers,
            json=question.body,
            timeout=httpx2.Timeout(question.read_s or self._read_s, connect=_CONNECT_S),
        )
        if not self._mirror and (address := public_address(url)) != url.host:
            # What was checked is what is connected to, whatever the name leads to by then.
            request.extensions["sni_hostname"] = url.host
            request.url = url.copy_with(host=address)
        return client, request


def _check(url: httpx2.URL, reply: httpx2.Response, allowed: tuple[int, ...]) -> None:
    status = reply.status_code
    if reply.is_success or status in allowed or status in _MOVED or status == 304:
        return
    wait_s = retry_after_s(reply.headers)
    if status in _PASSING or (status == httpx2.codes.FORBIDDEN and wait_s is not None):
        if wait_s is not None and wait_s > _LONGEST_WAIT_S:
            minutes = round(wait_s / 60)
            raise UnavailableError(
                f"{shown(url)} asks to wait for {minutes} minutes (status {status}): it is "
                "tried again then",
                wait_s,
            )
        raise _PassingError(f"status {status}", wait_s)
    if status in (401, 403):
        raise SourceError(
            f"{shown(url)} refuses (status {status}): check the key in the settings, or "
            "whether the service still lets programs in"
        )
    if status in (404, 410):
        raise SourceError(
            f"{shown(url)} is gone (status {status}): check its name where you gave it "
            "one; otherwise the service has moved it"
        )
    raise SourceError(f"{shown(url)} gave status {status}: it is tried again later")


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, _PassingError) and error.wait_s is not None:
        return error.wait_s
    # Spread out, so that many papers' servers do not come back at the same moment.
    longest_s = min(_FIRST_WAIT_S * 2.0 ** (state.attempt_number - 1), _LONGEST_WAIT_S)
    return longest_s * random.uniform(0.5, 1)  # noqa: S311


def _body(reply: httpx2.Response, url: httpx2.URL, most_bytes: int, until: float) -> bytes:
    body = bytearray()
    # Of no size that is waited for: what comes letter by letter has an end too.
    for piece in reply.iter_bytes():
        body += piece
        if len(body) > most_bytes:
            raise SourceError(
                f"{shown(url)} gave more than {most_bytes >> 20} MiB, the most that is taken of "
                "one reply"
            )
        if time.monotonic() > until:
            raise _PassingError("no end of the reply")
    return bytes(body)


def _lower(headers: httpx2.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}

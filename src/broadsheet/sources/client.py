"""The one client that asks outside services: at their pace, within bounds, and safely."""

import ipaddress
import random
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import TypeVar
from urllib.request import getproxies, proxy_bypass

import httpx
from pydantic import BaseModel, ValidationError
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from broadsheet.errors import SourceError
from broadsheet.sources.manners import pause_s, same_site, site_of
from broadsheet.sources.wire import json_value

Shape = TypeVar("Shape", bound=BaseModel)

REPLY_BYTES = 64 << 20
_CONNECT_S, _READ_S, _WHOLE_S = 10.0, 30.0, 300.0
_ATTEMPTS = 4
_FIRST_WAIT_S, _LONGEST_WAIT_S = 2.0, 60.0
_REDIRECTS = 5
_PIECE_BYTES = 1 << 14
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_MOVED = frozenset({301, 302, 303, 307, 308})


class OutOfReachError(SourceError):
    """A service that cannot be asked now.

    Parameters
    ----------
    message : str
        The sentence shown to the operator.
    wait_s : float or None
        After how many seconds it may be asked again, where it told.
    """

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Reply:
    """What a service replied.

    Parameters
    ----------
    address : str
        Where it came from in the end, without query.
    status : int
        200 to 299, 304, or one that was allowed for.
    headers : mapping of str to str
        Names in lower case.
    body : bytes
        Unpacked.
    """

    address: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def unchanged(self) -> bool:
        """Whether the service said that nothing is new since the validators it was sent."""
        return self.status == httpx.codes.NOT_MODIFIED

    @property
    def validators(self) -> dict[str, str]:
        """What to keep in a cursor and to send along the next time."""
        told = {"etag": self.headers.get("etag"), "modified": self.headers.get("last-modified")}
        return {name: value for name, value in told.items() if value}

    def json(self) -> object:
        """Read the body as JSON.

        Raises
        ------
        SourceError
            Where it is something else.
        """
        try:
            return json_value(self.body)
        except ValueError as error:
            kind = "HTML" if self.body.lstrip()[:1] == b"<" else "no JSON"
            raise SourceError(
                f"{self.address} gave {kind} where JSON was expected: it is tried again at the "
                "next fetch"
            ) from error

    def read(self, shape: type[Shape]) -> Shape:
        """Read the body as JSON of a known shape.

        Raises
        ------
        SourceError
            Where it is something else.
        """
        told = self.json()
        try:
            return shape.model_validate(told)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"]) or "the whole"
            raise SourceError(
                f"{self.address} gave JSON of another shape than expected ({place}: "
                f"{first['msg'].lower()}): it is tried again at the next fetch"
            ) from error


class _PassingError(Exception):
    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


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
    """

    def __init__(
        self,
        contact: str | None = None,
        mirror: str | None = None,
        spend: Callable[[str], None] = lambda site: None,
        pause: Callable[[float], None] = time.sleep,
        read_s: float = _READ_S,
    ) -> None:
        self._mirror = mirror.rstrip("/") if mirror else None
        self._spend = spend
        self._pause = pause
        self._read_s = read_s
        told = f"; mailto:{contact}" if contact else ""
        self._name = f"broadsheet/{version('broadsheet')} (newspaper of research papers{told})"
        self._asked_at: dict[str, float] = {}
        self._hosts: dict[str, httpx.Client] = {}
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

        Raises
        ------
        SourceError
            Where the reply is a refusal, too long, or leads elsewhere.
        OutOfReachError
            Where there is no reply, the service is overloaded, or its budget is spent.
        """
        conditions = {}
        if unless and "etag" in unless:
            conditions["If-None-Match"] = unless["etag"]
        if unless and "modified" in unless:
            conditions["If-Modified-Since"] = unless["modified"]
        asked = {**(headers or {}), **conditions}
        url = _url(address, params)
        return self._patiently("GET", url, asked, None, allowed, most_bytes)

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
        url = _url(address, params)
        return self._patiently("POST", url, headers or {}, body, allowed, REPLY_BYTES)

    def _patiently(
        self,
        method: str,
        url: httpx.URL,
        headers: Mapping[str, str],
        body: object,
        allowed: tuple[int, ...],
        most_bytes: int,
    ) -> Reply:
        retrying = Retrying(
            retry=retry_if_exception_type(_PassingError),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=_wait,
            sleep=self._pause,
            reraise=True,
        )
        try:
            return retrying(self._follow, method, url, headers, body, allowed, most_bytes)
        except _PassingError as error:
            raise OutOfReachError(
                f"{_shown(url)} cannot be reached ({error}): it is tried again later", error.wait_s
            ) from error

    def _follow(
        self,
        method: str,
        url: httpx.URL,
        headers: Mapping[str, str],
        body: object,
        allowed: tuple[int, ...],
        most_bytes: int,
    ) -> Reply:
        for _ in range(_REDIRECTS + 1):
            reply = self._ask(method, url, headers, body, allowed, most_bytes)
            if reply.status not in _MOVED:
                return reply
            url = _moved(url, reply)
        raise SourceError(f"{_shown(url)} leads from one address to the next without end")

    def _ask(
        self,
        method: str,
        url: httpx.URL,
        headers: Mapping[str, str],
        body: object,
        allowed: tuple[int, ...],
        most_bytes: int,
    ) -> Reply:
        with self._turn:
            self._spend(site_of(url.host))
            self._keep_pace(url.host)
            until = time.monotonic() + _WHOLE_S
            client, request = self._request(method, url, headers, body)
            try:
                reply = client.send(request, stream=True)
                try:
                    self._check(url, reply, allowed)
                    told = _body(reply, url, most_bytes, until)
                finally:
                    reply.close()
            except httpx.TransportError as error:
                raise _PassingError(f"no reply, {type(error).__name__}") from error
            except httpx.DecodingError as error:
                raise _PassingError("a damaged reply") from error
            finally:
                self._asked_at[site_of(url.host)] = time.monotonic()
        return Reply(_shown(url), reply.status_code, _lower(reply.headers), told)

    def _keep_pace(self, host: str) -> None:
        if self._mirror:
            return
        before = self._asked_at.get(site_of(host))
        if before is not None:
            early_s = before + pause_s(host) - time.monotonic()
            if early_s > 0:
                self._pause(early_s)

    def _request(
        self, method: str, url: httpx.URL, headers: Mapping[str, str], body: object
    ) -> tuple[httpx.Client, httpx.Request]:
        client = self._hosts.get(url.host)
        if client is None:
            # One for each host: connections are pooled by address, and two hosts may share one.
            client = httpx.Client(
                headers={"User-Agent": self._name, "Accept-Encoding": "gzip"},
                timeout=httpx.Timeout(self._read_s, connect=_CONNECT_S),
                follow_redirects=False,
            )
            self._hosts[url.host] = client
        if self._mirror:
            there = httpx.URL(f"{self._mirror}/{url.host}{url.raw_path.decode()}")
            return client, client.build_request(method, there, headers=headers, json=body)
        address = _public_address(url)
        request = client.build_request(method, url, headers=headers, json=body)
        if address != url.host:
            request.extensions["sni_hostname"] = url.host
            request.url = url.copy_with(host=address)
        return client, request

    def _check(self, url: httpx.URL, reply: httpx.Response, allowed: tuple[int, ...]) -> None:
        status = reply.status_code
        if reply.is_success or status in allowed or status in _MOVED or status == 304:
            return
        wait_s = told_wait_s(reply.headers)
        if status in _PASSING or (status == httpx.codes.FORBIDDEN and wait_s is not None):
            if wait_s is not None and wait_s > _LONGEST_WAIT_S:
                minutes = round(wait_s / 60)
                raise OutOfReachError(
                    f"{_shown(url)} asks to wait for {minutes} minutes (status {status}): it is "
                    "tried again then",
                    wait_s,
                )
            raise _PassingError(f"status {status}", wait_s)
        if status in (401, 403):
            raise SourceError(
                f"{_shown(url)} refuses (status {status}): check the key in the settings, or "
                "whether the service still lets programs in"
            )
        if status in (404, 410):
            raise SourceError(
                f"{_shown(url)} is gone (status {status}): check the name in the settings; if "
                "it was right yesterday, the service has moved it"
            )
        raise SourceError(f"{_shown(url)} gave status {status}: it is tried again later")


def told_wait_s(headers: Mapping[str, str]) -> float | None:
    """Read how many seconds a service asks to wait, in any of the ways in use.

    RFC 9110 section 10.2.3 (``Retry-After``, seconds or a date), and GitHub's
    ``x-ratelimit-reset`` where nothing remains.
    """
    told = headers.get("retry-after")
    if told is not None and told.strip().isdecimal():
        return float(told)
    if told is not None:
        try:
            moment = parsedate_to_datetime(told)
        except ValueError:
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        return max(0.0, float(reset) - datetime.now(UTC).timestamp())
    return None


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, _PassingError) and error.wait_s is not None:
        return error.wait_s
    # Spread out, so that many papers' servers do not come back at the same moment.
    longest_s = min(_FIRST_WAIT_S * 2.0 ** (state.attempt_number - 1), _LONGEST_WAIT_S)
    return longest_s * random.uniform(0.5, 1)  # noqa: S311


def _url(address: str, params: Mapping[str, str] | None) -> httpx.URL:
    try:
        url = httpx.URL(address)
        url = url.copy_merge_params(dict(params)) if params else url
    except httpx.InvalidURL as error:
        raise SourceError(f"{address[:200]!r} is no address: check the settings") from error
    if url.scheme not in ("http", "https") or not url.host or url.userinfo:
        raise SourceError(
            f"{address[:200]!r} cannot be asked: an address begins with http:// or https:// and "
            "holds no password"
        )
    return url


def _moved(url: httpx.URL, reply: Reply) -> httpx.URL:
    try:
        there = url.join(reply.headers.get("location", ""))
    except httpx.InvalidURL as error:
        raise SourceError(f"{_shown(url)} leads to an address that cannot be read") from error
    downgraded = url.scheme == "https" and there.scheme != "https"
    if downgraded or there.userinfo or not same_site(url.host, there.host):
        raise SourceError(
            f"{_shown(url)} leads to {there.host[:100]!r}, another site: if the service has moved, "
            "name its new address in the settings"
        )
    return there


def _public_address(url: httpx.URL) -> str:
    """Find the address of a host to connect to, and refuse one inside a private network."""
    proxied = url.scheme in getproxies() and not proxy_bypass(url.host)
    try:
        told = [ipaddress.ip_address(url.host)]
    except ValueError:
        if proxied:
            return url.host
        told = _resolve(url)
    if not all(address.is_global and not address.is_multicast for address in told):
        raise SourceError(
            f"{url.host!r} is an address inside a private network, which is not asked: check the "
            "settings"
        )
    return url.host if proxied else str(told[0])


def _resolve(url: httpx.URL) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        found = socket.getaddrinfo(url.host, url.port or url.scheme, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _PassingError("its name is not known, or there is no network") from error
    return [ipaddress.ip_address(str(address[4][0]).partition("%")[0]) for address in found]


def _body(reply: httpx.Response, url: httpx.URL, most_bytes: int, until: float) -> bytes:
    body = bytearray()
    for piece in reply.iter_bytes(_PIECE_BYTES):
        body += piece
        if len(body) > most_bytes:
            raise SourceError(
                f"{_shown(url)} gave more than {most_bytes >> 20} MiB, the most that is taken of "
                "one reply"
            )
        if time.monotonic() > until:
            raise _PassingError("no end of the reply")
    return bytes(body)


def _lower(headers: httpx.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _shown(url: httpx.URL) -> str:
    """Give the address without its query, which may hold a key."""
    return f"{url.scheme}://{url.host}{url.path}"

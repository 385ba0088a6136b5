"""Which addresses may be asked: public ones, of http or https, within one site."""

import ipaddress
import socket
from collections.abc import Mapping
from urllib.request import getproxies, proxy_bypass

import httpx2

from broadsheet.errors import SourceError
from broadsheet.http.rate_limits import RateLimits


class UnknownHostError(Exception):
    """A host whose name is not known now, or no network."""


def web_address(address: str, params: Mapping[str, str] | None) -> httpx2.URL:
    """Read an address.

    Raises
    ------
    SourceError
        Where it is none that may be asked.
    """
    try:
        url = httpx2.URL(address)
        url = url.copy_merge_params(dict(params)) if params else url
    except (httpx2.InvalidURL, UnicodeError) as error:
        raise SourceError(f"{address[:200]!r} is no address: check the settings") from error
    if url.scheme not in ("http", "https") or not url.host or url.userinfo:
        raise SourceError(
            f"{address[:200]!r} cannot be asked: an address begins with http:// or https:// and "
            "holds no password"
        )
    return url


def moved_to(url: httpx2.URL, location: str, limits: RateLimits) -> httpx2.URL:
    """Read where a redirect leads.

    Raises
    ------
    SourceError
        Where that is another site, or a step from https to http.
    """
    try:
        there = url.join(location)
    except httpx2.InvalidURL as error:
        raise SourceError(f"{shown(url)} leads to an address that cannot be read") from error
    downgraded = url.scheme == "https" and there.scheme != "https"
    if downgraded or there.userinfo or not limits.same_site(url.host, there.host):
        raise SourceError(
            f"{shown(url)} leads to {there.host[:100]!r}, another site: if the service has moved, "
            "name its new address in the settings"
        )
    return there


def public_address(url: httpx2.URL) -> str:
    """Find the address of a host to connect to.

    Raises
    ------
    SourceError
        Where it lies inside a private network.
    UnknownHostError
        Where there is none now.
    """
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


def _resolve(url: httpx2.URL) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        found = socket.getaddrinfo(url.host, url.port or url.scheme, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnknownHostError("its name is not known, or there is no network") from error
    return [ipaddress.ip_address(str(address[4][0]).partition("%")[0]) for address in found]


def shown(url: httpx2.URL) -> str:
    """Give the address without its query, which may hold a key, and what steers a terminal."""
    told = f"{url.scheme}://{url.host}{url.path}"
    return "".join(letter for letter in told if letter.isprintable())

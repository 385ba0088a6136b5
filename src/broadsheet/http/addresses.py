"""Which addresses a client requests: public ones, over http or https, within one site."""

import ipaddress
import socket
from collections.abc import Mapping
from urllib.request import getproxies, proxy_bypass

import httpx2

from broadsheet.errors import SourceError
from broadsheet.http.rate_limits import RateLimits

_SHOWN_CHARS = 200


class UnknownHostError(Exception):
    """The host name cannot be resolved, or there is no network."""


def parse_url(address: str, params: Mapping[str, str] | None) -> httpx2.URL:
    """Parse an address and add query parameters.

    Raises
    ------
    SourceError
        If the address is invalid, is not http or https, or contains a password.
    """
    try:
        url = httpx2.URL(address)
        url = url.copy_merge_params(dict(params)) if params else url
    except (httpx2.InvalidURL, UnicodeError) as error:
        raise SourceError(
            f"invalid address {address[:_SHOWN_CHARS]!r}: check the settings"
        ) from error
    if url.scheme not in ("http", "https") or not url.host or url.userinfo:
        raise SourceError(
            f"invalid address {address[:_SHOWN_CHARS]!r}: it must start with http:// or https:// "
            "and contain no password"
        )
    return url


def redirect_target(url: httpx2.URL, location: str, limits: RateLimits) -> httpx2.URL:
    """Resolve a Location header.

    Raises
    ------
    SourceError
        If it is invalid, or leads to another site or from https to http.
    """
    try:
        target = url.join(location)
    except httpx2.InvalidURL as error:
        raise SourceError(f"{shown(url)} redirects to an invalid address") from error
    downgraded = url.scheme == "https" and target.scheme != "https"
    if downgraded or target.userinfo or not limits.same_site(url.host, target.host):
        raise SourceError(
            f"{shown(url)} redirects to {target.host[:100]!r}, another site: if the service has "
            "moved, enter its new address in the settings"
        )
    return target


def public_address(url: httpx2.URL) -> str:
    """Resolve a host to the IP address to connect to; behind a proxy, return the host itself.

    Raises
    ------
    SourceError
        If an address of the host is inside a private network.
    UnknownHostError
        If the host name cannot be resolved.
    """
    proxied = url.scheme in getproxies() and not proxy_bypass(url.host)
    try:
        addresses = [ipaddress.ip_address(url.host)]
    except ValueError:
        if proxied:
            return url.host
        addresses = _resolve(url)
    if not all(one.is_global and not one.is_multicast for one in addresses):
        raise SourceError(
            f"{url.host!r} is an address inside a private network, which is not allowed: check "
            "the settings"
        )
    return url.host if proxied else str(addresses[0])


def _resolve(url: httpx2.URL) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        found = socket.getaddrinfo(url.host, url.port or url.scheme, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnknownHostError(url.host) from error
    return [ipaddress.ip_address(str(address[4][0]).partition("%")[0]) for address in found]


def shown(url: httpx2.URL) -> str:
    """Return an address for a message: without query, which may hold a key, or control codes."""
    text = f"{url.scheme}://{url.host}{url.path}"
    return "".join(character for character in text if character.isprintable())

"""Which addresses a client requests: public ones, over http or https, within one site."""

import ipaddress
import socket
from collections.abc import Mapping
from urllib.request import getproxies, proxy_bypass

import httpx2

from broadsheet.errors import SourceError
from broadsheet.http.rate_limits import RateLimits

_SHOWN_CHARS = 200
# What is delegated to hosts of the internet: https://www.iana.org/assignments/ipv4-address-space
# and https://www.iana.org/assignments/ipv6-unicast-address-assignments. Python's `is_global`
# differs between its releases and includes NAT64 and IPv4 addresses within IPv6 addresses.
_UNICAST = tuple(map(ipaddress.ip_network, ("0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3", "2000::/3")))
# Blocks within them that are not: https://www.iana.org/assignments/iana-ipv4-special-registry and
# https://www.iana.org/assignments/iana-ipv6-special-registry.
_SPECIAL_PURPOSE = tuple(
    map(
        ipaddress.ip_network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
            *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24"),
            *("192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24"),
            *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
            *("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"),
        ),
    )
)


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


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Return whether an address is a host of the internet.

    Special-purpose blocks of IANA are not, including those that embed IPv4 addresses (IPv4-mapped,
    NAT64, 6to4, Teredo): a gateway may forward them to a private network.
    """
    return any(address in network for network in _UNICAST) and not any(
        address in network for network in _SPECIAL_PURPOSE
    )


def proxy_of(url: httpx2.URL) -> str | None:
    """Return the proxy that the environment names for a URL, or None."""
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    return proxy if proxy and not proxy_bypass(ascii_host(url)) else None


def ascii_host(url: httpx2.URL) -> str:
    """Return the host as DNS and TLS use it; `url.host` is in Unicode."""
    return url.raw_host.decode("ascii")


def public_address(url: httpx2.URL) -> str:
    """Resolve a host to the IP address to connect to; behind a proxy, return the host itself.

    Raises
    ------
    SourceError
        If an address of the host is inside a private network.
    UnknownHostError
        If the host name cannot be resolved.
    """
    host = ascii_host(url)
    proxied = proxy_of(url) is not None
    try:
        addresses = [ipaddress.ip_address(host)]
    except ValueError:
        if proxied:
            return host
        addresses = _resolve(url)
    if not all(is_public(one) for one in addresses):
        raise SourceError(
            f"{url.host!r} is an address inside a private network, which is not allowed: check "
            "the settings"
        )
    return host if proxied else str(addresses[0])


def _resolve(url: httpx2.URL) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    try:
        found = socket.getaddrinfo(ascii_host(url), url.port or url.scheme, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnknownHostError(url.host) from error
    return [ipaddress.ip_address(str(address[4][0]).partition("%")[0]) for address in found]


def shown(url: httpx2.URL) -> str:
    """Return an address for a message: without query, which may hold a key, or control codes."""
    text = f"{url.scheme}://{url.host}{url.path}"
    return "".join(character for character in text if character.isprintable())

"""Requests reach hosts of the internet only, at the address that was checked."""

import ipaddress
import socket
from collections.abc import Callable

import httpx2
import pytest

from broadsheet.errors import SourceError
from broadsheet.http.addresses import is_public, public_address
from broadsheet.http.client import Client
from broadsheet.http.policy import Policy
from tests.services import Services

# https://www.iana.org/assignments/iana-ipv4-special-registry, iana-ipv6-special-registry,
# multicast and reserved blocks, and older ones that systems still route.
SPECIAL_BLOCKS = [
    *("0.0.0.0/8", "0.0.0.0/32", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
    *("172.16.0.0/12", "192.0.0.0/24", "192.0.0.0/29", "192.0.0.8/32", "192.0.0.9/32"),
    *("192.0.0.10/32", "192.0.0.170/32", "192.0.0.171/32", "192.0.2.0/24", "192.31.196.0/24"),
    *("192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24"),
    *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    *("255.255.255.255/32", "::1/128", "::/128", "::/96", "::ffff:0:0/96", "::ffff:0:0:0/96"),
    *("64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/23", "2001::/32"),
    *("2001:1::1/128", "2001:1::2/128", "2001:1::3/128", "2001:2::/48", "2001:3::/32"),
    *("2001:4:112::/48", "2001:10::/28", "2001:20::/28", "2001:30::/28", "2001:db8::/32"),
    *("2002::/16", "2620:4f:8000::/48", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10"),
    *("fec0::/10", "ff00::/8", "4000::/3"),
]
EMBEDDED = [
    *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "::8.8.8.8", "64:ff9b::10.0.0.1"),
    *("64:ff9b::8.8.8.8", "64:ff9b:1::10.0.0.1", "2002:7f00:1::", "2002:808:808::1"),
    *("2001:0:808:808::f5ff:fffe", "fe80::1%1", "::ffff:0:127.0.0.1"),
]
PUBLIC = [
    *("8.8.8.8", "1.0.0.1", "100.63.255.255", "100.128.0.0", "128.84.21.199", "172.15.255.255"),
    *("172.32.0.1", "191.255.255.255", "192.0.1.1", "192.167.255.255", "198.17.255.255"),
    *("198.20.0.1", "223.255.255.255", "2606:4700::1111", "2001:200::1", "2a00:1450:4001::1"),
    *("2620:0:862:ed1a::1", "2003::1"),
]


@pytest.mark.parametrize("block", SPECIAL_BLOCKS)
def test_no_address_of_a_special_purpose_block_is_public(block: str) -> None:
    network = ipaddress.ip_network(block)
    middle = network[network.num_addresses // 2]
    assert not any(is_public(address) for address in (network[0], middle, network[-1]))


@pytest.mark.parametrize("address", EMBEDDED)
def test_no_address_that_embeds_another_is_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_of_hosts_of_the_internet_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("host", ["0x7f.1", "127.1", "2130706433"])
def test_other_spellings_of_a_private_address_are_refused(host: str) -> None:
    with Client() as client, pytest.raises(SourceError, match="inside a private network"):
        client.get(f"http://{host}:9/")


Resolve = Callable[..., None]


@pytest.fixture
def resolves(monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """Return a function that sets the answers of the resolver, one a call."""

    def set_answers(*answers: list[str]) -> None:
        left = list(answers)

        def getaddrinfo(host: str, *_: object, **__: object) -> list[object]:
            assert host.isascii()
            return [(0, 0, 0, "", (address, 0)) for address in left.pop(0)]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    return set_answers


def test_a_host_with_one_private_address_among_public_ones_is_refused(resolves: Resolve) -> None:
    resolves(["8.8.8.8", "10.0.0.1"])
    with pytest.raises(SourceError, match="inside a private network"):
        public_address(httpx2.URL("https://api.example.org/"))


def test_a_name_that_resolves_to_another_address_after_the_check_is_not_resolved_again(
    resolves: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolves(["8.8.8.8"], ["127.0.0.1"])
    connected = []

    def connect(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        connected.append(address[0])
        raise OSError

    monkeypatch.setattr(socket, "create_connection", connect)
    with (
        Client(policy=Policy(attempts=1)) as client,
        pytest.raises(SourceError, match="unavailable"),
    ):
        client.get("http://rebinding.example.org/")
    assert connected == ["8.8.8.8"]


def test_an_international_host_is_resolved_in_its_ascii_form(resolves: Resolve) -> None:
    resolves(["8.8.8.8"])
    assert public_address(httpx2.URL("https://faß.example/")) == "8.8.8.8"


def test_a_redirect_within_a_site_is_checked_again(
    services: Services, resolves: Resolve, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolves(["8.8.8.8"], ["10.0.0.1"])
    port = int(services.address.rpartition(":")[2])
    monkeypatch.setattr(socket, "create_connection", _connecting_to(port))
    services.answer("api", "/", "", 302, {"Location": "/api/secrets"})
    with Client() as client, pytest.raises(SourceError, match="inside a private network"):
        client.get("http://example.org/api/")
    assert len(services.questions) == 1


def _connecting_to(port: int) -> Callable[..., socket.socket]:
    def connect(*_: object, **__: object) -> socket.socket:
        connection = socket.socket()
        connection.connect(("127.0.0.1", port))
        return connection

    return connect


@pytest.mark.parametrize("no_proxy", ["", "other.example", "127.0.0.1"])
def test_a_proxy_of_the_environment_gets_the_host_and_no_private_address(
    services: Services, monkeypatch: pytest.MonkeyPatch, no_proxy: str
) -> None:
    monkeypatch.setenv("http_proxy", services.address)
    monkeypatch.setenv("no_proxy", no_proxy)
    with Client(policy=Policy(attempts=1)) as client:
        with pytest.raises(SourceError, match="404"):
            client.get("http://api.example.org/")
        with pytest.raises(SourceError, match="inside a private network"):
            client.get("http://169.254.169.254/latest")
    assert len(services.questions) == 1


def test_a_host_that_no_proxy_names_is_connected_to_at_the_checked_address(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", services.address)
    monkeypatch.setenv("no_proxy", "localhost")
    with Client() as client, pytest.raises(SourceError, match="inside a private network"):
        client.get("http://localhost:9/")
    assert not services.questions

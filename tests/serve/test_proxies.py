"""X-Forwarded-For counts only if a trusted proxy sends it."""

import logging
from ipaddress import ip_network

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from broadsheet.config import Settings, load_settings
from broadsheet.errors import ConfigError
from broadsheet.library import Library
from broadsheet.serve.proxies import TrustedProxies
from broadsheet.web.app import create_app


async def _client(scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope)
    assert request.client is not None
    await PlainTextResponse(f"{request.url.scheme} {request.client.host}")(scope, receive, send)


def client_seen(trusted: str, peer: str, *forwarded: str) -> str:
    """Return the scheme and the address that the application sees."""
    app = TrustedProxies(_client, [ip_network(part) for part in trusted.split()])
    headers = [("X-Forwarded-For", value) for value in forwarded]
    headers.append(("X-Forwarded-Proto", "https"))
    return TestClient(app, client=(peer, 4711)).get("/", headers=headers).text


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "192.0.2.7", "10.0.0.1"])
def test_a_forged_header_changes_nothing(peer: str) -> None:
    assert client_seen("", peer, "198.51.100.1") == f"http {peer}"
    assert client_seen("10.9.0.0/16", peer, "198.51.100.1") == f"http {peer}"


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        (["198.51.100.1"], "198.51.100.1"),
        (["203.0.113.9, 198.51.100.1"], "198.51.100.1"),
        (["203.0.113.9", "198.51.100.1"], "198.51.100.1"),
        (["203.0.113.9, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        (["2001:db8::7"], "2001:db8::7"),
        ([], "10.0.0.1"),
    ],
)
def test_the_rightmost_untrusted_address_counts(forwarded: list[str], client: str) -> None:
    assert client_seen("10.0.0.0/8 ::1", "10.0.0.1", *forwarded) == f"https {client}"


def test_a_header_of_an_untrusted_address_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = TestClient(TrustedProxies(_client, []), client=("172.17.0.1", 4711))
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            client.get("/", headers={"X-Forwarded-For": "198.51.100.1"})
    (record,) = caplog.records
    assert "172.17.0.1" in record.getMessage()
    assert "trusted_proxies" in record.getMessage()


def test_addresses_that_a_client_invents_do_not_multiply_its_votes(library: Library) -> None:
    paper_id = library.editions.read().items[0].paper_id
    app = TrustedProxies(create_app(library), library.settings.trusted_networks)
    statuses = []
    for number in range(61):
        reader = TestClient(app, client=("127.0.0.1", 4711), follow_redirects=False)
        headers = {"X-Forwarded-For": f"198.51.100.{number}"}
        response = reader.post(f"/papers/{paper_id}/vote", data={"on": "1"}, headers=headers)
        statuses.append(response.status_code)
    assert statuses == [303] * 60 + [429]


def test_trusted_proxies_are_addresses_and_networks(settings: Settings) -> None:
    assert settings.trusted_networks == ()
    named = load_settings({"trusted_proxies": "127.0.0.1 10.0.0.0/8 ::1"}, environment={})
    assert [str(network) for network in named.trusted_networks] == [
        "127.0.0.1/32",
        "10.0.0.0/8",
        "::1/128",
    ]
    with pytest.raises(ConfigError, match="'localhost' is not an address or network"):
        load_settings({"trusted_proxies": "::1 localhost"}, environment={})

"""Which addresses and redirects the client accepts."""

import pytest

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.http.rate_limits import RateLimits
from tests.services import Services

ARXIV = RateLimits({"arxiv.org": 3.0})


def test_redirects_are_followed_within_a_site(services: Services) -> None:
    services.answer(
        "export.arxiv.org", "/oai2", "", 301, {"Location": "https://oaipmh.arxiv.org/oai"}
    )
    services.answer("oaipmh.arxiv.org", "/oai", "here")
    with Client(mirror=services.address, rate_limits=ARXIV) as client:
        assert client.get("https://export.arxiv.org/oai2").body == b"here"


@pytest.mark.parametrize(
    "there",
    [
        "https://evil.example.net/",
        "http://api.example.org/",
        "https://user:password@api.example.org/",
        "https://[broken/",
    ],
)
def test_redirects_elsewhere_are_refused(services: Services, patient: Client, there: str) -> None:
    services.answer("api.example.org", "/", "", 302, {"Location": there})
    with pytest.raises(SourceError, match="redirects to"):
        patient.get("https://api.example.org/")
    assert len(services.questions) == 1


def test_a_redirect_loop_raises(services: Services, patient: Client) -> None:
    services.answer("api.example.org", "/", "", 302, {"Location": "/"})
    with pytest.raises(SourceError, match="redirects more than 5 times"):
        patient.get("https://api.example.org/")


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:9/",
        "http://localhost:9/",
        "http://10.0.0.7/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[fe80::1]/",
        "http://0.0.0.0/",
        "http://100.64.0.1/",
        "http://224.0.0.1/",
    ],
)
def test_private_addresses_are_refused(address: str) -> None:
    with Client() as client, pytest.raises(SourceError, match="inside a private network"):
        client.get(address)


@pytest.mark.parametrize(
    "address",
    [
        "ftp://example.org/",
        "example.org",
        "file:///etc/passwd",
        "http://a:b@example.org/",
        "https://\0",
    ],
)
def test_invalid_addresses_are_refused(address: str) -> None:
    with Client() as client, pytest.raises(SourceError, match="address"):
        client.get(address)


def test_a_query_with_a_lone_surrogate_is_refused() -> None:
    with Client() as client, pytest.raises(SourceError, match="invalid address"):
        client.get("https://api.example.org/", {"cursor": "\ud800"})

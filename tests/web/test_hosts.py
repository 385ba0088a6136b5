"""A site answers for its own host names only, and its redirects never name another host."""

from collections.abc import Iterator, Sequence

import pytest
from starlette.testclient import TestClient
from starlette.types import Message

from broadsheet.config import load_settings
from broadsheet.errors import ConfigError
from broadsheet.library import Library
from broadsheet.web.app import create_app
from broadsheet.web.middleware.hosts import host_name, is_own, own_names
from tests.conftest import NOW
from tests.web.asgi import respond

NAMES = own_names("https://News.Example:8443/path", ["www.news.example", "zürich.example"])


@pytest.mark.parametrize(
    "header",
    [
        "news.example",
        "NEWS.Example.:8443",
        "www.news.example:1",
        "xn--zrich-kva.example",
        "localhost",
        "localhost:8000",
        "a.localhost",
        "127.0.0.1:8000",
        "192.168.1.7",
        "[::1]:8000",
        "[2001:db8::1]",
    ],
)
def test_own_names_local_names_and_addresses_are_accepted(header: str) -> None:
    assert is_own(header, NAMES)


@pytest.mark.parametrize(
    "header",
    [
        "evil.example",
        "news.example.evil.example",
        "evil-news.example",
        "notlocalhost",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "1.2.3.4.5",
        "",
        ".",
        ":80",
        "[::1",
        "[evil.example]",
        "::1",
        "news.example@evil.example",
        "news.example:80:80",
        "news.example:x",
        "news.example/x",
        "news.example,evil.example",
        "news.example evil",
        "news.example\t",
    ],
)
def test_other_and_malformed_names_are_not_accepted(header: str) -> None:
    assert not is_own(header, NAMES)


def test_an_asterisk_accepts_every_well_formed_name() -> None:
    anything = own_names("http://127.0.0.1:8000", ["*"])
    assert is_own("evil.example", anything)
    assert not is_own("evil.example/x", anything)
    assert host_name("EVIL.example.:80") == "evil.example"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    flags = {
        "data": tmp_path_factory.mktemp("data"),
        "sources": "none",
        "base_url": "https://news.example",
        "hosts": "www.news.example",
    }
    with Library(load_settings(flags, environment={}), clock=lambda: NOW) as library:
        yield TestClient(
            create_app(library), base_url="https://news.example", follow_redirects=False
        )


@pytest.mark.parametrize("path", ["/", "/search?q=a", "/healthz", "/static/style.css", "/docs/"])
def test_a_request_for_another_host_is_refused(site: TestClient, path: str) -> None:
    for method in ("GET", "HEAD", "POST"):
        refused = site.request(method, path, headers={"Host": "evil.example"})
        assert refused.status_code == 421
        assert "location" not in refused.headers
        assert "default-src 'none'" in refused.headers["content-security-policy"]
    page = site.get(path, headers={"Host": "evil.example:8000"}).text
    assert "This site is not served as evil.example:8000" in page
    assert "to the setting" in page and "hosts" in page


def test_the_api_refuses_another_host_with_a_problem(site: TestClient) -> None:
    refused = site.get("/api/v1/papers", headers={"Host": "evil.example"})
    assert (refused.status_code, refused.json()["status"]) == (421, 421)
    assert "setting `hosts`" in refused.json()["detail"]


def test_a_vote_from_a_rebound_name_is_refused(site: TestClient) -> None:
    headers = {"Host": "evil.example", "Origin": "http://evil.example"}
    for path in ("/subscribe", "/papers/arxiv:2603.00001/vote"):
        assert site.post(path, headers=headers, data={"on": "1"}).status_code == 421


@pytest.mark.parametrize(
    ("version", "hosts", "status"),
    [
        ("1.0", [], 200),
        ("1.1", [], 400),
        ("2", [], 400),
        ("1.1", ["news.example"], 200),
        ("1.1", ["news.example", "news.example"], 400),
        ("1.1", ["news.example", "evil.example"], 400),
        ("1.0", ["evil.example"], 421),
        ("1.1", ["[", ""], 400),
        ("1.1", ["a/b?c"], 400),
        ("1.1", ["\xff"], 421),
    ],
)
def test_a_request_has_one_host_except_in_http_1_0(
    site: TestClient, version: str, hosts: Sequence[str], status: int
) -> None:
    headers = [(b"host", host.encode("latin-1")) for host in hosts]
    got: list[Message] = respond(site.app, "/subscribe", headers=headers, version=version)
    assert got[0]["status"] == status


@pytest.mark.parametrize("path", ["/docs/", "/search/?q=a", "/editions/", "/trending/", "/docs//"])
def test_a_slash_at_the_end_redirects_within_the_site(site: TestClient, path: str) -> None:
    answer = site.get(path, headers={"X-Forwarded-Host": "evil.example"})
    if path == "/docs//":
        assert answer.status_code == 404
        return
    assert answer.status_code == 308
    assert answer.headers["location"] == path.replace("/?", "?").removesuffix("/")


@pytest.mark.parametrize(
    "path", ["//evil.example/", "//evil.example", "/%5Cevil.example/", "/nowhere/"]
)
def test_an_unknown_address_never_redirects_to_another_host(site: TestClient, path: str) -> None:
    answer = site.get(f"https://news.example{path}")
    assert answer.status_code == 404
    assert "location" not in answer.headers


@pytest.mark.parametrize("hosts", ["https://news.example", "news.example:8000", "a/b", "*.a.b"])
def test_a_host_setting_that_is_no_name_is_an_error(hosts: str) -> None:
    with pytest.raises(ConfigError, match=r"is not a host name such as news\.example\.org"):
        load_settings({"hosts": hosts}, environment={})

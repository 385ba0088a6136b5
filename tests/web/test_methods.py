"""HEAD, OPTIONS and cross-origin requests."""

import pytest
from starlette.testclient import TestClient

PAPER = "arxiv:2603.00001"
READ_API = (
    f"/api/v1/papers/{PAPER}",
    "/api/v1/nowhere",
    "/api/daily_papers",
    f"/papers/{PAPER}.md",
    "/openapi.json",
)
ADDRESSES = (
    "/",
    "/editions",
    "/editions/2026-03-11",
    "/editions/1999-01-01",
    "/search?q=kites",
    "/search.atom?q=kites",
    "/trending",
    "/trending.json",
    "/categories/cs.LG",
    "/categories/cs.LG.atom",
    "/authors/Ada%20Windrow",
    f"/papers/{PAPER}",
    "/papers/2603.00001",
    "/subscribe",
    "/about/ranking",
    "/status",
    "/docs",
    "/docs/",
    "/healthz",
    "/static/style.css",
    "/static/none",
    "/nowhere",
    "/confirm?token=x",
    "/feed",
    *READ_API,
)
_CHANGING = ("ratelimit", "date")


@pytest.mark.parametrize("path", ADDRESSES)
def test_head_has_the_headers_of_get_and_no_body(still_client: TestClient, path: str) -> None:
    got, head = still_client.get(path), still_client.head(path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    for name in got.headers.keys() | head.headers.keys():
        if name not in _CHANGING:
            assert (name, head.headers.get(name)) == (name, got.headers.get(name))


@pytest.mark.parametrize("path", READ_API)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_page_of_another_site_may_read_the_api(
    still_client: TestClient, path: str, method: str
) -> None:
    sent = {
        "Origin": "https://other.example",
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization, if-none-match",
    }
    preflight = still_client.options(path, headers=sent)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert preflight.headers["access-control-allow-methods"] == "GET, HEAD"
    assert "Authorization" in preflight.headers["access-control-allow-headers"]
    assert "ratelimit" not in preflight.headers
    answer = still_client.request(method, path, headers={"Origin": "https://other.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    readable = answer.headers["access-control-expose-headers"].split(", ")
    assert {"ETag", "Link", "RateLimit", "Retry-After"} <= set(readable)


@pytest.mark.parametrize("path", ["/", f"/papers/{PAPER}", "/search?q=a", "/subscribe", "/healthz"])
def test_a_page_of_another_site_may_not_read_a_page_or_send_a_form(
    still_client: TestClient, path: str
) -> None:
    foreign = {"Origin": "https://other.example"}
    for method in ("GET", "POST"):
        sent = {**foreign, "Access-Control-Request-Method": method}
        assert still_client.options(path, headers=sent).status_code == 405
        answer = still_client.request(method, path, headers=foreign)
        assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_another_site_may_only_read(still_client: TestClient, method: str) -> None:
    sent = {"Origin": "https://other.example", "Access-Control-Request-Method": method}
    assert still_client.options(READ_API[0], headers=sent).status_code == 400


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/api/v1/papers", "GET, HEAD, OPTIONS"),
        (f"/papers/{PAPER}.md", "GET, HEAD, OPTIONS"),
        ("/editions", "GET, HEAD"),
        ("/subscribe", "GET, HEAD, POST"),
        ("/papers/x/vote", "POST"),
        ("/static/style.css", "GET, HEAD"),
    ],
)
def test_a_wrong_method_names_the_methods_of_an_address(
    still_client: TestClient, path: str, allowed: str
) -> None:
    refused = still_client.delete(path)
    assert (refused.status_code, refused.headers["allow"]) == (405, allowed)


def test_options_names_the_methods_of_the_api(still_client: TestClient) -> None:
    answer = still_client.options("/api/v1/papers")
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    assert still_client.options("/editions").status_code == 405

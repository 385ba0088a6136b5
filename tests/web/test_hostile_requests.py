"""No request, however malformed, is a server error; every answer is a plain sentence or a page."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp

from broadsheet.config import load_settings
from broadsheet.library import Library
from broadsheet.rules.normalize import make_paper
from broadsheet.web.app import create_app
from tests.web.asgi import respond

HOST = (b"host", b"testserver")
PATHS = (
    "/",
    "/editions",
    "/editions/",
    "/editions/day.atom",
    "/search",
    "/search.json",
    "/trending",
    "/categories/",
    "/authors/",
    "/papers",
    "/papers/",
    "/papers/date/",
    "/subscribe",
    "/confirm",
    "/unsubscribe",
    "/docs",
    "/status",
    "/healthz",
    "/openapi.json",
    "/static/",
    "/api/v1/papers",
    "/api/v1/papers/",
    "/api/v1/search",
    "/api/v1/trending",
    "/api/v1/editions/",
    "/api/daily_papers",
    "/api/papers/search",
    "/api/papers/",
)
TAILS = (".md", ".atom", "/vote", "/signals", "/../..", "\\..\\", "%2e%2e/", "//evil.example")
FIELDS = (b"q", b"page", b"after", b"sort", b"revision", b"limit", b"token", b"date", b"category")
HEADERS = (
    b"if-none-match",
    b"if-modified-since",
    b"range",
    b"if-range",
    b"accept-encoding",
    b"authorization",
    b"cookie",
    b"origin",
    b"sec-fetch-site",
    b"content-type",
    b"content-length",
    b"transfer-encoding",
    b"x-forwarded-for",
    b"expect",
    b"access-control-request-method",
)

_raw = st.binary(max_size=20) | st.sampled_from(
    [b"\x00", b"\xff\xfe", b"%00", b"%ED%A0%80", b"%", b"%zz", b"-1", b"9" * 5000, b"1e999", b'"']
)
_text = st.text(max_size=20) | st.sampled_from(["\x00", "\ud800", "%00", "é" * 2000, "x" * 20_000])
_header = st.tuples(st.sampled_from(HEADERS), _raw.filter(lambda raw: b"\n" not in raw))
_field = st.tuples(st.sampled_from(FIELDS) | _raw, _raw).map(b"=".join)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ASGIApp]:
    """A site with one paper and an edition, opened once: no request changes it."""
    options = {
        "data": tmp_path_factory.mktemp("data"),
        "rerank": False,
        "sources": "none",
        "hosts": "testserver",
        "api_requests_an_hour": 1_000_000,
    }
    with Library(load_settings(options, environment={})) as library:
        library.add("test", [make_paper(title="On kites", arxiv="2603.00001", categories=["x"])])
        library.update_index()
        library.trending.update()
        library.editions.publish()
        yield create_app(library)


def check(
    site: ASGIApp,
    path: str,
    query: bytes = b"",
    headers: tuple[tuple[bytes, bytes], ...] = (),
    method: str = "GET",
    body: bytes = b"",
) -> int:
    """Send a request, hold the response against what every response has, return its status."""
    sent = respond(site, path, method=method, query=query, headers=(HOST, *headers), body=body)
    start, content = sent[0], b"".join(message.get("body", b"") for message in sent[1:])
    got = {name.lower(): value for name, value in start["headers"]}
    assert start["status"] < 500
    assert b"content-security-policy" in got
    assert all(b"\n" not in value and b"\r" not in value for value in got.values())
    location = got.get(b"location", b"/")
    assert location.startswith(b"/")
    assert not location.startswith((b"//", b"/\\"))
    assert not [name for name in got if name == b"set-cookie"] or method == "POST"
    if method == "HEAD":
        assert content == b""
    elif got.get(b"content-type") == b"application/problem+json" and not got.get(
        b"content-encoding"
    ):
        assert json.loads(content)["detail"].endswith(".")
    assert b"Traceback" not in content
    status: int = start["status"]
    return status


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(PATHS),
    rest=st.lists(st.sampled_from(TAILS) | _text, max_size=2).map("".join),
    fields=st.lists(_field, max_size=4),
    headers=st.lists(_header, max_size=4).map(tuple),
    method=st.sampled_from(["GET", "GET", "GET", "HEAD", "POST", "OPTIONS", "PUT", "BREW"]),
    body=st.binary(max_size=50),
)
@example("/", "", [], ((b"if-none-match", b'"' * 60_000),), "GET", b"")
@example("/editions/day.atom", "", [], ((b"if-none-match", b'W/"a",' * 10_000),), "GET", b"")
@example("/api/v1/papers", "", [], ((b"if-none-match", b"\xff" * 60_000),), "GET", b"")
@example("/static/", "style.css", [], ((b"range", b"bytes=0-0," * 5_000),), "GET", b"")
@example("/static/", "style.css", [], ((b"range", b"bytes=99999999999-"),), "GET", b"")
@example("/static/", "style.css", [], ((b"if-modified-since", b"9" * 5000),), "GET", b"")
@example("/", "", [], ((b"accept-encoding", b"gzip;q=" + b"9" * 5000),), "GET", b"")
@example("/", "", [], ((b"accept-encoding", b"gzip," * 12_000),), "GET", b"")
@example("/", "", [], ((b"cookie", b"reader=" + b"." * 60_000),), "GET", b"")
@example("/", "x" * 100_000, [], (), "GET", b"")
@example("/search", "", [b"q=a"] * 5_000, (), "GET", b"")
@example("/search", "", [b"q=\xff\xfe"], (), "GET", b"")
@example("/api/v1/papers", "", [b"limit=1"] * 5_000, (), "GET", b"")
@example("/api/v1/papers/", "x" * 60_000, [], (), "GET", b"")
@example("/subscribe", "", [], ((b"content-type", b"multipart/form-data"),), "POST", b"x")
@example("/docs", "/", [b"\xff\r\n=x"], (), "GET", b"")
def test_no_request_is_a_server_error(
    site: ASGIApp,
    path: str,
    rest: str,
    fields: list[bytes],
    headers: tuple[tuple[bytes, bytes], ...],
    method: str,
    body: bytes,
) -> None:
    check(site, f"{path}{rest}", b"&".join(fields), headers, method, body)

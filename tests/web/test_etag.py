import gzip

import brotli
import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, Response, StreamingResponse
from starlette.testclient import TestClient

from broadsheet.web.middleware.etag import ETagMiddleware


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    app.add_middleware(ETagMiddleware)

    @app.get("/feed")
    def feed() -> Response:
        return Response(b"<feed/>", media_type="application/atom+xml")

    @app.get("/api/one")
    def one(text: str = "a") -> dict[str, str]:
        return {"text": text}

    @app.get("/api/long")
    def long() -> Response:
        return StreamingResponse(iter([b"a", b"b", b"c"]))

    @app.get("/words")
    def words(n: int = 500) -> Response:
        return PlainTextResponse("kites " * n)

    @app.get("/token")
    def token() -> Response:
        return PlainTextResponse("kites " * 500, headers={"Cache-Control": "no-store"})

    @app.get("/dated")
    def dated() -> Response:
        headers = {"Last-Modified": "Fri, 20 Feb 2026 06:00:00 GMT"}
        return PlainTextResponse("kites", headers=headers)

    @app.get("/api/gone")
    def gone() -> Response:
        return PlainTextResponse("gone", 404)

    @app.post("/api/one")
    def change() -> dict[str, str]:
        return {}

    return TestClient(app)


@pytest.mark.parametrize("path", ["/feed", "/api/one", "/api/long"])
def test_an_unchanged_response_returns_304(client: TestClient, path: str) -> None:
    first = client.get(path)
    tag = first.headers["etag"]
    for held in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = client.get(path, headers={"If-None-Match": held})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        assert "content-type" not in again.headers
    for other in ("", '"other"', tag.strip('"'), '"', "W/"):
        whole = client.get(path, headers={"If-None-Match": other})
        assert (whole.status_code, whole.content) == (200, first.content)


def test_another_answer_has_another_tag(client: TestClient) -> None:
    tags = [client.get(f"/api/one?text={text}").headers["etag"] for text in ("a", "b", "a")]
    assert tags[0] == tags[2] != tags[1]


def test_head_tells_all_but_the_body(client: TestClient) -> None:
    whole, head = client.get("/api/one"), client.head("/api/one")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == whole.headers


def test_an_error_has_no_etag(client: TestClient) -> None:
    assert "etag" not in client.get("/api/gone").headers
    assert client.head("/api/gone").content == b""
    assert "etag" not in client.post("/api/one").headers
    assert client.get("/api/one").headers["cache-control"] == "private, no-cache"


def test_a_long_text_is_compressed_for_a_client_that_accepts_gzip(client: TestClient) -> None:
    plain = client.get("/words", headers={"Accept-Encoding": "identity"})
    packed = client.get("/words", headers={"Accept-Encoding": "deflate, gzip;q=0.5"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content) / 10
    assert packed.content == plain.content
    assert "accept-encoding" in plain.headers["vary"].lower()
    assert packed.headers["etag"] == f"W/{plain.headers['etag']}"
    held = {"If-None-Match": plain.headers["etag"], "Accept-Encoding": "gzip"}
    assert client.get("/words", headers=held).status_code == 304
    head = client.head("/words", headers={"Accept-Encoding": "gzip"})
    assert head.headers["content-length"] == packed.headers["content-length"]


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=0.5, gzip;q=0.8", "gzip"),
        ("br;q=0, *", "gzip"),
        ("*;q=0.1", "br"),
        ("x-gzip", "gzip"),
    ],
)
def test_a_long_text_is_sent_in_the_encoding_that_the_client_prefers(
    client: TestClient, accepted: str, encoding: str
) -> None:
    with client.stream("GET", "/words", headers={"Accept-Encoding": accepted}) as answer:
        raw = b"".join(answer.iter_raw())
        assert answer.headers["content-encoding"] == encoding
        assert int(answer.headers["content-length"]) == len(raw)
    plain = brotli.decompress(raw) if encoding == "br" else gzip.decompress(raw)
    assert plain == b"kites " * 500


@pytest.mark.parametrize(
    "accepted", ["", "identity", "gzip;q=0", "gzip; q=0.0", "zstd", "br;q=0, gzip;q=0, *", ",;="]
)
def test_a_client_that_accepts_no_compression_gets_plain_text(
    client: TestClient, accepted: str
) -> None:
    answer = client.get("/words", headers={"Accept-Encoding": accepted})
    assert "content-encoding" not in answer.headers


def test_short_texts_and_what_must_not_be_stored_are_not_compressed(client: TestClient) -> None:
    for path in ("/words?n=10", "/token"):
        answer = client.get(path, headers={"Accept-Encoding": "gzip, br"})
        assert "content-encoding" not in answer.headers
    assert "etag" not in client.get("/token").headers


@pytest.mark.parametrize(
    ("since", "status"),
    [
        ("Fri, 20 Feb 2026 06:00:00 GMT", 304),
        ("Fri, 20 Feb 2026 05:59:59 GMT", 200),
        ("tomorrow", 200),
    ],
)
def test_a_client_may_ask_by_date(client: TestClient, since: str, status: int) -> None:
    assert client.get("/dated", headers={"If-Modified-Since": since}).status_code == status
    both = {"If-Modified-Since": since, "If-None-Match": '"other"'}
    assert client.get("/dated", headers=both).status_code == 200

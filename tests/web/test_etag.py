import pytest
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, Response, StreamingResponse
from starlette.testclient import TestClient

from broadsheet.web.etag import ETagMiddleware, with_etag


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    app.add_middleware(ETagMiddleware, prefix="/api/")

    @app.get("/feed")
    def feed(request: Request) -> Response:
        return with_etag(request, b"<feed/>", "application/atom+xml")

    @app.get("/api/one")
    def one(text: str = "a") -> dict[str, str]:
        return {"text": text}

    @app.get("/api/long")
    def long() -> Response:
        return StreamingResponse(iter([b"a", b"b", b"c"]))

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

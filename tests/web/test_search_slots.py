import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from broadsheet.library import Library
from broadsheet.web.app import create_app
from broadsheet.web.limits import search_slots

SEARCHES = [
    "/search?q=kites",
    "/search.atom?q=kites",
    "/search.json?q=kites",
    "/api/v1/search?q=kites",
    "/api/papers/search?q=kites",
    "/authors/Ada%20Windrow",
]


@pytest.fixture
def busy(library: Library, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A site whose only slot is held by a search that does not end."""
    monkeypatch.setattr(search_slots, "WAITING", 3)
    monkeypatch.setattr(search_slots, "WAITING_OF_A_NETWORK", 2)
    with (
        TestClient(create_app(library, searches=1), follow_redirects=False) as client,
        _endless_search(library, monkeypatch, client),
    ):
        yield client


@contextmanager
def _endless_search(
    library: Library, monkeypatch: pytest.MonkeyPatch, client: TestClient
) -> Iterator[None]:
    search, started, end = library.search, threading.Event(), threading.Event()

    def slow(*arguments: object, **options: object) -> object:
        started.set()
        assert end.wait(30)
        return search(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(library, "search", slow)
    with ThreadPoolExecutor(1) as others:
        first: Future[Response] = others.submit(client.get, "/search?q=lanterns")
        assert started.wait(30)
        try:
            yield
        finally:
            end.set()
            assert first.result().status_code == 200


@pytest.mark.parametrize("path", SEARCHES)
def test_a_search_that_waits_too_long_is_refused_with_a_time_to_retry(
    busy: TestClient, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_slots, "WAIT_S", 0.05)
    answer = busy.get(path)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert "Too many searches are running; try again in a few seconds." in answer.text
    is_page = path.startswith(("/search?", "/authors"))
    media = "text/html" if is_page else "application/problem+json"
    assert answer.headers["content-type"].startswith(media)


def test_one_network_may_take_a_part_of_the_places(
    busy: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_slots, "WAIT_S", 1.0)
    with ThreadPoolExecutor(1) as others:
        waiting = others.submit(busy.get, "/search?q=rivers")
        for _ in range(100):
            slots = busy.app.state.search_slots  # type: ignore[attr-defined]
            if slots._present.total() == 2:
                break
            threading.Event().wait(0.05)
        answer = busy.get("/search?q=bridges")
        assert answer.status_code == 503
        assert "from your network" in answer.text
        assert waiting.result().status_code == 503


def test_other_pages_do_not_wait_for_searches(busy: TestClient) -> None:
    for path in ("/", "/editions", "/trending", "/healthz", "/status"):
        assert busy.get(path).status_code == 200


def test_slots_are_free_again_after_errors(library: Library) -> None:
    client = TestClient(create_app(library, searches=1), raise_server_exceptions=False)
    for _ in range(3):
        assert client.get("/authors/Nobody").status_code == 404
        assert client.get("/api/v1/search").status_code == 422
    assert client.get("/search?q=kites").status_code == 200
    slots = client.app.state.search_slots  # type: ignore[attr-defined]
    assert not slots._present
    assert slots._limiter.borrowed_tokens == 0

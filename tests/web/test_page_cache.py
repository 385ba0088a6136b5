import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest
from fastapi.routing import APIRoute
from httpx2 import ASGITransport, AsyncClient
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from broadsheet.library import Library
from broadsheet.web import pages, site_files
from broadsheet.web.api import docs
from broadsheet.web.app import create_app
from broadsheet.web.feeds import routes as feeds
from broadsheet.web.middleware import page_cache
from broadsheet.web.middleware.page_cache import FOLDERS, PAGES, PageCache, kept_address
from broadsheet.web.middleware.reader_votes import papers_on, with_votes

PAPER = "arxiv:2603.00001"


class Counting:
    """An application that counts what it renders."""

    def __init__(self, status: int = 200, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        self.rendered: list[tuple[str, bytes]] = []
        self.status, self.headers = status, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.rendered.append((scope["path"], scope["query_string"]))
        await asyncio.sleep(0.01)
        start = {"type": "http.response.start", "status": self.status, "headers": [*self.headers]}
        await send(start)
        await send({"type": "http.response.body", "body": scope["path"].encode() * 100})


def ask(cache: PageCache, *addresses: str, at_once: bool = False) -> list[int]:
    """Ask for pages, and return the status of each."""

    async def run() -> list[int]:
        transport = ASGITransport(app=cache)
        async with AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            questions: list[Awaitable[int]] = [_status(client, each) for each in addresses]
            if at_once:
                return list(await asyncio.gather(*questions))
            return [await each for each in questions]

    return asyncio.run(run())


async def _status(client: AsyncClient, address: str) -> int:
    return (await client.get(address)).status_code


@pytest.fixture
def app() -> Counting:
    return Counting()


@pytest.fixture
def cache(app: Counting, library: Library) -> PageCache:
    return PageCache(app, library)


def test_a_page_is_rendered_once_until_the_library_changes(
    cache: PageCache, app: Counting, library: Library
) -> None:
    ask(cache, "/", "/", "/?utm=1", "/?revision=9")
    assert app.rendered == [("/", b"")]
    library.vote(PAPER, "someone", on=True)
    ask(cache, "/", "/")
    assert len(app.rendered) == 2


def test_a_page_is_checked_once_a_second(
    cache: PageCache, app: Counting, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_cache, "CHECK_S", 60)
    ask(cache, "/")
    library.vote(PAPER, "someone", on=True)
    ask(cache, "/")
    assert len(app.rendered) == 1


def test_fifty_requests_at_once_render_a_page_once(cache: PageCache, app: Counting) -> None:
    assert ask(cache, *["/editions/2026-03-11"] * 50, at_once=True) == [200] * 50
    assert len(app.rendered) == 1


def test_each_known_parameter_has_its_own_page(cache: PageCache, app: Counting) -> None:
    ask(cache, "/search?q=a", "/search?page=2&q=a", "/search?q=a&page=2&x=1", "/search?q=a&q=b")
    assert [query for _, query in app.rendered] == [b"q=a", b"q=a&page=2", b"q=b"]


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (404, ()),
        (503, ()),
        (200, ((b"set-cookie", b"a=b"),)),
        (200, ((b"cache-control", b"no-store"),)),
    ],
)
def test_errors_cookies_and_secrets_are_not_kept(
    library: Library, status: int, headers: tuple[tuple[bytes, bytes], ...]
) -> None:
    app = Counting(status, headers)
    assert ask(PageCache(app, library), "/", "/") == [status] * 2
    assert len(app.rendered) == 2


def test_memory_is_bounded_and_searches_do_not_displace_editions(
    cache: PageCache, app: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache._many.max_bytes = 30_000
    ask(cache, "/", *(f"/search?q={number}" for number in range(50)), "/")
    assert cache._many.used_bytes <= 30_000
    assert 0 < len(cache._many.pages) < 20
    assert app.rendered.count(("/", b"")) == 1


def test_the_table_of_parameters_is_that_of_the_routes() -> None:
    routers = [docs.router, feeds.router, site_files.router, *pages.ROUTERS]
    routes = [route for router in routers for route in router.routes]
    kept = {}
    for route in routes:
        assert isinstance(route, APIRoute)
        example = route.path_format.replace("{period}", "2026-03-11").replace("{paper_id}", PAPER)
        if "GET" in (route.methods or ()) and kept_address(example, b""):
            kept[example] = {field.alias for field in route.dependant.query_params}
    for path, known in kept.items():
        folder = next((each for each in FOLDERS if path.startswith(each)), "")
        assert known <= set(PAGES.get(path, FOLDERS.get(folder, ()))), path
    assert set(PAGES) <= set(kept)


@pytest.mark.parametrize(
    "path",
    ["/healthz", "/confirm", "/unsubscribe", "/api/v1/search", "/papers/date/2026-03-11",
     f"/papers/{PAPER}.md", "/papers/trending", "/papers"],
)  # fmt: skip
def test_what_is_not_a_page_is_never_kept(path: str) -> None:
    assert kept_address(path, b"") is None


@pytest.fixture
def reader(library: Library) -> Iterator[Callable[[str], TestClient]]:
    def of(paper_id: str) -> TestClient:
        client = TestClient(create_app(library), follow_redirects=False)
        client.post(f"/papers/{paper_id}/vote", data={"on": "1", "back": "/"})
        return client

    yield of


def test_each_reader_sees_the_own_votes_on_the_same_page(
    library: Library, client: TestClient, reader: Callable[[str], TestClient]
) -> None:
    voted = library.editions.read().items[1].paper_id
    own = reader(voted)
    for path in ("/", f"/papers/{voted}", "/search?q=kites", "/categories/cs.LG"):
        theirs, others = own.get(path), client.get(path)
        assert others.text.count('aria-pressed="true"') == 0
        pressed = theirs.text.count('aria-pressed="true"')
        assert pressed == (voted.encode() in others.content), path
        assert (theirs.headers["etag"] == others.headers["etag"]) == (not pressed)
        assert theirs.headers["cache-control"] == "private, no-cache"
    assert "Cookie" in client.get("/").headers["vary"]


def test_a_reader_sees_the_own_vote_at_once(
    library: Library, monkeypatch: pytest.MonkeyPatch, client: TestClient
) -> None:
    monkeypatch.setattr(page_cache, "CHECK_S", 60)
    client.get("/")
    voted = library.editions.read().items[0].paper_id
    client.post(f"/papers/{voted}/vote", data={"on": "1", "back": "/"})
    assert client.get("/").text.count('aria-pressed="true"') == 1
    client.post(f"/papers/{voted}/vote", data={"on": "0", "back": "/"})
    assert client.get("/").text.count('aria-pressed="true"') == 0


def test_a_new_revision_replaces_the_kept_page(library: Library, client: TestClient) -> None:
    before = client.get("/")
    library.editions.publish()
    after = client.get("/")
    assert "revision 2" in after.text
    assert before.headers["etag"] != after.headers["etag"]


def test_without_the_database_the_application_answers(
    library: Library, cache: PageCache, app: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    from broadsheet.errors import StoreError

    def broken() -> object:
        raise StoreError("cannot read the library")

    monkeypatch.setattr(library, "version", broken)
    assert ask(cache, "/") == [200]
    assert app.rendered == [("/", b"")]


def test_votes_are_inserted_where_the_buttons_are() -> None:
    page = b"".join(
        b'<form class="vote" method="post" action="/papers/%s/vote">\n'
        b'  <input type="hidden" name="on" value="1">\n'
        b'  <input type="hidden" name="back" value="/#n1">\n'
        b'  <button aria-pressed="false" aria-label="x">' % path
        for path in (b"arxiv:1", b"doi:10.1/a%3Fb", b"doi:10.1/a&amp;b")
    )
    assert papers_on(page) == ["arxiv:1", "doi:10.1/a?b", "doi:10.1/a&b"]
    pressed = with_votes(page, {"doi:10.1/a?b"})
    assert pressed.count(b'aria-pressed="true"') == pressed.count(b'value="0"') == 1
    assert pressed.index(b'"true"') > pressed.index(b"a%3Fb")

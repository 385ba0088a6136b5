"""The page of trending papers."""

import html
import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from broadsheet.config import Settings
from broadsheet.library import Library
from broadsheet.model import Kind
from broadsheet.rules.normalize import make_paper
from broadsheet.web.app import create_app
from broadsheet.web.pages.trending import PAGE_SIZE
from tests.trending_library import KITES, LANTERNS, PAPERS, RIVERS, TrendingLibrary, opened


@pytest.fixture
def site(settings: Settings) -> Iterator[TrendingLibrary]:
    with opened(settings) as site:
        site.library.add("test", PAPERS)
        yield site


@pytest.fixture
def client(site: TrendingLibrary) -> Iterator[TestClient]:
    with TestClient(create_app(site.library), follow_redirects=False) as client:
        yield client


def test_trending_papers_are_listed_with_the_attention_that_ranks_them(
    site: TrendingLibrary, client: TestClient
) -> None:
    site.set_upvotes(KITES, 4)
    site.set_upvotes(RIVERS, 40)
    site.update()
    page = client.get("/trending")
    assert page.status_code == 200
    assert page.text.index(RIVERS.title) < page.text.index(KITES.title)
    assert "<b>▲ 40</b> on Hugging Face, <b>+29 today</b>" in page.text
    assert "<b>▲ 4</b> on Hugging Face, <b>+3 today</b>" in page.text
    assert 'href="/about/ranking#trending"' in page.text


def test_trending_papers_are_filtered_by_category(
    site: TrendingLibrary, client: TestClient
) -> None:
    site.set_upvotes(KITES, 4)
    site.set_upvotes(LANTERNS, 9)
    site.update()
    assert LANTERNS.categories != KITES.categories
    links = re.findall(r'<a href="(/trending\?category=[^"]*)"', client.get("/trending").text)
    assert "/trending?category=cs.LG" in links
    page = client.get("/trending", params={"category": LANTERNS.categories[0]}).text
    assert LANTERNS.title in page and KITES.title not in page
    assert f"<h1>Trending in {LANTERNS.categories[0]}</h1>" in page
    assert f'href="/trending.atom?category={LANTERNS.categories[0]}"' in page


@pytest.mark.parametrize("category", ["q-bio.XX", "<script>", "\x00", "c" * 9000, "%", "\ud800"])
def test_a_category_without_trending_papers_is_an_empty_page(
    site: TrendingLibrary, client: TestClient, category: str
) -> None:
    site.set_upvotes(KITES, 4)
    site.update()
    query = quote(category, errors="surrogatepass")
    page = client.get(f"/trending?category={query}")
    assert page.status_code == 200
    assert "<script>" not in page.text


def test_an_empty_library_has_no_trending_papers(empty_library: Library) -> None:
    page = TestClient(create_app(empty_library)).get("/trending")
    assert page.status_code == 200
    assert "No trending papers." in page.text


def test_trending_pages_list_every_paper_once(site: TrendingLibrary, client: TestClient) -> None:
    crowd = [
        make_paper(
            title=f"On weathervane {number}",
            abstract="It turns.",
            categories=("cs.LG",),
            published="2026-03-10",
            arxiv=f"2603.1{number:04}",
        )
        for number in range(PAGE_SIZE + 7)
    ]
    site.library.add("test", crowd)
    site.add_signals(*[(paper, Kind.UPVOTES, 5.0 + n, site.now) for n, paper in enumerate(crowd)])
    site.update()
    path: str | None = "/trending?category=cs.LG"
    ranks: list[int] = []
    pages = 0
    while path:
        page = client.get(path).text
        ranks += [int(rank) for rank in re.findall(r'id="n(\d+)"', page)]
        pages += 1
        assert ("First page" in page) == (pages > 1)
        found = re.search(r'<a rel="next" href="([^"]*)"', page)
        path = html.unescape(found[1]) if found else None
    assert pages == 2
    assert ranks == list(range(1, len(ranks) + 1))
    assert len(ranks) >= PAGE_SIZE + 7


@pytest.mark.parametrize(
    "after",
    [
        "x",
        "1",
        "1.2.3",
        "..",
        "1.nan.1",
        "1.inf.1",
        "1.0x1p+99999.1",
        "1.0x1p+2." + "9" * 40,
        "-1.0x1p+2.1",
        "9" * 5000,
        "\x00",
        "<script>",
        "\ud800",
    ],
)
def test_an_invalid_cursor_is_an_error(
    site: TrendingLibrary, client: TestClient, after: str
) -> None:
    site.set_upvotes(KITES, 4)
    site.update()
    page = client.get(f"/trending?after={quote(after, errors='surrogatepass')}")
    assert page.status_code == 400
    assert "start at the first page" in page.text
    assert "<script>" not in page.text

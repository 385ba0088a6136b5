"""Pages that list the papers of a category or an author."""

import html
import re
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from broadsheet.library import Library
from broadsheet.rules.normalize import make_paper
from broadsheet.web.pages.lists import NAME_CHARS, PAGE_SIZE


def paths_of(page: str) -> list[str]:
    return re.findall(r'class="headline"><a href="([^"]*)"', page)


def test_a_category_lists_its_newest_papers(client: TestClient, library: Library) -> None:
    page = client.get("/categories/cs.LG")
    assert page.status_code == 200
    newest, _ = library.newest(PAGE_SIZE, category="cs.LG")
    assert paths_of(page.text) == [f"/papers/{paper.id}" for paper in newest]
    assert 'href="/categories/cs.LG.atom"' in page.text
    assert 'href="/trending?category=cs.LG"' in page.text


def test_category_pages_list_every_paper_once(client: TestClient, library: Library) -> None:
    library.add(
        "test",
        [
            make_paper(title=f"On weathervane {n}", arxiv=f"2603.1{n:04}", categories=("cs.WV",))
            for n in range(PAGE_SIZE + 7)
        ],
    )
    path: str | None = "/categories/cs.WV"
    listed: list[str] = []
    while path:
        page = client.get(path).text
        listed += paths_of(page)
        following = re.search(r'<a rel="next" href="([^"]*)"', page)
        path = html.unescape(following[1]) if following else None
    assert len(listed) == len(set(listed)) == PAGE_SIZE + 7


@pytest.mark.parametrize("name", ["Physics/Optics", "風の谷", "a b&c", "?#", "x.y.z"])
def test_every_category_has_a_page(client: TestClient, library: Library, name: str) -> None:
    library.add("test", [make_paper(title="On kites", arxiv="2603.77777", categories=(name,))])
    page = client.get(f"/categories/{quote(name, safe='')}")
    assert (page.status_code, paths_of(page.text)) == (200, ["/papers/arxiv:2603.77777"])
    paper = client.get("/papers/arxiv:2603.77777").text
    assert f'href="/categories/{quote(name, safe="")}"' in paper


@pytest.mark.parametrize("name", ["nothing", "%00", "x" * (NAME_CHARS + 1), "%3Cscript%3E"])
def test_an_unknown_category_is_not_found(client: TestClient, name: str) -> None:
    page = client.get(f"/categories/{name}")
    assert page.status_code == 404
    assert "<script>" not in page.text


@pytest.mark.parametrize("after", ["x", "2026-01-01." + "9" * 40])
def test_an_invalid_cursor_of_a_category_is_an_error(client: TestClient, after: str) -> None:
    assert client.get(f"/categories/cs.LG?after={after}").status_code == 400


def test_an_author_page_lists_all_papers_of_the_name(client: TestClient) -> None:
    first = client.get("/authors/Ada%20Windrow")
    assert first.status_code == 200
    assert "24 papers, newest first." in first.text
    second = client.get("/authors/Ada%20Windrow?page=2").text
    assert len(paths_of(first.text)) == 20
    assert len({*paths_of(first.text), *paths_of(second)}) == 24
    assert "/authors/Ada%20Windrow" in client.get("/papers/arxiv:2603.00001").text
    only = client.get("/authors/Bo%20Farol%207").text
    assert paths_of(only) == ["/papers/arxiv:2603.00007"]


@pytest.mark.parametrize("quote_mark", ['"', "“", "„", "«"])
def test_an_author_name_cannot_contain_another_query(client: TestClient, quote_mark: str) -> None:
    name = f"Nobody{quote_mark} OR author:{quote_mark}Ada Windrow"
    assert client.get(f"/authors/{quote(name, safe='')}").status_code == 404


@pytest.mark.parametrize("name", ["Nobody", "%22", "", "%00", "x" * 101, "OR", "%3Cscript%3E", "("])
def test_an_unknown_author_is_not_found(client: TestClient, name: str) -> None:
    page = client.get(f"/authors/{name}")
    assert page.status_code == 404
    assert "<script>" not in page.text

"""Pages that list the papers of a category or an author."""

import html
import re
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from broadsheet.library import Library
from broadsheet.model import Paper
from broadsheet.rules.normalize import make_paper
from broadsheet.web.named_lists import NAME_CHARS
from broadsheet.web.pages.lists import Archive, CategoryCount, archives
from broadsheet.web.results import PAGE_SIZE


def paths_of(page: str) -> list[str]:
    return re.findall(r'class="headline"><a href="([^"]*)"', page)


def test_a_category_lists_its_newest_papers(client: TestClient, library: Library) -> None:
    page = client.get("/categories/cs.LG")
    assert page.status_code == 200
    listed = [library.paper(path.removeprefix("/papers/")) for path in paths_of(page.text)]
    dates = [paper.published or "" for paper in listed]
    assert (len(listed), dates) == (PAGE_SIZE, sorted(dates, reverse=True))
    assert "24 papers, newest first." in page.text
    assert '<h1>Machine Learning <span class="small">cs.LG</span></h1>' in page.text
    for suffix in ("atom", "json"):
        assert f'title="New in cs.LG – Broadsheet" href="/categories/cs.LG.{suffix}"' in page.text
    assert 'href="/trending?category=cs.LG"' in page.text


def test_category_pages_list_every_paper_once(client: TestClient, library: Library) -> None:
    library.add(
        "test",
        [
            make_paper(title=f"On weathervane {n}", arxiv=f"2603.1{n:04}", categories=("cs.WV",))
            for n in range(PAGE_SIZE + 7)
        ],
    )
    library.update_index()
    path: str | None = "/categories/cs.WV"
    listed: list[str] = []
    while path:
        page = client.get(path).text
        listed += paths_of(page)
        following = re.search(r'<a rel="next" href="([^"]*)"', page)
        path = html.unescape(following[1]) if following else None
    assert len(listed) == len(set(listed)) == PAGE_SIZE + 7


@pytest.mark.parametrize("page", ["0", "-1", "9" * 30, "x", "%00"])
def test_a_page_number_of_a_category_out_of_range_is_a_valid_page(
    client: TestClient, page: str
) -> None:
    found = client.get(f"/categories/cs.LG?page={page}")
    assert found.status_code == 200
    assert "cs.LG" in found.text


@pytest.mark.parametrize("name", ["Physics/Optics", "風の谷", "a b&c", "?#", "x.y.z"])
def test_every_category_has_a_page(client: TestClient, library: Library, name: str) -> None:
    library.add("test", [make_paper(title="On kites", arxiv="2603.77777", categories=(name,))])
    library.update_index()
    page = client.get(f"/categories/{quote(name, safe='')}")
    assert (page.status_code, paths_of(page.text)) == (200, ["/papers/arxiv:2603.77777"])
    paper = client.get("/papers/arxiv:2603.77777").text
    assert f'href="/categories/{quote(name, safe="")}"' in paper


@pytest.mark.parametrize("name", ["nothing", "%00", "x" * (NAME_CHARS + 1), "%3Cscript%3E"])
def test_an_unknown_category_is_not_found(client: TestClient, name: str) -> None:
    page = client.get(f"/categories/{name}")
    assert page.status_code == 404
    assert "<script>" not in page.text


@pytest.mark.parametrize(
    ("typed", "location"),
    [("/categories/CS.lg", "/categories/cs.LG"), ("/categories/CS", "/categories/cs")],
)
def test_a_category_in_other_letters_redirects(
    client: TestClient, typed: str, location: str
) -> None:
    answer = client.get(typed)
    assert (answer.status_code, answer.headers["location"]) == (308, location)
    assert client.get(location).status_code == 200


def test_an_archive_lists_the_papers_of_its_categories(client: TestClient) -> None:
    page = client.get("/categories/cs").text
    assert "Computer Science" in page
    assert len(paths_of(page)) == PAGE_SIZE


def test_all_categories_are_listed_with_their_papers(client: TestClient, library: Library) -> None:
    library.add("test", [make_paper(title="On kites", doi="10.1000/k", categories=("<kites>",))])
    library.update_index()
    page = client.get("/categories").text
    assert re.search(r'<a href="/categories/cs.LG">Machine Learning</a> .*cs.LG, 24<', page)
    assert re.search(r'<a href="/categories/%3Ckites%3E">&lt;kites&gt;</a> .*>1<', page)
    assert 'href="/categories"' in client.get("/categories/cs.LG").text


def test_categories_are_grouped_by_archive_the_largest_first() -> None:
    counts = {"cs.LG": 5, "hep-th": 9, "cs.CL": 7, "kites": 3}
    assert archives(counts) == [
        Archive("Computer Science", "cs", (CategoryCount("cs.CL", 7), CategoryCount("cs.LG", 5))),
        Archive("Other archives", None, (CategoryCount("hep-th", 9),)),
        Archive("Keywords", None, (CategoryCount("kites", 3),)),
    ]


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


def test_an_author_page_links_its_feeds(client: TestClient) -> None:
    page = client.get("/authors/Ada%20Windrow").text
    for suffix in ("atom", "json"):
        assert f'href="/authors/Ada%20Windrow.{suffix}"' in page
    assert '<link rel="canonical" href="http://127.0.0.1:8000/authors/Ada%20Windrow">' in page
    assert '<meta name="description" content="24 papers by Ada Windrow' in page


def test_a_name_with_the_family_name_first_redirects(client: TestClient) -> None:
    answer = client.get("/authors/Windrow,%20Ada")
    assert (answer.status_code, answer.headers["location"]) == (308, "/authors/Ada%20Windrow")


def test_an_author_is_found_without_accents(client: TestClient, library: Library) -> None:
    paper = Paper("hash:accents", "On kites", authors=("José Gödel-Núñez",))
    library.add("test", [paper])
    library.update_index()
    page = client.get("/authors/jose%20godel%20nunez").text
    assert "<h1>José Gödel-Núñez</h1>" in page
    assert "/authors/Jos%C3%A9%20G%C3%B6del-N%C3%BA%C3%B1ez" in page
    part = client.get("/authors/nunez").text
    assert "No author has exactly this name" in part

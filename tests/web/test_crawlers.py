"""robots.txt and the sitemap."""

from urllib.robotparser import RobotFileParser

import pytest
from lxml import etree
from starlette.testclient import TestClient

from broadsheet.library import Library
from broadsheet.model import Paper, Span
from broadsheet.web import crawlers
from broadsheet.web.addresses import paper_path
from broadsheet.web.app import create_app

_NAMES = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


def _addresses(client: TestClient, path: str) -> list[str]:
    answer = client.get(path)
    assert answer.status_code == 200, path
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    return [
        str(loc)
        for loc in etree.fromstring(answer.content).xpath("//s:loc/text()", namespaces=_NAMES)
    ]


def test_crawlers_may_read_pages_but_not_search_or_vote(still_client: TestClient) -> None:
    answer = still_client.get("/robots.txt")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    rules = RobotFileParser()
    rules.parse(answer.text.splitlines())
    for path in ("/", "/papers/arxiv:2603.00001", "/editions/2026-02-20", "/categories/cs.LG"):
        assert rules.can_fetch("anybot", path), path
    for path in ("/search?q=kites", "/search.atom?q=kites", "/api/v1/papers", "/confirm?token=a"):
        assert not rules.can_fetch("anybot", path), path
    assert "Disallow: /papers/*/vote" in answer.text
    assert rules.site_maps() == ["http://127.0.0.1:8000/sitemap.xml"]


def test_the_sitemap_names_every_paper_edition_and_category_once(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crawlers, "PART_SIZE", 7)
    library.settings = library.settings.model_copy(update={"base_url": "https://news.example"})
    hostile = Paper("doi:10.1000/a'b&c<d>?e", "Kites", categories=("math.AG & more",))
    library.add("test", [hostile])
    library.update_index()
    client = TestClient(create_app(library), "https://news.example")
    parts = _addresses(client, "/sitemap.xml")
    assert len(parts) > 4
    found = [
        address
        for part in parts
        for address in _addresses(client, part.removeprefix("https://news.example"))
    ]
    assert len(found) == len(set(found))
    ids = library.ids_between(1, library.last_num())
    expected = {f"https://news.example{paper_path(paper_id)}" for paper_id in ids}
    assert expected <= set(found) and len(ids) == library.health().papers
    assert f"https://news.example{paper_path(hostile.id)}" in found
    assert "https://news.example/categories/math.AG%20%26%20more" in found
    for span in Span:
        for period in library.editions.periods(span):
            assert f"https://news.example/editions/{period}" in found
    for address in found:
        assert client.get(address).status_code == 200, address


@pytest.mark.parametrize("part", ["0", "99999", "x", "-1", "9" * 40, "٢", "1e3"])
def test_a_part_that_does_not_exist_is_not_found(still_client: TestClient, part: str) -> None:
    assert still_client.get(f"/sitemaps/papers-{part}.xml").status_code == 404


def test_an_empty_library_has_a_sitemap(empty_client: TestClient) -> None:
    for part in _addresses(empty_client, "/sitemap.xml"):
        assert "papers" not in part
        _addresses(empty_client, "/sitemaps/" + part.rpartition("/")[2])

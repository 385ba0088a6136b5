"""Rules of HTML that the Nu checker reports, and the bytes of pages as sent."""

import re
import zlib
from importlib import resources
from pathlib import Path

import pytest
from lxml import html
from starlette.testclient import TestClient

from broadsheet.library import Library
from broadsheet.web.app import create_app
from broadsheet.web.assets import asset_path

PAGES = (
    "/",
    "/editions",
    "/editions/2026-03",
    "/editions/1999-01-01",
    "/trending",
    "/search",
    "/search?q=kites",
    "/search?q=zzzzqqq",
    "/papers/arxiv:2603.00001",
    "/categories/cs.LG",
    "/authors/Ada%20Windrow",
    "/status",
    "/docs",
    "/about/ranking",
    "/subscribe",
    "/nothing",
)
# Elements that may have no name of their own unless they have a role.
_NAMELESS = ("div", "span", "p", "pre", "code", "time", "li", "ol", "ul", "dl", "dd", "dt", "td")
_DATE = re.compile(
    r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?)?)?|\d{4}-W\d\d"
)
_GZIP_LEVEL, _GZIP_FORMAT = 4, 31


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_valid_ids_names_dates_and_no_nested_links(
    still_client: TestClient, path: str
) -> None:
    page = html.fromstring(still_client.get(path).text)
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    for attribute in ("aria-labelledby", "aria-describedby", "for"):
        for value in page.xpath(f"//@{attribute}"):
            assert set(value.split()) <= set(ids), (attribute, value)
    for element in page.xpath("//*[@aria-label][not(@role)]"):
        assert element.tag not in _NAMELESS or element.tag in ("ol", "ul"), element.tag
    for value in page.xpath("//time/@datetime"):
        assert _DATE.fullmatch(value), value
    assert not page.xpath("//a//a | //a//button | //button//a | //p//ul | //p//div | //form//form")
    assert len(page.xpath("//h1")) == len(page.xpath("//main")) == 1
    assert len(page.xpath("//meta[@name='description'][string-length(@content) > 0]")) == 1


@pytest.fixture
def real_client(empty_library: Library, tmp_path: Path) -> TestClient:
    """The site of 60 real papers with an edition of twenty."""
    starter = resources.files("broadsheet").joinpath("starter", "papers.jsonl")
    lines = starter.read_bytes().splitlines(keepends=True)
    (tmp_path / "papers.jsonl").write_bytes(b"".join(lines[:60]))
    empty_library.import_file(tmp_path / "papers.jsonl")
    empty_library.editions.publish()
    return TestClient(create_app(empty_library))


def test_a_first_visit_takes_at_most_25_kb_for_the_front_page(real_client: TestClient) -> None:
    page = real_client.get("/").text
    assert page.count("<article") == 20
    assert _sent(page) <= 25_000
    style, keys = (real_client.get(asset_path(name)).text for name in ("style.css", "keys.js"))
    assert _sent(style) + _sent(keys) <= 12_000
    # Lists have at most 50 papers.
    assert _sent(real_client.get("/categories/cs.LG").text) <= 60_000
    assert _sent(real_client.get("/editions").text) <= 25_000


def test_pages_feeds_the_api_static_files_and_the_sitemap_are_sent_compressed(
    real_client: TestClient,
) -> None:
    for path in (
        "/",
        "/editions/day.atom",
        "/editions/day.json",
        "/api/v1/papers",
        "/api/daily_papers",
        "/openapi.json",
        asset_path("style.css"),
        asset_path("keys.js"),
        "/sitemaps/papers-1.xml",
    ):
        answer = real_client.get(path, headers={"Accept-Encoding": "gzip, deflate, br, zstd"})
        assert answer.status_code == 200, path
        assert answer.headers["content-encoding"] == "br", path
        assert "Accept-Encoding" in answer.headers["vary"], path


def _sent(text: str) -> int:
    packer = zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP_FORMAT)
    return len(packer.compress(text.encode()) + packer.flush())

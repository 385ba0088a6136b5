import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from broadsheet.config import load_settings
from broadsheet.library import Library
from broadsheet.model import Period, Span
from broadsheet.rules.normalize import make_paper
from broadsheet.store.editions import insert_edition
from broadsheet.web.app import create_app

MAX_BYTES = 300_000
NOW = datetime(2026, 3, 11, 9, 0, tzinfo=UTC)
FIRST = NOW.date() - timedelta(days=4_800)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A site of the largest papers that are accepted, and 13 years of editions."""
    folder = tmp_path_factory.mktemp("large")
    settings = load_settings({"data": folder, "rerank": False, "sources": "none"}, environment={})
    with Library(settings, clock=lambda: NOW) as library:
        papers = [
            make_paper(
                title=(f"kites {number} " + '"<' * 500),
                abstract=("kites " * 1_000 + '"&' * 7_000),
                authors=tuple(
                    f"\N{CJK UNIFIED IDEOGRAPH-98A8} kites {author} " + '"' * 280
                    for author in range(10_000 if number == 1 else 20)
                ),
                categories=("cs.LG", *(f"{name} " + '"' * 90 for name in range(49))),
                published="2026-03-10",
                arxiv=f"2603.{number:05}",
                comment='"' * 2_000,
                url="https://kites.example/" + "&" * 1_900,
            )
            for number in range(1, 61)
        ]
        library.add("test", papers)
        library.update_index()
        library.editions.publish()
        items = library.editions.read().items
        with library._database.write() as connection:
            for day in range(4_800):
                insert_edition(connection, Period(FIRST + timedelta(days=day)), [], NOW)
            for week in range(680):
                insert_edition(
                    connection, Period.containing(FIRST + timedelta(weeks=week), Span.WEEK), [], NOW
                )
        assert items
        with TestClient(create_app(library), "http://127.0.0.1") as client:
            yield client


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/editions",
        "/trending",
        "/categories/cs.LG",
        "/authors/kites",
        "/papers/arxiv:2603.00001",
        "/papers/arxiv:2603.00002",
        "/docs",
        "/editions/day.atom",
        "/editions/day.json",
        "/trending.atom",
        "/categories/cs.LG.atom",
        "/categories/cs.LG.json",
        "/search.atom?q=kites",
        "/search?q=kites",
        "/search?" + urlencode({"q": "kites " * 600}),
        "/search?" + urlencode({"q": " ".join(f"year:{year}" for year in range(1500, 1900))}),
        "/search?" + urlencode({"q": "\N{CJK UNIFIED IDEOGRAPH-98A8}" * 4_000}),
        "/search?" + urlencode({"q": "kites OR " * 400, "sort": "date", "page": "9"}),
        "/search?" + urlencode({"q": '"' * 4_000}),
    ],
    ids=lambda path: path[:40],
)
def test_no_page_is_over_300_kb_with_the_largest_papers_and_queries(
    site: TestClient, path: str
) -> None:
    answer = site.get(path)
    assert answer.status_code == 200
    assert len(answer.content) <= MAX_BYTES


def test_the_archive_leads_to_its_first_edition(site: TestClient) -> None:
    months = re.findall(r'href="(/editions\?before=[^"]*)"', site.get("/editions").text)
    assert f'href="/editions/{FIRST}"' in site.get(months[-1]).text
    assert site.get("/editions?before=x").status_code == 404

"""A count has one total everywhere: pages, chart, both APIs, the Markdown page and the score."""

import html
import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from broadsheet.model import Kind
from broadsheet.web.app import create_app
from tests.trending_library import DAY, HOUR, KITES, RIVERS, TrendingLibrary


@pytest.fixture
def site(empty_site: TrendingLibrary) -> TrendingLibrary:
    empty_site.library.add("arxiv", [KITES, RIVERS])
    return empty_site


@pytest.fixture
def client(site: TrendingLibrary) -> Iterator[TestClient]:
    with TestClient(create_app(site.library)) as client:
        yield client


def test_citations_of_two_sources_have_one_total(site: TrendingLibrary, client: TestClient) -> None:
    for source, count in (("openalex", 110), ("crossref", 100)):
        site.add_signals((KITES, Kind.CITATIONS, count - 10, site.now - 2 * DAY), source=source)
        site.add_signals((KITES, Kind.CITATIONS, count - 5, site.now - DAY), source=source)
        site.add_signals((KITES, Kind.CITATIONS, count, site.now - HOUR), source=source)
    page = html.unescape(client.get(f"/papers/{KITES.id}").text)
    attention = page.partition('id="attention"')[2].partition("</section>")[0]
    assert re.findall(r"<strong>([\d,]+)</strong> (\w+)", attention) == [("110", "citations")]
    assert re.findall(r'class="newest">([\d,]+)<', attention) == ["110"]
    assert "Citations rose from 100" in attention
    found = client.get(f"/api/v1/papers/{KITES.id}").json()
    assert found["counts"] == {"citations": 110}
    markdown = client.get(f"/papers/{KITES.arxiv_id}.md").text
    assert "- 110 citations (" in markdown
    assert site.library.counts([KITES.id]) == {KITES.id: {Kind.CITATIONS: 110}}


def test_stars_of_two_sources_count_once_in_the_hub_api_and_in_the_score(
    site: TrendingLibrary, client: TestClient
) -> None:
    for paper, sources in ((KITES, ("hf", "github")), (RIVERS, ("github",))):
        for source in sources:
            site.add_signals((paper, Kind.STARS, 0, site.now - DAY), source=source)
            site.add_signals((paper, Kind.STARS, 40, site.now), source=source)
    site.update()
    by_title = {one.paper.title: one for one in site.trends()}
    assert len({one.reason for one in by_title.values()}) == 1
    assert by_title[KITES.title].reason.startswith("+40 stars in 24 h")
    assert client.get("/api/papers/search", params={"q": KITES.id}).json()[0]["githubStars"] == 40
    both, one = (site.library.counts([paper.id])[paper.id] for paper in (KITES, RIVERS))
    assert both == one == {Kind.STARS: 40}
    scores = site.attention_scores()
    assert scores[KITES.id] == pytest.approx(scores[RIVERS.id])
    feed = client.get("/papers/trending.json").json()
    for entry in feed["items"]:
        assert "<p>40 stars</p>" in entry["content_html"]


def test_points_of_two_threads_are_added_everywhere(
    site: TrendingLibrary, client: TestClient
) -> None:
    for thread, count in (("hn:1", 30), ("hn:2", 12)):
        site.add_signals((KITES, Kind.POINTS, 0, site.now - 2 * HOUR), source=thread)
        site.add_signals((KITES, Kind.POINTS, count, site.now - HOUR), source=thread)
    site.update()
    assert site.trends()[0].reason.startswith("+42 points")
    assert client.get(f"/api/v1/papers/{KITES.id}").json()["counts"] == {"points": 42}
    assert "<strong>42</strong> points" in client.get(f"/papers/{KITES.id}").text

"""The card of a paper: attention, contribution, badges and vote."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from broadsheet.config import Settings
from broadsheet.model import Attention, Count, Kind, Paper
from broadsheet.rules.attention_line import attention_line, spark
from broadsheet.rules.normalize import make_paper
from broadsheet.web import view_models
from broadsheet.web.app import create_app
from tests.trending_library import DAY, HOUR, KITES, PAPERS, TrendingLibrary, opened

LAMP = make_paper(
    title="A lamp for kites",
    abstract=(
        "Kites fly at night. Nobody sees them. We propose a lamp for kites. "
        "Its code is at https://github.com/valley/lamp and its data at "
        "https://huggingface.co/datasets/valley/nights. It glows."
    ),
    categories=("cs.LG", "cs.AI"),
    published="2026-03-10",
    arxiv="2603.00077",
)
FULL = replace(LAMP, venue="Journal of Kites", version=3)


@pytest.fixture
def site(settings: Settings) -> Iterator[TrendingLibrary]:
    with opened(settings) as site:
        site.library.add("test", [*PAPERS, LAMP])
        for hours, upvotes in ((30, 3), (20, 12), (1, 40)):
            site.add_signals((LAMP, Kind.UPVOTES, upvotes, site.now - hours * HOUR), source="hf")
        site.add_signals((LAMP, Kind.COMMENTS, 2, site.now - HOUR), source="hf")
        site.add_signals((LAMP, Kind.POINTS, 7, site.now - HOUR), source="hn:1")
        site.update()
        site.library.update_index()
        yield site


@pytest.fixture
def client(site: TrendingLibrary) -> Iterator[TestClient]:
    with TestClient(create_app(site.library), follow_redirects=False) as client:
        yield client


def card(page: str, paper: Paper = LAMP) -> str:
    return next(one for one in page.split("<article")[1:] if f'href="/papers/{paper.id}"' in one)


def attention_of(page: str) -> str:
    found = re.search(r'<div class="heed"><p>(.*?)</p>', card(page))
    assert found
    return re.sub("<[^>]*>", "", found[1])


def test_every_list_shows_the_attention_of_a_paper(
    site: TrendingLibrary, client: TestClient
) -> None:
    site.library.editions.publish()
    ranked, others = (
        {attention_of(client.get(path).text) for path in paths}
        for paths in (("/", "/trending"), ("/categories/cs.LG", "/search?q=lamp+for+kites"))
    )
    assert ranked == {
        "▲ 40 on Hugging Face, +32 today, 7 points on Hacker News, +5 today, "
        "2 comments on Hugging Face"
    }
    assert others == {"▲ 40 on Hugging Face, 7 points on Hacker News, 2 comments on Hugging Face"}


def test_an_edition_freezes_the_attention_of_its_papers(
    site: TrendingLibrary, client: TestClient
) -> None:
    site.library.editions.publish()
    before = attention_of(client.get("/").text)
    site.now += DAY
    site.set_upvotes(LAMP, 900)
    site.update()
    assert attention_of(client.get("/").text) == before
    assert "▲ 900" in attention_of(client.get("/trending").text)


def test_three_observations_are_drawn_with_a_name(client: TestClient) -> None:
    page = card(client.get("/trending").text)
    assert 'role="img" aria-label="Upvotes: 3, 12, 40 within 29 hours"' in page
    assert "style=" not in page


def test_a_card_leads_with_the_contribution_and_keeps_the_abstract(client: TestClient) -> None:
    page = card(client.get("/trending").text)
    assert '<p class="excerpt">We propose a lamp for kites.</p>' in page
    assert "<summary>Show abstract</summary><p>Kites fly at night." in page


def test_a_search_shows_the_words_of_the_query_if_the_contribution_has_fewer(
    client: TestClient,
) -> None:
    page = card(client.get("/search", params={"q": "nobody sees"}).text)
    assert "<mark>Nobody</mark> <mark>sees</mark>" in page.partition("<details")[0]
    page = card(client.get("/search", params={"q": "lamp kites"}).text)
    assert 'excerpt">We propose a <mark>lamp</mark> for <mark>kites</mark>.</p>' in page


def test_the_vote_of_a_paper_without_votes_shows_no_count(
    site: TrendingLibrary, client: TestClient
) -> None:
    button = card(client.get("/trending").text).partition("<button")[2]
    assert '“A lamp for kites”">Vote</button>' in button
    client.post(f"/papers/{LAMP.id}/vote", data={"on": "1"})
    button = card(client.get("/trending").text).partition("<button")[2]
    assert ', 1 vote so far">Vote 1</button>' in button


def test_badges_lead_to_code_data_and_the_newest_version() -> None:
    facts = view_models.paper_entry(FULL, votes=0).facts
    assert [(fact.text, fact.href) for fact in facts] == [
        ("cs.LG", "/categories/cs.LG"),
        ("10 March 2026", None),
        ("Journal of Kites", None),
        ("code", "https://github.com/valley/lamp"),
        ("data", "https://huggingface.co/datasets/valley/nights"),
        ("arxiv.org v3", "https://arxiv.org/abs/2603.00077"),
    ]


def test_a_summary_of_a_source_is_the_contribution() -> None:
    entry = view_models.paper_entry(replace(LAMP, summary="Lamps help kites."), votes=0)
    assert "".join(piece.text for piece in entry.excerpt) == "Lamps help kites."


def test_a_place_is_named_once_and_unscored_kinds_have_no_gain() -> None:
    counts = (
        Count(Kind.POINTS, 1_400.0, 120.4, "today", ("hn",)),
        Count(Kind.STARS, 15.0, 0.3, "this week", ("github",)),
        Count(Kind.COMMENTS, 1.0, 1.0, "today", ("hn",)),
        Count(Kind.LIKES, 2.0, 0.0, "today", ("hub",)),
    )
    line = attention_line(Attention(counts))
    assert line == (
        "1,400 points on Hacker News, +120 today, 15 stars, 1 comment, 2 likes on Hugging Face"
    )
    assert attention_line(None) == attention_line(Attention()) == ""


def test_a_gain_that_is_the_whole_total_is_left_out() -> None:
    counts = (
        Count(Kind.UPVOTES, 7.0, 7.0, "today", ("hf",)),
        Count(Kind.STARS, 15.2, 14.8, "this week", ("github",)),
    )
    assert attention_line(Attention(counts)) == "▲ 7 on Hugging Face, 15 stars"


def test_a_reason_stands_beside_the_vote_where_there_are_no_facts(
    site: TrendingLibrary, client: TestClient
) -> None:
    bare = make_paper(title="A lamp of glass", abstract="Glass glows.")
    site.library.add("test", [bare])
    site.library.update_index()
    page = client.get("/search?q=lamp").text
    for paper, is_beside in ((bare, True), (LAMP, False)):
        before, foot = card(page, paper).split('<div class="foot">')
        assert ('class="why"' in foot, 'class="why"' in before) == (is_beside, not is_beside)


def test_a_course_that_stays_level_is_drawn_too() -> None:
    counts = (Count(Kind.STARS, 5.0, 0.0, "today", ("github",)),)
    drawn = spark(Attention(counts, ((72.0, 5.0), (48.0, 5.0), (48.0, 5.0), (0.0, 5.0))))
    assert drawn and drawn.label == "Stars: 5, 5, 5 within 3 days"
    assert spark(Attention(counts)) is None


def test_a_comment_alone_is_no_attention(site: TrendingLibrary) -> None:
    site.add_signals((KITES, Kind.COMMENTS, 1, site.now), source="hf")
    assert site.library.trending.attention([KITES.id]) == {KITES.id: Attention()}

"""Pages of editions: days, weeks, months and the archive."""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from broadsheet.config import Settings
from broadsheet.model import Edition, EditionItem, Kind, Paper, Period, Pick, Section, Span
from broadsheet.rules.normalize import make_paper
from broadsheet.store.editions import insert_edition
from broadsheet.web.app import create_app
from tests.trending_library import (
    BRIDGES,
    HOUR,
    KITES,
    MORNING,
    PAPERS,
    RIVERS,
    TrendingLibrary,
    opened,
)

THURSDAY, FRIDAY = date(2026, 3, 5), date(2026, 3, 6)
MONDAY, TUESDAY = date(2026, 3, 9), date(2026, 3, 10)
WEEK, NEXT_WEEK = Period.containing(FRIDAY, Span.WEEK), Period.containing(MONDAY, Span.WEEK)
MARCH = Period.containing(FRIDAY, Span.MONTH)
NASTY = '"><script>alert(1)</script> & <b>kites</b>'


@pytest.fixture
def site(settings: Settings) -> Iterator[TrendingLibrary]:
    with opened(settings) as site:
        site.library.add("test", PAPERS)
        yield site


@pytest.fixture
def client(site: TrendingLibrary) -> Iterator[TestClient]:
    with TestClient(create_app(site.library), follow_redirects=False) as client:
        yield client


def item(
    paper: Paper,
    rank: int = 1,
    section: Section = Section.TRENDING,
    title: str | None = None,
    comment: str | None = None,
) -> EditionItem:
    return EditionItem(
        rank=rank,
        paper_id=paper.id,
        title=title or paper.title,
        abstract=paper.abstract,
        authors=paper.authors,
        categories=paper.categories,
        published=paper.published,
        link=paper.link,
        votes=0,
        reason=f"+{40 // rank} upvotes in 24 h",
        section=section,
        picked=comment is not None,
        comment=comment,
    )


def publish(site: TrendingLibrary, period: Period | date, *items: EditionItem) -> Edition:
    wanted = period if isinstance(period, Period) else Period(period)
    with site.database.write() as connection:
        return insert_edition(connection, wanted, items or (item(KITES),), MORNING, None)


def text_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def link(page: str, rel: str) -> str | None:
    found = re.search(rf'<a rel="{rel}" href="([^"]*)"', page)
    return found and found[1]


def test_the_front_page_without_editions_is_a_notice(client: TestClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    assert "No edition yet" in page.text


def test_the_front_page_is_the_newest_daily_edition(
    site: TrendingLibrary, client: TestClient
) -> None:
    for period in (THURSDAY, FRIDAY, WEEK, MARCH):
        publish(site, period)
    page = client.get("/").text
    assert '<time datetime="2026-03-06">Friday, 6 March 2026</time>' in page
    assert 'rel="canonical"' in page and '/editions/2026-03-06">' in page
    assert KITES.title in page and "+40 upvotes in 24 h" in page


@pytest.mark.parametrize(
    ("path", "period", "masthead", "name"),
    [
        ("/editions/2026-03-06", Period(FRIDAY), "Friday, 6 March 2026", "Daily"),
        ("/editions/2026-W10", WEEK, "Week 10, 2 to 8 March 2026", "Weekly"),
        ("/editions/2026-03", MARCH, "March 2026", "Monthly"),
    ],
)
def test_days_weeks_and_months_have_pages_under_one_address(
    site: TrendingLibrary, client: TestClient, path: str, period: Period, masthead: str, name: str
) -> None:
    publish(site, period, item(KITES), item(RIVERS, 2))
    page = client.get(path)
    assert (page.status_code, client.head(path).status_code) == (200, 200)
    assert masthead in page.text
    assert f"{name} edition" in page.text
    assert page.text.count("<article") == 2
    assert f'{path}">' in page.text


def test_trending_papers_precede_papers_without_attention(
    site: TrendingLibrary, client: TestClient
) -> None:
    publish(site, FRIDAY, item(KITES), item(RIVERS, 2), item(BRIDGES, 3, Section.NEW))
    page = text_of(client.get("/").text)
    places = [page.index(word) for word in ("attention. 1 ", RIVERS.title, " New ", BRIDGES.title)]
    assert places == sorted(places)
    assert "No attention yet; selected by predicted interest." in page


@pytest.mark.parametrize(("section", "headings"), [(Section.TRENDING, []), (Section.NEW, ["New"])])
def test_an_edition_with_one_section(
    site: TrendingLibrary, client: TestClient, section: Section, headings: list[str]
) -> None:
    publish(site, FRIDAY, item(KITES, 1, section), item(RIVERS, 2, section))
    page = client.get("/").text
    assert re.findall(r'class="part-name"[^>]*>([A-Z][a-z]+)', page) == headings
    assert page.count("<article") == 2


def test_an_editors_pick_is_marked_and_shows_its_comment(
    site: TrendingLibrary, client: TestClient
) -> None:
    site.library.editions.pick(
        Period(MORNING.date()), Pick(RIVERS.id, 1, "Read this one with a map at hand.")
    )
    site.library.editions.publish()
    page = client.get("/").text
    assert page.count("Editor's pick") == 1
    assert page.index(RIVERS.title) < page.index("<q>Read this one with a map at hand.</q>")


def test_an_older_revision_is_readable_and_links_to_the_newest(
    site: TrendingLibrary, client: TestClient
) -> None:
    publish(site, FRIDAY, item(KITES))
    publish(site, FRIDAY, item(RIVERS))
    newest, older = (
        client.get(f"/editions/2026-03-06{query}").text for query in ("", "?revision=1")
    )
    assert RIVERS.title in newest and KITES.title not in newest
    assert KITES.title in older and RIVERS.title not in older
    assert "This is an older revision" in older and "older revision" not in newest
    assert '<a href="/editions/2026-03-06">Show the newest revision</a>' in older
    assert 'href="/editions/2026-03-06?revision=1" aria-label="Revision 1"' in newest
    assert "revision 2" in newest and "revision 1" in older
    assert client.get("/editions/2026-03-06?revision=2").text.count("older revision") == 0


@pytest.mark.parametrize(
    "revision",
    ["0", "2", "-1", "x", "1.0", "1e3", " ", "٢", "²", "9" * 5000, "\x00", "<script>", "\ud800"],
)
def test_an_unknown_revision_is_not_found(
    site: TrendingLibrary, client: TestClient, revision: str
) -> None:
    publish(site, FRIDAY)
    response = client.get(
        f"/editions/2026-03-06?revision={quote(revision, errors='surrogatepass')}"
    )
    assert response.status_code == 404
    assert "the newest is revision 1." in response.text
    assert "<script>" not in response.text


def test_a_day_without_an_edition_links_to_the_days_beside_it(
    site: TrendingLibrary, client: TestClient
) -> None:
    for day in (THURSDAY, FRIDAY, MONDAY, TUESDAY):
        publish(site, day)
    page = client.get("/editions/2026-03-07")
    assert page.status_code == 404
    assert "No edition was published on this Saturday." in page.text
    assert link(page.text, "prev") == "/editions/2026-03-06"
    assert link(page.text, "next") == "/editions/2026-03-09"
    assert page.text.count("<h1") == 1


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/editions/2026-03-11", "The edition of this day is not published yet."),
        ("/editions/2026-03-12", "This day is in the future."),
        ("/editions/2026-W11", "The edition of this week is not published yet."),
        ("/editions/2026-W09", "No edition was published for this week."),
        ("/editions/2026-02", "No edition was published for this month."),
        ("/editions/2026-03-04", "No edition was published on this Wednesday."),
        ("/editions/0001-01-01", "No edition was published on this Monday."),
    ],
)
def test_a_missing_edition_states_the_reason(client: TestClient, path: str, words: str) -> None:
    page = client.get(path)
    assert (page.status_code, words in page.text) == (404, True)


@pytest.mark.parametrize(
    "text",
    [
        *("2026-02-30", "20260306", "2026-3-6", "2026-W54", "2026-W00", "2026W10", "2026-w10"),
        *("2026-13", "2026-00", "2026-3", "9999-12", "x", "day", "%00", "%ED%A0%80", "9" * 5000),
        "%3Cscript%3E",
    ],
)
def test_an_invalid_period_is_not_found(client: TestClient, text: str) -> None:
    response = client.get(f"/editions/{text}")
    assert response.status_code == 404
    assert "an ISO week (2026-W08) or a month (2026-02)." in response.text
    assert "<script>" not in response.text


def test_an_edition_links_to_the_previous_and_next_of_its_span(
    site: TrendingLibrary, client: TestClient
) -> None:
    for period in (Period(THURSDAY), Period(FRIDAY), Period(MONDAY), WEEK, NEXT_WEEK, MARCH):
        publish(site, period)
    first, middle, last = (
        client.get(f"/editions/{day}").text for day in (THURSDAY, FRIDAY, MONDAY)
    )
    assert (link(first, "prev"), link(first, "next")) == (None, "/editions/2026-03-06")
    assert (link(middle, "prev"), link(middle, "next")) == (
        "/editions/2026-03-05",
        "/editions/2026-03-09",
    )
    assert (link(last, "prev"), link(last, "next")) == ("/editions/2026-03-06", None)
    week = client.get("/editions/2026-W10").text
    assert (link(week, "prev"), link(week, "next")) == (None, "/editions/2026-W11")


def test_an_edition_links_to_overlapping_editions(
    site: TrendingLibrary, client: TestClient
) -> None:
    days, weeks, month = (THURSDAY, FRIDAY, MONDAY), (WEEK, NEXT_WEEK), "/editions/2026-03"
    for period in (*days, *weeks, MARCH):
        publish(site, period)

    def overlapping(path: str) -> list[str]:
        page = client.get(path).text
        found = re.search(
            r'<nav class="more-editions" aria-label="Overlapping.*?</nav>', page, re.S
        )
        return re.findall(r'href="([^"]*)"', found[0]) if found else []

    assert overlapping("/editions/2026-03-06") == [month, "/editions/2026-W10"]
    assert overlapping("/editions/2026-W11") == [month, "/editions/2026-03-09"]
    assert overlapping(month) == [
        "/editions/2026-W10",
        "/editions/2026-W11",
        *(f"/editions/{day}" for day in days),
    ]


def test_the_archive_lists_all_editions_by_month(site: TrendingLibrary, client: TestClient) -> None:
    assert "No edition is published yet" in client.get("/editions").text
    for period in (Period(date(2026, 2, 27)), Period(THURSDAY), Period(FRIDAY), WEEK, MARCH):
        publish(site, period)
    main = client.get("/editions").text.partition("<main")[2]
    assert re.findall(r'href="(/editions/[^".]*)"', main) == [
        "/editions/2026-03",
        "/editions/2026-W10",
        "/editions/2026-03-05",
        "/editions/2026-03-06",
        "/editions/2026-02-27",
    ]
    assert re.findall(r'<h2 id="m([^"]*)"', main) == ["2026-03", "2026-02"]
    assert 'rel="next"' not in main


def test_a_day_of_the_archive_has_the_count_and_the_first_title_of_the_newest_revision(
    site: TrendingLibrary, client: TestClient
) -> None:
    publish(site, FRIDAY, item(KITES))
    publish(site, FRIDAY, item(replace(KITES, title="A <first> title")), item(KITES, 2))
    page = client.get("/editions").text
    (cell,) = re.findall(r'<li class="on-5"><a href="/editions/2026-03-06">.*?</a></li>', page)
    shown = " ".join(html.unescape(re.sub(r"<[^>]*>", " ", cell)).split())
    assert shown == "Fri 6 2 papers A <first> title"


def test_the_archive_has_three_months_on_a_page_and_links_to_all_others(
    site: TrendingLibrary, client: TestClient
) -> None:
    months = [(2024, 11), (2025, 9), (2025, 12), (2026, 1), (2026, 3)]
    for year, month in months:
        publish(site, date(year, month, 3))
    first, second = client.get("/editions").text, client.get("/editions?before=2025-12").text
    assert re.findall(r'<h2 id="m([^"]*)"', first) == ["2026-03", "2026-01", "2025-12"]
    assert 'rel="next" href="/editions?before=2025-10"' in first
    assert re.findall(r'<h2 id="m([^"]*)"', second) == ["2025-09", "2024-11"]
    assert 'rel="prev" href="/editions?before=2026-04"' in second
    assert 'rel="canonical" href="http://127.0.0.1:8000/editions?before=2025-10"' in second
    links = re.findall(r'href="(/editions\?before=[^"]*)" aria-label="([^"]*)"', second)
    assert [name for _, name in links] == [
        "March 2026",
        "January 2026",
        "December 2025",
        "September 2025",
        "November 2024",
    ]
    for path, name in links:
        assert f">{name}</h2>" in client.get(path).text.partition("</section>")[0]


@pytest.mark.parametrize(
    ("path", "feed"),
    [
        ("/", "/editions/day"),
        ("/editions", "/editions/day"),
        ("/editions/2026-W10", "/editions/week"),
        ("/editions/2026-03", "/editions/month"),
        ("/trending", "/trending"),
    ],
)
def test_a_page_links_to_existing_feeds(
    site: TrendingLibrary, client: TestClient, path: str, feed: str
) -> None:
    for period in (Period(FRIDAY), WEEK, MARCH):
        publish(site, period)
    head = client.get(path).text.partition("</head>")[0]
    assert re.findall(r'rel="alternate" type="([^"]*)" title="[^"]+" href="([^"]*)"', head) == [
        ("application/atom+xml", f"{feed}.atom"),
        ("application/feed+json", f"{feed}.json"),
    ]
    for suffix in ("atom", "json"):
        assert client.get(f"{feed}.{suffix}").status_code == 200


def test_titles_and_comments_are_escaped(site: TrendingLibrary, client: TestClient) -> None:
    nasty = make_paper(title=NASTY, published="2026-03-10", arxiv="2603.66666", categories=(NASTY,))
    site.library.add("test", [nasty])
    site.set_upvotes(nasty, 50)
    site.update()
    publish(site, FRIDAY, item(nasty, comment=NASTY), item(KITES, 2))
    for path in ("/", "/editions/2026-03-06", "/trending", f"/papers/{nasty.id}"):
        page = client.get(path).text
        assert "<script>" not in page and "<b>kites" not in page
        assert "alert(1)" in page
    assert f"Editor's pick {NASTY}" in html.unescape(
        re.sub(r"</?(q|strong)>", "", client.get("/").text)
    )


def test_a_papers_page_has_a_chart_of_its_attention(
    site: TrendingLibrary, client: TestClient
) -> None:
    site.set_upvotes(KITES, 3)
    before = client.get(f"/papers/{KITES.id}").text
    assert "<svg" not in before
    for count in (5, 9):
        site.now += 2 * HOUR
        site.add_signals((KITES, Kind.UPVOTES, count, site.now))
    drawing = client.get(f"/papers/{KITES.id}").text.partition("<svg")[2].partition("</section")[0]
    assert 'role="img" aria-labelledby="chart-title chart-description"' in drawing
    assert "Upvotes rose from 3 to 9 on 11 March 2026." in drawing
    assert re.findall(r"<td>(\d+)</td>", drawing) == ["3", "5", "9"]
    assert datetime(2026, 3, 11, 13, tzinfo=UTC).isoformat() in drawing

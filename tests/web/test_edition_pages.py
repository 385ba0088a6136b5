"""The pages of what was printed: days, weeks, months and the archive."""

import html
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from broadsheet.config import Settings
from broadsheet.model import Edition, EditionItem, Kind, Paper, Period, Pick, Section, Span
from broadsheet.rules.normalize import make_paper
from broadsheet.store.editions import insert_edition
from broadsheet.web.app import create_app
from tests.rising import BRIDGES, HOUR, KITES, MORNING, PAPERS, RIVERS, Room, opened

THURSDAY, FRIDAY = date(2026, 3, 5), date(2026, 3, 6)
MONDAY, TUESDAY = date(2026, 3, 9), date(2026, 3, 10)
WEEK, NEXT_WEEK = Period.containing(FRIDAY, Span.WEEK), Period.containing(MONDAY, Span.WEEK)
MARCH = Period.containing(FRIDAY, Span.MONTH)
NASTY = '"><script>alert(1)</script> & <b>kites</b>'


@pytest.fixture
def room(settings: Settings) -> Iterator[Room]:
    with opened(settings) as room:
        room.library.add("test", PAPERS)
        yield room


@pytest.fixture
def page(room: Room) -> Iterator[TestClient]:
    with TestClient(create_app(room.library), follow_redirects=False) as client:
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


def printed(room: Room, period: Period | date, *items: EditionItem) -> Edition:
    wanted = period if isinstance(period, Period) else Period(period)
    with room.database.write() as connection:
        return insert_edition(connection, wanted, items or (item(KITES),), MORNING, None)


def text_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def link(page: str, rel: str) -> str | None:
    found = re.search(rf'<a rel="{rel}" href="([^"]*)"', page)
    return found and found[1]


def test_the_front_page_waits_for_the_first_edition(page: TestClient) -> None:
    told = page.get("/")
    assert told.status_code == 200
    assert "The first edition is still to be printed" in told.text


def test_the_front_page_is_the_newest_day_whatever_else_was_printed(
    room: Room, page: TestClient
) -> None:
    for period in (THURSDAY, FRIDAY, WEEK, MARCH):
        printed(room, period)
    told = page.get("/").text
    assert '<time datetime="2026-03-06">Friday, 6 March 2026</time>' in told
    assert 'rel="canonical"' in told and '/papers/date/2026-03-06">' in told
    assert KITES.title in told and "+40 upvotes in 24 h" in told


@pytest.mark.parametrize(
    ("path", "period", "masthead", "word"),
    [
        ("/papers/date/2026-03-06", Period(FRIDAY), "Friday, 6 March 2026", "day"),
        ("/papers/week/2026-W10", WEEK, "Week 10, 2 to 8 March 2026", "week"),
        ("/papers/month/2026-03", MARCH, "March 2026", "month"),
    ],
)
def test_a_day_a_week_and_a_month_have_pages_of_their_own(
    room: Room, page: TestClient, path: str, period: Period, masthead: str, word: str
) -> None:
    printed(room, period, item(KITES), item(RIVERS, 2))
    told = page.get(path)
    assert (told.status_code, page.head(path).status_code) == (200, 200)
    assert masthead in told.text
    assert f"The {word}'s research papers" in html.unescape(told.text)
    assert told.text.count("<article") == 2
    assert f'{path}">' in told.text


def test_what_rises_stands_before_what_nobody_has_noticed(room: Room, page: TestClient) -> None:
    printed(room, FRIDAY, item(KITES), item(RIVERS, 2), item(BRIDGES, 3, Section.NEW))
    told = text_of(page.get("/").text)
    places = [told.index(word) for word in ("Trending 1 ", RIVERS.title, " New ", BRIDGES.title)]
    assert places == sorted(places)
    assert "No attention yet; selected by predicted interest." in told


@pytest.mark.parametrize(("section", "headings"), [(Section.TRENDING, []), (Section.NEW, ["New"])])
def test_a_part_that_stands_alone_needs_no_other(
    room: Room, page: TestClient, section: Section, headings: list[str]
) -> None:
    printed(room, FRIDAY, item(KITES, 1, section), item(RIVERS, 2, section))
    told = page.get("/").text
    assert re.findall(r'class="part-name"[^>]*>([A-Z][a-z]+)', told) == headings
    assert told.count("<article") == 2


def test_the_editors_pick_is_marked_and_bears_the_comment(room: Room, page: TestClient) -> None:
    room.library.editions.pick(
        Period(MORNING.date()), Pick(RIVERS.id, 1, "Read this one with a map at hand.")
    )
    room.library.editions.publish()
    told = page.get("/").text
    assert told.count("Editor's pick") == 1
    assert told.index(RIVERS.title) < told.index("<q>Read this one with a map at hand.</q>")


def test_an_older_printing_can_be_read_and_leads_to_the_newest(
    room: Room, page: TestClient
) -> None:
    printed(room, FRIDAY, item(KITES))
    printed(room, FRIDAY, item(RIVERS))
    newest, older = (
        page.get(f"/papers/date/2026-03-06{asked}").text for asked in ("", "?printing=1")
    )
    assert RIVERS.title in newest and KITES.title not in newest
    assert KITES.title in older and RIVERS.title not in older
    assert "This is an older printing" in older and "older printing" not in newest
    assert '<a href="/papers/date/2026-03-06">a newer one</a>' in older
    assert 'href="/papers/date/2026-03-06?printing=1" aria-label="Printing 1"' in newest
    assert "printing 2" in newest and "printing 1" in older
    assert page.get("/papers/date/2026-03-06?printing=2").text.count("older printing") == 0


@pytest.mark.parametrize(
    "printing",
    ["0", "2", "-1", "x", "1.0", "1e3", " ", "٢", "²", "9" * 5000, "\x00", "<script>", "\ud800"],
)
def test_a_printing_that_never_was_is_said_kindly(
    room: Room, page: TestClient, printing: str
) -> None:
    printed(room, FRIDAY)
    said = page.get(f"/papers/date/2026-03-06?printing={quote(printing, errors='surrogatepass')}")
    assert said.status_code == 404
    assert "the newest is printing 1." in said.text
    assert "<script" not in said.text


def test_a_saturday_without_an_edition_shows_what_was_printed_around_it(
    room: Room, page: TestClient
) -> None:
    for day in (THURSDAY, FRIDAY, MONDAY, TUESDAY):
        printed(room, day)
    told = page.get("/papers/date/2026-03-07")
    assert told.status_code == 404
    assert "That was a Saturday, and nothing new came that day." in told.text
    assert link(told.text, "prev") == "/papers/date/2026-03-06"
    assert link(told.text, "next") == "/papers/date/2026-03-09"
    assert told.text.count("<h1") == 1


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/papers/date/2026-03-11", "Nothing has been printed for it yet."),
        ("/papers/date/2026-03-12", "It is still to come."),
        ("/papers/week/2026-W11", "Nothing has been printed for it yet."),
        ("/papers/week/2026-W09", "Nothing was printed for that week."),
        ("/papers/month/2026-02", "Nothing was printed for that month."),
        ("/papers/date/2026-03-04", "Nothing was printed that day."),
        ("/papers/date/0001-01-01", "Nothing was printed that day."),
    ],
)
def test_what_was_not_printed_is_told_with_the_reason(
    page: TestClient, path: str, words: str
) -> None:
    told = page.get(path)
    assert (told.status_code, words in told.text) == (404, True)


@pytest.mark.parametrize(
    ("folder", "text", "form"),
    [
        ("date", text, "A day is written like 2025-02-20 here.")
        for text in ("2026-02-30", "20260306", "2026-3-6", "2026-W10", "x", "%00", "9" * 5000)
    ]
    + [
        ("week", text, "A week is written like 2025-W08 here.")
        for text in ("2026-W54", "2026-W00", "2026W10", "2026-w10", "2026-03", "%ED%A0%80")
    ]
    + [
        ("month", text, "A month is written like 2025-02 here.")
        for text in ("2026-13", "2026-00", "2026-3", "2026-W10", "9999-12", "%3Cscript%3E")
    ],
)
def test_what_is_no_day_week_or_month_is_said_kindly(
    page: TestClient, folder: str, text: str, form: str
) -> None:
    told = page.get(f"/papers/{folder}/{text}")
    assert (told.status_code, form in told.text) == (404, True)
    assert "<script" not in told.text


def test_an_edition_leads_to_those_before_and_after_of_its_span(
    room: Room, page: TestClient
) -> None:
    for period in (Period(THURSDAY), Period(FRIDAY), Period(MONDAY), WEEK, NEXT_WEEK, MARCH):
        printed(room, period)
    first, middle, last = (
        page.get(f"/papers/date/{day}").text for day in (THURSDAY, FRIDAY, MONDAY)
    )
    assert (link(first, "prev"), link(first, "next")) == (None, "/papers/date/2026-03-06")
    assert (link(middle, "prev"), link(middle, "next")) == (
        "/papers/date/2026-03-05",
        "/papers/date/2026-03-09",
    )
    assert (link(last, "prev"), link(last, "next")) == ("/papers/date/2026-03-06", None)
    week = page.get("/papers/week/2026-W10").text
    assert (link(week, "prev"), link(week, "next")) == (None, "/papers/week/2026-W11")


def test_days_weeks_and_months_lead_to_each_other(room: Room, page: TestClient) -> None:
    days, weeks, month = (THURSDAY, FRIDAY, MONDAY), (WEEK, NEXT_WEEK), "/papers/month/2026-03"
    for period in (*days, *weeks, MARCH):
        printed(room, period)

    def kin(path: str) -> list[str]:
        told = page.get(path).text
        found = re.search(r'<nav class="kin" aria-label="Editions that share.*?</nav>', told, re.S)
        return re.findall(r'href="([^"]*)"', found[0]) if found else []

    assert kin("/papers/date/2026-03-06") == [month, "/papers/week/2026-W10"]
    assert kin("/papers/week/2026-W11") == [month, "/papers/date/2026-03-09"]
    assert kin(month) == [
        "/papers/week/2026-W10",
        "/papers/week/2026-W11",
        *(f"/papers/date/{day}" for day in days),
    ]


def test_the_archive_holds_all_that_was_printed_by_month(room: Room, page: TestClient) -> None:
    assert "The first edition is still to be printed" in page.get("/editions").text
    for period in (Period(date(2026, 2, 27)), Period(THURSDAY), Period(FRIDAY), WEEK, MARCH):
        printed(room, period)
    main = page.get("/editions").text.partition("<main")[2]
    assert re.findall(r'href="(/papers/[^".]*)"', main) == [
        "/papers/month/2026-03",
        "/papers/week/2026-W10",
        "/papers/date/2026-03-06",
        "/papers/date/2026-03-05",
        "/papers/date/2026-02-27",
    ]
    assert re.findall(r'<h2 id="m([^"]*)"', main) == ["2026-03", "2026-02"]


@pytest.mark.parametrize(
    ("path", "feed"),
    [
        ("/", "/papers/date"),
        ("/editions", "/papers/date"),
        ("/papers/week/2026-W10", "/papers/week"),
        ("/papers/month/2026-03", "/papers/month"),
        ("/papers/trending", "/papers/trending"),
    ],
)
def test_the_head_names_the_feeds_and_they_are_there(
    room: Room, page: TestClient, path: str, feed: str
) -> None:
    for period in (Period(FRIDAY), WEEK, MARCH):
        printed(room, period)
    head = page.get(path).text.partition("</head>")[0]
    assert re.findall(r'rel="alternate" type="([^"]*)" title="[^"]+" href="([^"]*)"', head) == [
        ("application/atom+xml", f"{feed}.atom"),
        ("application/feed+json", f"{feed}.json"),
    ]
    for suffix in ("atom", "json"):
        assert page.get(f"{feed}.{suffix}").status_code == 200


def test_titles_and_comments_are_shown_as_they_were_written(room: Room, page: TestClient) -> None:
    nasty = make_paper(title=NASTY, published="2026-03-10", arxiv="2603.66666", categories=(NASTY,))
    room.library.add("test", [nasty])
    room.upvoted(nasty, 50)
    room.follow()
    printed(room, FRIDAY, item(nasty, comment=NASTY), item(KITES, 2))
    for path in ("/", "/papers/date/2026-03-06", "/papers/trending", f"/papers/{nasty.id}"):
        told = page.get(path).text
        assert "<script" not in told and "<b>kites" not in told
        assert "alert(1)" in told
    assert f"Editor's pick {NASTY}" in html.unescape(
        re.sub(r"</?(q|strong)>", "", page.get("/").text)
    )


def test_the_papers_page_draws_the_attention_it_got(room: Room, page: TestClient) -> None:
    room.upvoted(KITES, 3)
    before = page.get(f"/papers/{KITES.id}").text
    assert "<svg" not in before
    room.now += 5 * HOUR
    room.add_signals((KITES, Kind.UPVOTES, 9, room.now))
    drawing = page.get(f"/papers/{KITES.id}").text.partition("<svg")[2].partition("</section")[0]
    assert 'role="img" aria-labelledby="chart-title chart-words"' in drawing
    assert "Upvotes rose from 3 to 9 on 11 March 2026." in drawing
    assert re.findall(r"<td>(\d+)</td>", drawing) == ["3", "9"]
    assert datetime(2026, 3, 11, 14, tzinfo=UTC).isoformat() in drawing

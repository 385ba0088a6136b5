"""Feeds in both formats."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote

import pytest
from lxml import etree
from sqlalchemy import Engine, event
from starlette.testclient import TestClient

from broadsheet.config import Settings
from broadsheet.library import Library
from broadsheet.model import Notice, Period, Pick, Span
from broadsheet.rules.attention_line import rank_line
from broadsheet.rules.contribution import contribution
from broadsheet.rules.normalize import make_paper
from broadsheet.web.app import create_app
from broadsheet.web.feeds.routes import EDITIONS, PAPERS
from broadsheet.web.named_lists import NAME_CHARS
from tests.conftest import NOW
from tests.web.feeds.valid_feeds import (
    ATOM,
    check_atom,
    check_json_feed,
    check_with_a_reader,
    entries_of,
    links_of,
    text_of,
    title_of,
)

HOME = "http://127.0.0.1:8000"

FEEDS = (
    "/editions/day",
    "/editions/week",
    "/editions/month",
    "/trending",
    "/trending?category=cs.LG",
    "/search?q=kites",
    "/categories/cs.LG",
    "/authors/Ada%20Windrow",
)

# Without papers, they are not found.
LISTS = ("/categories/", "/authors/")


def in_format(feed: str, suffix: str) -> str:
    path, mark, query = feed.partition("?")
    return f"{path}.{suffix}{mark}{query}"


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """Record the statements sent to any database."""
    statements: list[str] = []

    def note(*args: object) -> None:
        statements.append(str(args[2]))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture
def feeds(still_client: TestClient) -> TestClient:
    """A site with editions of all spans, and trending papers."""
    return still_client


@pytest.mark.parametrize("feed", FEEDS)
def test_every_feed_is_valid_in_both_formats(feeds: TestClient, feed: str) -> None:
    in_atom = feeds.get(in_format(feed, "atom"))
    in_json = feeds.get(in_format(feed, "json"))
    assert (in_atom.status_code, in_json.status_code) == (200, 200)
    assert in_atom.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert in_json.headers["content-type"] == "application/feed+json"
    check_atom(in_atom.content)
    check_with_a_reader(in_atom.content)
    check_json_feed(in_json.content)
    assert in_json.json()["items"]


@pytest.mark.parametrize("feed", FEEDS)
def test_both_formats_say_the_same(feeds: TestClient, feed: str) -> None:
    in_atom = feeds.get(in_format(feed, "atom")).content
    feed_data = feeds.get(in_format(feed, "json")).json()
    assert text_of(etree.fromstring(in_atom), "title") == feed_data["title"]
    entries = entries_of(in_atom)
    for name, member in (
        ("id", "id"),
        ("title", "title"),
        ("updated", "date_modified"),
        ("summary", "content_html"),
    ):
        assert [text_of(entry, name) for entry in entries] == [
            one[member] for one in feed_data["items"]
        ]
    assert [links_of(entry, "related") for entry in entries] == [
        [one["external_url"]] if "external_url" in one else [] for one in feed_data["items"]
    ]


@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize("suffix", ["atom", "json"])
def test_a_feed_contains_its_own_address(feeds: TestClient, feed: str, suffix: str) -> None:
    got = feeds.get(in_format(feed, suffix))
    own = (
        links_of(etree.fromstring(got.content), "self")[0]
        if suffix == "atom"
        else got.json()["feed_url"]
    )
    assert own == HOME + in_format(feed, suffix)
    assert feeds.get(own.removeprefix(HOME)).content == got.content


@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize("suffix", ["atom", "json"])
def test_an_unchanged_feed_returns_304(feeds: TestClient, feed: str, suffix: str) -> None:
    path = in_format(feed, suffix)
    first = feeds.get(path)
    again = feeds.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert feeds.get(path, headers={"If-None-Match": '"older"'}).content == first.content
    assert "set-cookie" not in first.headers
    assert "private" not in first.headers["cache-control"]
    head = feeds.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == first.headers["etag"]


def test_an_edition_feed_supports_if_modified_since(feeds: TestClient) -> None:
    def status(since: str, **more: str) -> int:
        headers = {"If-Modified-Since": since, **more}
        return feeds.get("/editions/day.atom", headers=headers).status_code

    changed = feeds.get("/editions/day.atom").headers["last-modified"]
    assert changed == "Wed, 11 Mar 2026 09:00:00 GMT"
    assert status(changed) == 304
    assert status(changed.replace("09:00:00 GMT", "09:00:00 -0000")) == 304
    assert status("Wed, 11 Mar 2026 08:59:59 GMT") == 200
    assert status(changed, **{"If-None-Match": '"older"'}) == 200
    for odd in ("", "yesterday", "1 Jan 2026 00:00:00 +99999999999999", "1 Jan 99999 0:0:0 GMT"):
        assert status(odd) == 200


def test_a_feed_without_dates_has_no_last_modified(feeds: TestClient) -> None:
    for feed in ("/trending.atom", "/search.atom?q=kites", "/categories/cs.LG.json"):
        assert "last-modified" not in feeds.get(feed).headers


def test_an_edition_feed_contains_each_paper_with_its_reason(library: Library) -> None:
    edition = library.editions.read()
    library.editions.pick(
        edition.period, Pick(edition.items[3].paper_id, 1, comment="Read this one <first>.")
    )
    edition = library.editions.publish()
    lead = edition.items[0]
    with TestClient(create_app(library)) as client:
        entries = entries_of(client.get("/editions/day.atom").content)
    assert [text_of(entry, "title") for entry in entries] == [one.title for one in edition.items]
    entry, stated = entries[0], contribution(lead.abstract or "")
    assert text_of(entry, "summary") == (
        "<p>Read this one &lt;first&gt;.</p>"
        f"<p>{stated}</p><p>{rank_line(lead)}</p><p>{lead.abstract}</p>"
    )
    assert text_of(entry, "id") == f"tag:127.0.0.1,2026-03-11:2026-03-11/{lead.paper_id}"
    assert links_of(entry, "alternate") == [f"{HOME}/papers/{lead.paper_id}"]
    assert links_of(entry, "related") == [lead.link]
    assert text_of(entry, "published") == f"{lead.published}T00:00:00Z"
    assert [one.text for one in entry.findall(f"{ATOM}author/{ATOM}name")] == list(lead.authors)
    assert [one.get("term") for one in entry.findall(f"{ATOM}category")] == ["cs.LG"]


def test_a_notice_comes_first(library: Library) -> None:
    paper_id = library.editions.read().items[0].paper_id
    retracted = replace(library.paper(paper_id), notice=Notice.RETRACTED)
    library.add("crossref", [retracted])
    with TestClient(create_app(library)) as client:
        entries = client.get("/editions/day.json").json()["items"]
    assert entries[0]["content_html"].startswith("<p>Retracted by its publisher.</p>")


def test_a_new_revision_keeps_ids_and_changes_dates(
    settings: Settings,
) -> None:
    now = NOW

    with Library(settings, clock=lambda: now) as library, TestClient(create_app(library)) as client:
        library.add(
            "test", [make_paper(title=f"On kites {n}", arxiv=f"2603.{n:05}") for n in (1, 2)]
        )
        library.editions.publish()
        before = client.get("/editions/day.json")
        now += timedelta(hours=2)
        library.editions.publish()
        after = client.get("/editions/day.json")
        in_atom = client.get("/editions/day.atom").content
    assert after.headers["etag"] != before.headers["etag"]
    first, second = (
        {one["id"]: one["date_modified"] for one in feed_data.json()["items"]}
        for feed_data in (before, after)
    )
    assert first.keys() == second.keys()
    assert list(first.values()) == ["2026-03-11T09:00:00Z", "2026-03-11T08:59:59Z"]
    assert list(second.values()) == ["2026-03-11T11:00:00Z", "2026-03-11T10:59:59Z"]
    assert text_of(etree.fromstring(in_atom), "updated") == "2026-03-11T11:00:00Z"


def test_time_alone_does_not_change_a_feed(settings: Settings) -> None:
    now = NOW

    with Library(settings, clock=lambda: now) as library, TestClient(create_app(library)) as client:
        paper = make_paper(title="On kites", published="2026-03", categories=("cs.LG",))
        library.add("test", [paper])
        library.update_index()
        library.editions.publish()
        for feed in ("/editions/day.atom", "/search.atom?q=kites", "/categories/cs.LG.atom"):
            before = client.get(feed).headers["etag"]
            now += timedelta(days=3)
            assert client.get(feed).headers["etag"] == before


def test_recent_editions_are_listed_newest_first(library: Library) -> None:
    days = [library.today - timedelta(days=ago) for ago in range(EDITIONS + 2)]
    for day in days[1:]:
        library.editions.publish(day)
    with TestClient(create_app(library)) as client:
        ids = [one["id"] for one in client.get("/editions/day.json").json()["items"]]
    feed_data = list(dict.fromkeys(one.split(",")[1].split(":")[0] for one in ids))
    published = [day.isoformat() for day in days[:EDITIONS] if library.editions.read(day).items]
    assert feed_data == published


def test_days_weeks_and_months_share_no_id(settings: Settings) -> None:
    first = date(2026, 6, 1)
    assert first.weekday() == 0
    now = datetime(2026, 6, 1, 9, tzinfo=UTC)
    with Library(settings, clock=lambda: now) as library, TestClient(create_app(library)) as client:
        paper = make_paper(title="On kites", arxiv="2606.00001", published="2026-06-01")
        library.add("test", [paper])
        for span in Span:
            library.editions.publish(Period.containing(first, span))
        ids = [
            one["id"]
            for span in Span
            for one in client.get(f"/editions/{span}.json").json()["items"]
        ]
    assert len(set(ids)) == len(ids) == len(Span)


def test_the_number_of_statements_does_not_grow_with_papers(settings: Settings) -> None:
    def statements_for(papers: int) -> int:
        own = settings.model_copy(update={"data": settings.data / str(papers)})
        with Library(own, clock=lambda: NOW) as library, TestClient(create_app(library)) as client:
            papers_added = [
                make_paper(title=f"On kites {n}", arxiv=f"2603.{n:05}") for n in range(papers)
            ]
            library.add("test", papers_added)
            library.editions.publish()
            with counted_statements() as statements:
                items = client.get("/editions/day.json").json()["items"]
        assert len(items) == papers
        return len(statements)

    assert statements_for(20) == statements_for(2) <= 2 * EDITIONS + 1


def test_the_id_of_a_trending_paper_depends_on_the_paper_alone(
    feeds: TestClient, still_library: Library
) -> None:
    trends = still_library.trending.list(PAPERS).trends
    feed_data = feeds.get("/trending.json").json()["items"]
    assert [one["id"] for one in feed_data] == [
        f"tag:127.0.0.1,2026:papers/{one.paper.id}" for one in trends
    ]
    assert [one["summary"] for one in feed_data] == [
        contribution(one.paper.abstract or "") for one in trends
    ]
    newest = feeds.get("/categories/cs.LG.json").json()["items"]
    assert {one["id"] for one in feed_data} <= {one["id"] for one in newest}


def test_a_search_feed_lists_the_newest_first(feeds: TestClient) -> None:
    feed_data = feeds.get("/search.json", params={"q": "kites"}).json()
    dates = [one["date_published"] for one in feed_data["items"]]
    assert dates == sorted(dates, reverse=True)
    assert feed_data["home_page_url"] == f"{HOME}/search?q=kites&sort=date"
    assert feed_data["title"] == "Broadsheet: kites: 4 papers contain all words"


@pytest.mark.parametrize(
    "query",
    [
        "sparse attention",
        "cat:cs.LG kites",
        '"kites in valley" -lanterns',
        "a&b=c#d?e",
        "風の谷 凧",
        "naïve “quotes”",
        "100% <b>",
        "kites\x00\ud800 \uffff".encode("utf-8", "replace").decode(),
        "((",
        "wind " * 500,
    ],
)
def test_every_search_is_a_feed(feeds: TestClient, query: str) -> None:
    in_atom = feeds.get("/search.atom", params={"q": query})
    assert in_atom.status_code == 200
    check_atom(in_atom.content)
    (own,) = links_of(etree.fromstring(in_atom.content), "self")
    assert feeds.get(own.removeprefix(HOME)).content == in_atom.content
    check_json_feed(feeds.get("/search.json", params={"q": query}).content)


@pytest.mark.parametrize("suffix", ["atom", "json"])
@pytest.mark.parametrize("query", ["", "?q=", "?q=%00%20", "?q=" + "x" * 4001])
def test_a_search_feed_without_a_valid_query_is_an_error(
    feeds: TestClient, suffix: str, query: str
) -> None:
    answer = feeds.get(f"/search.{suffix}{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert "The parameter `q`" in answer.json()["detail"]


NAMES = ("q-bio.NC", "Physics/Optics", "風の谷", "a b&c", "x.json", "%", "?#")


def test_every_category_has_a_feed(library: Library, client: TestClient) -> None:
    titles = {name: f"On {n} kites of {name}" for n, name in enumerate(NAMES)}
    papers = [make_paper(title=title, categories=(name,)) for name, title in titles.items()]
    library.add("test", papers)
    library.update_index()
    for name, title in titles.items():
        path = f"/categories/{quote(name, safe='')}"
        in_atom = client.get(f"{path}.atom").content
        check_atom(in_atom)
        assert [title_of(one) for one in entries_of(in_atom)] == [title]
        assert links_of(etree.fromstring(in_atom), "self") == [f"{HOME}{path}.atom"]
        feed_data = client.get(f"{path}.json").json()
        assert [one["tags"] for one in feed_data["items"]] == [[name]]
        assert client.get("/trending.atom", params={"category": name}).status_code == 200


def test_the_trending_feed_of_an_unknown_category_is_empty(feeds: TestClient) -> None:
    empty = feeds.get("/trending.atom?category=nothing").content
    check_atom(empty)
    assert entries_of(empty) == []
    assert text_of(etree.fromstring(empty), "updated") == "2026-01-01T00:00:00Z"
    check_json_feed(feeds.get("/trending.json?category=nothing").content)


@pytest.mark.parametrize("name", ["/categories/xx.YY", "/authors/Nobody", "/authors/%22"])
def test_the_feed_of_an_unknown_category_or_author_is_not_found(
    feeds: TestClient, name: str
) -> None:
    for suffix in ("atom", "json"):
        answer = feeds.get(f"{name}.{suffix}")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("feed", [each for each in FEEDS if not each.startswith(LISTS)])
def test_an_empty_library_has_empty_feeds(empty_library: Library, feed: str) -> None:
    with TestClient(create_app(empty_library)) as client:
        in_atom = client.get(in_format(feed, "atom"))
        assert in_atom.status_code == 200
        check_atom(in_atom.content)
        feed_data = client.get(in_format(feed, "json"))
        check_json_feed(feed_data.content)
        assert feed_data.json()["items"] == []


def test_a_too_long_category_is_an_error(feeds: TestClient) -> None:
    long = "x" * (NAME_CHARS + 1)
    for path, status in (
        (f"/categories/{long}.atom", 404),
        ("/categories/.json", 404),
        ("/categories/%00.atom", 404),
        (f"/trending.json?category={long}", 400),
    ):
        answer = feeds.get(path)
        assert answer.status_code == status
        assert f"{NAME_CHARS} characters" in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/search.atom?q=%ED%A0%80",
        "/search.json?q=a&q=%FF&page=9",
        "/trending.atom?category=%00%FF",
        "/trending.json?category=a&category=%25_'--",
    ],
)
def test_malformed_addresses_return_a_feed(feeds: TestClient, path: str) -> None:
    answer = feeds.get(f"http://testserver{path}")
    assert answer.status_code == 200
    (check_atom if ".atom" in path else check_json_feed)(answer.content)


@pytest.mark.parametrize(
    "path",
    [
        "/categories/%ED%A0%80.atom",
        "/categories/%FF%zz.json",
        "/categories/..%2F..%2Fetc.atom",
        "/categories/%25_%5C'--.json",
        "/authors/%ED%A0%80.atom",
        "/authors/%FF%zz.json",
    ],
)
def test_malformed_names_of_lists_are_not_found(feeds: TestClient, path: str) -> None:
    assert feeds.get(f"http://testserver{path}").status_code == 404


@pytest.mark.parametrize("path", ["/feed", "/feed.xml", "/atom.xml", "/rss.xml"])
def test_common_feed_addresses_redirect_to_the_daily_feed(feeds: TestClient, path: str) -> None:
    for answer in (feeds.get(path), feeds.head(path)):
        assert (answer.status_code, answer.headers["location"]) == (308, "/editions/day.atom")


def test_feeds_are_read_only(feeds: TestClient) -> None:
    for path in ("/editions/day.atom", "/search.json?q=a", "/feed"):
        assert feeds.post(path).status_code == 405


@pytest.mark.parametrize(
    "path", ["/editions/day.rss", "/editions/year.atom", "/categories/cs.LG.rss"]
)
def test_an_unknown_feed_is_not_found(feeds: TestClient, path: str) -> None:
    assert feeds.get(path).status_code == 404

"""Feeds of papers with any text."""

import re
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadsheet.model import Notice, Paper
from broadsheet.web.feeds import atom, json_feed
from broadsheet.web.feeds.feed import Feed
from broadsheet.web.feeds.syndication import MAX_AUTHORS, Publisher
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

PUBLISHER = Publisher("The Kite", "https://news.example")


ADDED = datetime(2026, 3, 11, 9, 0, 0, 123, tzinfo=UTC)


def feed_of(*papers: Paper) -> Feed:
    items = [PUBLISHER.paper(paper, ADDED, "new") for paper in papers]
    return PUBLISHER.feed("kites", items, name="x", path="/papers/x", home="/")


def one_paper(paper: Paper) -> Feed:
    return feed_of(paper)


def test_the_address_of_the_site_may_have_a_path() -> None:
    publisher = Publisher("The Kite", "https://Lab.Example:8443/news")
    item = publisher.paper(Paper("arxiv:2603.00001", "On kites"), ADDED)
    feed = publisher.feed("", [item], name="papers/date", path="/editions/day", home="/")
    assert feed.json == "https://Lab.Example:8443/news/editions/day.json"
    assert item.page == "https://Lab.Example:8443/news/papers/arxiv:2603.00001"
    assert item.id == "tag:lab.example,2026:papers/arxiv:2603.00001"


@pytest.mark.parametrize("base_url", ["http://[::1]:8000", "https://zürich.example", "http:"])
def test_ids_are_valid_for_any_host_name(base_url: str) -> None:
    publisher = Publisher("The Kite", base_url)
    feed = publisher.feed(
        "", [publisher.paper(Paper("hash:a", "On kites"), ADDED)], name="x", path="/x", home="/"
    )
    for tag in (feed.id, *[item.id for item in feed.items]):
        assert re.fullmatch(r"tag:[a-z0-9]([a-z0-9.-]*[a-z0-9])?,2026:[!-~]+", tag)


@pytest.mark.parametrize(
    ("published", "moment"),
    [
        ("2025-02-20", "2025-02-20T00:00:00Z"),
        ("2025-02", "2025-02-01T00:00:00Z"),
        ("2025", "2025-01-01T00:00:00Z"),
        (None, None),
        ("", None),
        ("in press", None),
        ("2025-02-31", None),
        ("9" * 30, None),
        ("9" * 5000, None),
    ],
)
def test_a_date_of_any_precision_becomes_a_moment(
    published: str | None, moment: str | None
) -> None:
    feed = one_paper(Paper("hash:a", "On kites", published=published))
    (entry,) = entries_of(atom.write(feed))
    assert entry.findtext(f"{ATOM}published") == moment
    assert moment is None or text_of(entry, "updated")[:10] == moment[:10]
    check_atom(atom.write(feed))
    (item,) = orjson.loads(json_feed.write(feed))["items"]
    assert item.get("date_published") == moment


def test_the_text_of_a_paper_is_escaped() -> None:
    nasty = Paper(
        id='hash:"><script>',
        title="<script>alert(1)</script> & ]]>",
        abstract="</p><img src=x onerror=alert(1)> & $\\alpha < \\beta$",
        authors=("<i>A</i>",),
        categories=('"><b>',),
        url="https://a.example/?x=<script>&y=\"' z",
    )
    feed = one_paper(nasty)
    body = atom.write(feed)
    check_atom(body)
    (entry,) = entries_of(body)
    assert title_of(entry) == nasty.title
    check_with_a_reader(body)
    assert links_of(entry, "related") == ["https://a.example/?x=%3Cscript%3E&y=%22'%20z"]
    summary = text_of(entry, "summary")
    assert set(re.findall(r"</?(\w+)", summary)) == {"p", "math", "mi", "mo"}
    (item,) = orjson.loads(json_feed.write(feed))["items"]
    assert (item["content_html"], item["title"]) == (summary, nasty.title)
    check_json_feed(json_feed.write(feed))


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://a.example/[1]#a#b", "https://a.example/%5B1%5D#a%23b"),
        ("https://[::1]:80/?x[]=1", "https://[::1]:80/?x%5B%5D=1"),
        ("https://a.example?b=c/d?e#f/?", "https://a.example?b=c/d?e#f/?"),
    ],
)
def test_a_character_that_a_uri_allows_elsewhere_is_encoded(url: str, link: str) -> None:
    (entry,) = entries_of(atom.write(one_paper(Paper("hash:a", "On kites", url=url))))
    assert links_of(entry, "related") == [link]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "//evil.example", "data:text/html,x", "http://[", None]
)
def test_only_web_addresses_are_linked(url: str | None) -> None:
    (entry,) = entries_of(atom.write(one_paper(Paper("hash:a", "On kites", url=url))))
    assert links_of(entry, "related") == []


def test_of_a_thousand_authors_the_first_are_named() -> None:
    crowd = tuple(f"Author {n}" for n in range(1_000))
    (entry,) = entries_of(atom.write(one_paper(Paper("hash:a", "On kites", authors=crowd))))
    named = [one.text for one in entry.findall(f"{ATOM}author/{ATOM}name")]
    assert named == list(crowd[:MAX_AUTHORS])


def test_authors_of_one_name_are_all_named() -> None:
    feed = one_paper(Paper("hash:a", "On kites", authors=("Wei Wang", "\x00", "Wei Wang")))
    assert feed.items[0].authors == ("Wei Wang", "Wei Wang")


_ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=30)


@settings(max_examples=50)
@given(
    title=_ANY_TEXT,
    abstract=st.none() | _ANY_TEXT,
    names=st.lists(_ANY_TEXT, max_size=3),
    paper_id=_ANY_TEXT,
    rest=_ANY_TEXT,
    reason=_ANY_TEXT,
)
def test_no_text_makes_a_feed_invalid(
    title: str, abstract: str | None, names: list[str], paper_id: str, rest: str, reason: str
) -> None:
    paper = Paper(
        id=f"hash:{paper_id}",
        title=title,
        abstract=abstract,
        authors=tuple(names),
        categories=tuple(names),
        published=rest,
        url=f"https://a.example/{rest}",
        notice=Notice.WITHDRAWN,
    )
    feed = Publisher(f"The Kite {title}", PUBLISHER.base_url).feed(
        title, [PUBLISHER.paper(paper, ADDED, reason)], name="x", path="/papers/x", home="/"
    )
    check_atom(atom.write(feed))
    check_json_feed(json_feed.write(feed))
    (entry,) = entries_of(atom.write(feed))
    (item,) = orjson.loads(json_feed.write(feed))["items"]
    assert title_of(entry) == item["title"]
    check_with_a_reader(atom.write(feed))
    assert text_of(entry, "summary") == item["content_html"]


DATES = (
    ["2026-03-11"] * 30
    + ["2026-03-10", "2026-03", "2026", "1905-06", "0001-01-01", "1970-01-01", "1969-12-31"] * 5
    + ["2026-03-12", "2026-12-01", "2027", "9999-12-31", "in press", None] * 5
)


def test_no_two_items_have_the_same_time_and_none_is_in_the_future_or_before_1970() -> None:
    papers = [Paper(f"hash:{n}", "On kites", published=day) for n, day in enumerate(DATES)]
    feed = feed_of(*papers)
    check_atom(atom.write(feed))
    check_json_feed(json_feed.write(feed))
    assert all(item.updated < ADDED for item in feed.items)
    assert min(item.updated for item in feed.items).year == 2026


def test_the_time_of_an_item_does_not_depend_on_the_other_items() -> None:
    papers = [Paper(f"hash:{n}", "On kites", published="2026-03-10") for n in range(20)]
    times = {item.id: item.updated for item in feed_of(*papers).items}
    for paper in papers:
        (item,) = one_paper(paper).items
        assert times[item.id] == item.updated


def test_papers_added_at_midnight_have_times_of_the_day_before() -> None:
    midnight = datetime(2026, 3, 11, tzinfo=UTC)
    papers = [Paper(f"hash:{n}", "On kites", published="2026-03-11") for n in range(5)]
    items = [PUBLISHER.paper(paper, midnight) for paper in papers]
    feed = PUBLISHER.feed("kites", items, name="x", path="/papers/x", home="/")
    assert {midnight - item.updated for item in feed.items} == {
        timedelta(seconds=n) for n in range(5)
    }
    check_atom(atom.write(feed))


@pytest.mark.parametrize(
    "title",
    [
        "a\x00b\x0b\x1b[31m\x7f\x85",
        "\ud800 half a pair \udfff",
        "]]> <![CDATA[ ]]>",
        "<script>alert(1)</script>",
        "&lt;b&gt; &amp;amp; &#0; &nbsp;",
        "\u202egnirts\u202c \u2066x\u2069 \u200f",
        "\U0001f3fd\U0001f469\u200d\U0001f52c \ufe0f\u20e3",
        "\ufffe\uffff\ufdd0\U0001ffff\ue000",
        "w" * 10_000,
        "凧 " * 5_000,
    ],
)
def test_a_hostile_title_leaves_a_feed_valid(title: str) -> None:
    feed = feed_of(Paper("hash:a", title, abstract=title, authors=(title,), categories=(title,)))
    body = atom.write(feed)
    check_atom(body)
    check_with_a_reader(body)
    check_json_feed(json_feed.write(feed))
    assert title_of(entries_of(body)[0]) == orjson.loads(json_feed.write(feed))["items"][0]["title"]

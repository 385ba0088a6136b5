"""Feeds of papers with any text."""

import re

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.model import Notice, Paper
from broadsheet.web.feeds import atom, json_feed
from broadsheet.web.feeds.feed import LONG_AGO, Feed
from broadsheet.web.feeds.syndication import MAX_AUTHORS, Publisher
from tests.web.feeds.valid_feeds import (
    ATOM,
    check_atom,
    check_json_feed,
    entries_of,
    links_of,
    text_of,
)

PUBLISHER = Publisher("The Kite", "https://news.example")


def one_paper(paper: Paper) -> Feed:
    return PUBLISHER.feed(
        "kites", [PUBLISHER.paper(paper, "new")], name="x", path="/papers/x", home="/"
    )


def test_the_address_of_the_site_may_have_a_path() -> None:
    publisher = Publisher("The Kite", "https://Lab.Example:8443/news")
    item = publisher.paper(Paper("arxiv:2603.00001", "On kites"))
    feed = publisher.feed("", [item], name="papers/date", path="/editions/day", home="/")
    assert feed.json == "https://Lab.Example:8443/news/editions/day.json"
    assert item.page == "https://Lab.Example:8443/news/papers/arxiv:2603.00001"
    assert item.id == "tag:lab.example,2026:papers/arxiv:2603.00001"


@pytest.mark.parametrize("base_url", ["http://[::1]:8000", "https://zürich.example", "http:"])
def test_ids_are_valid_for_any_host_name(base_url: str) -> None:
    publisher = Publisher("The Kite", base_url)
    feed = publisher.feed(
        "", [publisher.paper(Paper("hash:a", "On kites"))], name="x", path="/x", home="/"
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
    assert text_of(entry, "updated") == moment or feed.updated == LONG_AGO
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
    assert text_of(entry, "title") == nasty.title
    assert links_of(entry, "related") == ["https://a.example/?x=%3Cscript%3E&y=%22'%20z"]
    summary = text_of(entry, "summary")
    assert re.findall(r"<[^>]*>", summary) == ["<p>", "</p>"] * 2
    (item,) = orjson.loads(json_feed.write(feed))["items"]
    assert (item["content_html"], item["title"]) == (summary, nasty.title)
    check_json_feed(json_feed.write(feed))


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
        title, [PUBLISHER.paper(paper, reason)], name="x", path="/papers/x", home="/"
    )
    check_atom(atom.write(feed))
    check_json_feed(json_feed.write(feed))
    (entry,) = entries_of(atom.write(feed))
    (item,) = orjson.loads(json_feed.write(feed))["items"]
    assert text_of(entry, "title") == item["title"]
    assert text_of(entry, "summary") == item["content_html"]

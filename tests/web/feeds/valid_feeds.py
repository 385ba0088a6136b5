"""Checks of a valid feed: the schemas of both formats, and what validators object to besides."""

import html
import re
from pathlib import Path
from urllib.parse import urlsplit

import feedparser
import orjson
from jsonschema_rs import Draft202012Validator
from lxml import etree

ATOM = "{http://www.w3.org/2005/Atom}"

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


_GRAMMAR = etree.RelaxNG(file=Path(__file__).with_name("atom.rng"))
_MARKUP = re.compile(r"<[a-zA-Z/!]|&[a-zA-Z#]")
_AUTHOR = {"type": "object", "required": ["name"], "properties": {"name": {"minLength": 1}}}
_TIME = {"type": "string", "format": "date-time"}
_ADDRESS = {"type": "string", "format": "uri"}
_ITEM = {
    "type": "object",
    "required": ["id", "url", "title", "content_html", "date_modified"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string", "minLength": 1},
        "url": _ADDRESS,
        "external_url": _ADDRESS,
        "title": {"type": "string", "minLength": 1},
        "content_html": {"type": "string"},
        "summary": {"type": "string", "minLength": 1},
        "date_published": _TIME,
        "date_modified": _TIME,
        "authors": {"type": "array", "items": _AUTHOR},
        "tags": {"type": "array", "items": {"type": "string", "minLength": 1}},
    },
}
# JSON Feed 1.1, without the members that our feeds do not use.
_JSON_FEED = Draft202012Validator(
    {
        "type": "object",
        "required": ["version", "title", "items"],
        "additionalProperties": False,
        "properties": {
            "version": {"const": "https://jsonfeed.org/version/1.1"},
            "title": {"type": "string", "minLength": 1},
            "home_page_url": _ADDRESS,
            "feed_url": _ADDRESS,
            "icon": _ADDRESS,
            "favicon": _ADDRESS,
            "authors": {"type": "array", "items": _AUTHOR},
            "items": {"type": "array", "items": _ITEM},
        },
    },
    validate_formats=True,
)


def entries_of(body: bytes) -> list[etree._Element]:
    return etree.fromstring(body).findall(f"{ATOM}entry")


def text_of(parent: etree._Element, name: str) -> str:
    found = parent.findtext(ATOM + name)
    assert found is not None
    return found


def title_of(parent: etree._Element) -> str:
    """Return a title as a reader sees it."""
    title = parent.find(f"{ATOM}title")
    assert title is not None
    text = title.text or ""
    return html.unescape(text) if title.get("type") == "html" else text


def links_of(parent: etree._Element, rel: str) -> list[str]:
    return [str(one.get("href")) for one in parent.findall(f"{ATOM}link") if one.get("rel") == rel]


def is_absolute(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme in ("http", "https") and bool(parts.netloc) and address.isascii()


def check_atom(body: bytes) -> None:
    """Hold a document against what RFC 4287 says that a feed and its entries MUST have."""
    feed = etree.fromstring(body)
    _GRAMMAR.assertValid(feed)
    _check_as_the_w3c_does(feed)
    assert feed.tag == f"{ATOM}feed"
    entries = feed.findall(f"{ATOM}entry")
    for part in (feed, *entries):
        for once in ("id", "title", "updated"):
            assert len(part.findall(ATOM + once)) == 1
        assert _MOMENT.fullmatch(text_of(part, "updated"))
        assert re.fullmatch(r"tag:[a-z0-9.-]+,\d{4}(-\d\d-\d\d)?:\S+", text_of(part, "id"))
        assert text_of(part, "title").strip()
        assert len(links_of(part, "alternate")) == (2 if part is feed else 1)
        for link in part.findall(f"{ATOM}link"):
            assert is_absolute(str(link.get("href")))
    assert feed.findtext(f"{ATOM}author/{ATOM}name")
    assert is_absolute(text_of(feed, "icon"))
    assert len(links_of(feed, "self")) == 1
    ids = [text_of(entry, "id") for entry in entries]
    assert len(set(ids)) == len(ids)
    for entry in entries:
        assert len(entry.findall(f"{ATOM}summary[@type='html']")) == 1
        assert all(one.get("term") for one in entry.findall(f"{ATOM}category"))
        assert all(name.text for name in entry.findall(f"{ATOM}author/{ATOM}name"))
        published = entry.findtext(f"{ATOM}published")
        assert published is None or _MOMENT.fullmatch(published)


def _check_as_the_w3c_does(feed: etree._Element) -> None:
    """Hold a feed against the warnings of the W3C's feed validator."""
    entries = feed.findall(f"{ATOM}entry")
    times = [text_of(entry, "updated") for entry in entries]
    assert len(set(times)) == len(times)
    for entry in entries:
        published = entry.findtext(f"{ATOM}published") or text_of(entry, "updated")
        assert "1970-01-02" <= published <= text_of(entry, "updated") <= text_of(feed, "updated")
    for title in feed.iter(f"{ATOM}title"):
        assert title.get("type") == "html" or not _MARKUP.search(title.text or "")
    for part in (feed, *entries):
        kinds = [(one.get("rel"), one.get("type")) for one in part.findall(f"{ATOM}link")]
        assert len(set(kinds)) == len(kinds)


def check_with_a_reader(body: bytes) -> None:
    """Hold a document against feedparser, which reports all that it had to guess."""
    read = feedparser.parse(body)
    assert not read.bozo, read.get("bozo_exception")
    assert read.version == "atom10"
    entries = entries_of(body)
    assert [entry.id for entry in read.entries] == [text_of(entry, "id") for entry in entries]
    assert all(entry.updated_parsed for entry in read.entries)


def check_json_feed(body: bytes) -> None:
    """Hold a document against what JSON Feed 1.1 requires."""
    feed = orjson.loads(body)
    _JSON_FEED.validate(feed)
    for address in ("home_page_url", "feed_url", "icon", "favicon"):
        assert is_absolute(feed[address])
    ids = [item["id"] for item in feed["items"]]
    assert len(set(ids)) == len(ids)
    for item in feed["items"]:
        assert item["title"].strip()
        assert is_absolute(item["url"])
        assert is_absolute(item.get("external_url", item["url"]))
        assert _MOMENT.fullmatch(item["date_modified"])
        assert item.get("date_published", item["date_modified"]) <= item["date_modified"]

"""Checks of a valid feed."""

import re
from urllib.parse import urlsplit

import orjson
from lxml import etree

ATOM = "{http://www.w3.org/2005/Atom}"

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def entries_of(body: bytes) -> list[etree._Element]:
    return etree.fromstring(body).findall(f"{ATOM}entry")


def text_of(parent: etree._Element, name: str) -> str:
    found = parent.findtext(ATOM + name)
    assert found is not None
    return found


def links_of(parent: etree._Element, rel: str) -> list[str]:
    return [str(one.get("href")) for one in parent.findall(f"{ATOM}link") if one.get("rel") == rel]


def is_absolute(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme in ("http", "https") and bool(parts.netloc) and address.isascii()


def check_atom(body: bytes) -> None:
    """Hold a document against what RFC 4287 says that a feed and its entries MUST have."""
    feed = etree.fromstring(body)
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


def check_json_feed(body: bytes) -> None:
    """Hold a document against what JSON Feed 1.1 requires."""
    feed = orjson.loads(body)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["title"]
    for address in ("home_page_url", "feed_url", "icon", "favicon"):
        assert is_absolute(feed[address])
    ids = [item["id"] for item in feed["items"]]
    assert len(set(ids)) == len(ids)
    for item in feed["items"]:
        assert item["id"] and item["title"].strip()
        assert isinstance(item["content_html"], str)
        assert is_absolute(item["url"])
        assert is_absolute(item.get("external_url", item["url"]))
        assert _MOMENT.fullmatch(item["date_modified"])
        assert all(author["name"] for author in item.get("authors", []))
        assert "" not in item.get("tags", [])
        assert None not in item.values()

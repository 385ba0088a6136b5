"""Parse RSS of all versions, Atom and JSON Feed."""

import re
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from broadsheet.errors import SourceError
from broadsheet.http.decoding import decode, json_value
from broadsheet.model import Malformed
from broadsheet.rules.identity import parse_any_id
from broadsheet.sources.csl_json import plain_text
from broadsheet.sources.decoding import parse_moment, text_of, texts_of
from broadsheet.sources.xml import repair_xml

_TEXT_CHARS = 100_000
_TAIL_BYTES = 4096
_ROOTS = ("rss", "rdf", "feed")
_ENTRIES = ("item", "entry")
_MAX_ENTRIES = 20_000
# A tree of as many empty elements takes 200 MiB; real feeds have one tag in 40 bytes or more.
_MAX_TAGS = 1_000_000
_FEED_END = re.compile(rb"</(?:[\w.-]+:)?(?:rss|rdf|feed)\s*>", re.IGNORECASE)
_OTHER_CHARSET = re.compile(
    rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"'](?!utf-?8[\"'])", re.IGNORECASE
)
# Media extensions have their own titles and descriptions.
_MEDIA = re.compile(r"search\.yahoo\.com/mrss|itunes\.com|^(?:media|itunes):")
_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_DATES = ("published", "pubdate", "date", "issued", "created", "updated", "modified")
_BODY = ("summary", "description", "encoded", "content")
_FEED_DATES = ("pubdate", "lastbuilddate", "date", "updated", "modified")
_HTML = re.compile(
    r"</[a-z]|<(?:a|b|br|div|em|h[1-6]|hr|i|img|li|p|span|sub|sup)(?:\s[^<>]{0,2000})?/?>"
    r"|&(?:[a-z]{2,8}|#\d{1,7}|#x[0-9a-f]{1,6});",
    re.IGNORECASE,
)
_BLOCK = re.compile(r"<(?:br|div|h[1-6]|li|p|td|tr)\b", re.IGNORECASE)
_HTML_TYPES = ("html", "xhtml", "text/html")
_EMAIL_AND_NAME = re.compile(r"\S{1,200}@\S{1,200}(?:\s*\((.{1,200})\))?")
_NAME_SEPARATOR = re.compile(r", and |, ?| and ")

_Parts = dict[str, list[etree._Element]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a feed.

    Parameters
    ----------
    place : str
        Address of the feed and number of the entry, used in `Malformed.place`.
    title : str or None
        Plain text.
    key : str or None
        The feed's own id of the entry.
    links : tuple of str
        Addresses and ids of the linked work.
    texts : tuple of str
        Summary and content, plain text or HTML.
    summary : str or None
        The first non-empty item of `texts` as plain text.
    authors, categories : tuple of str
        Plain text.
    moment : datetime or None
        Publication time, else time of the last change, aware UTC.
    venue : str or None
        Journal.
    """

    place: str
    title: str | None
    key: str | None
    links: tuple[str, ...]
    texts: tuple[str, ...]
    summary: str | None
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    moment: datetime | None
    venue: str | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """A parsed feed.

    Parameters
    ----------
    entries : tuple of Entry or Malformed
        At most 20,000 entries, in the order of the feed.
    moment : datetime or None
        Time of the last change of the feed, aware UTC.
    is_complete : bool
        False if the feed is truncated.
    """

    entries: tuple[Entry | Malformed, ...]
    moment: datetime | None
    is_complete: bool


def parse_feed(body: bytes, place: str) -> Feed:
    """Parse a feed of any format.

    Parameters
    ----------
    body : bytes
        The whole reply, in any charset.
    place : str
        Address of the feed, used in `Malformed.place` and in errors.

    Raises
    ------
    SourceError
        If it is not a feed, or has more than 1,000,000 tags.
    """
    feed = _json_feed(body, place) if body.lstrip()[:1] == b"{" else _xml_feed(body, place)
    if feed is None:
        raise SourceError(
            f"{place} is not a feed: check that the address is that of an RSS, Atom or JSON feed, "
            "not of a web page"
        )
    return feed


def _xml_feed(body: bytes, place: str) -> Feed | None:
    if body.count(b"<") > _MAX_TAGS:
        raise SourceError(f"{place} has more than {_MAX_TAGS:,} tags, the limit")
    try:
        return _parse_xml_feed(_as_utf8(body), place)
    except UnicodeDecodeError:  # In recover mode lxml accepts lone surrogates it cannot return.
        return _parse_xml_feed(repair_xml(body), place)


def _parse_xml_feed(body: bytes, place: str) -> Feed | None:
    # Not feedparser: its time is quadratic in the length of an author's name (17 s for 80 kB) and
    # in leading empty lines (25 s). This parser recovers from errors and expands no entities.
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    # An empty document returns None, contrary to the type stubs.
    if not isinstance(root, etree._Element) or _name(root) not in _ROOTS:
        return None
    channels = [root, *(child for child in root if _name(child) == "channel")]
    items = [child for channel in channels for child in channel if _name(child) in _ENTRIES]
    entries: list[Entry | Malformed] = [
        _xml_entry(item, f"{place} entry {n}") for n, item in enumerate(items[:_MAX_ENTRIES], 1)
    ]
    is_complete = _FEED_END.search(body[-_TAIL_BYTES:].replace(b"\0", b"")) is not None
    if entries and not is_complete:
        entries[-1] = Malformed(f"{place} entry {len(entries)}", "truncated entry")
    moments = (_moment(_parts(channel), _FEED_DATES) for channel in channels)
    return Feed(tuple(entries), next((moment for moment in moments if moment), None), is_complete)


def _as_utf8(body: bytes) -> bytes:
    """Convert a body that declares UTF-8, or nothing, to valid UTF-8."""
    if b"\0" in body[:_TAIL_BYTES] or _OTHER_CHARSET.match(body):
        return body
    return decode(body).encode("utf-8", "replace")


def _name(element: etree._Element) -> str:
    """Return the name without its namespace or undeclared prefix, in lower case."""
    tag = element.tag
    return re.split("[}:]", tag)[-1].lower() if isinstance(tag, str) else ""


def _parts(element: etree._Element) -> _Parts:
    parts: _Parts = {}
    for part in element:
        if isinstance(part.tag, str) and not _MEDIA.search(part.tag):
            parts.setdefault(_name(part), []).append(part)
    return parts


def _xml_entry(element: etree._Element, place: str) -> Entry:
    parts = _parts(element)
    bodies = [element for name in _BODY for element in parts.get(name, ())]
    texts = [(_markup(body), body.get("type")) for body in bodies]
    names = [
        _text(next((part for part in author if _name(part) == "name"), author))
        for author in (*parts.get("author", ()), *parts.get("creator", ()))
    ]
    terms = (*parts.get("category", ()), *parts.get("subject", ()))
    title = next(iter(parts.get("title", ())), None)
    return Entry(
        place=place,
        title=None if title is None else _plain(_markup(title), title.get("type")),
        key=_first(parts, "id", "guid"),
        links=_links(element, parts),
        texts=tuple(text for text, _ in texts),
        summary=next((_plain(text, kind) for text, kind in texts if text.strip()), None),
        authors=_authors(names),
        categories=tuple(term.get("term") or _text(term) for term in terms),
        moment=_moment(parts, _DATES),
        venue=_first(parts, "publicationname"),
    )


def _links(element: etree._Element, parts: _Parts) -> tuple[str, ...]:
    rels = (None, "alternate")
    links = [
        link.get("href") or _text(link) for link in parts.get("link", ()) if link.get("rel") in rels
    ]
    about = element.get(_ABOUT)
    keys = [_first(parts, name) or "" for name in ("origlink", "id", "guid")]
    identifiers = (*parts.get("doi", ()), *parts.get("identifier", ()))
    ids = (parse_any_id(_text(identifier)) or "" for identifier in identifiers)
    return tuple(link.strip() for link in (keys[0], *links, *keys[1:], about, *ids) if link)


def _first(parts: _Parts, *names: str) -> str | None:
    return next((_text(part) for name in names for part in parts.get(name, ())), None)


def _text(element: etree._Element) -> str:
    return "".join(element.itertext())[:_TEXT_CHARS].strip()


def _markup(element: etree._Element) -> str:
    """Return the text of an element, with the tags of its children."""
    if not len(element):
        return (element.text or "")[:_TEXT_CHARS]
    outer = etree.tostring(element, encoding="unicode", with_tail=False)
    return outer[outer.index(">") + 1 :][:_TEXT_CHARS]


def _moment(parts: _Parts, names: tuple[str, ...]) -> datetime | None:
    moments = (parse_moment(_first(parts, name)) for name in names)
    return next((moment for moment in moments if moment), None)


def _plain(text: str, kind: str | None) -> str:
    """Remove HTML tags if the declared type is HTML, or if none is declared and tags are found."""
    if kind == "text" or (kind not in _HTML_TYPES and not _HTML.search(text)):
        return text
    spaced = _BLOCK.sub(r" \g<0>", text)
    return plain_text(f"<div>{spaced}</div>") or ""


def _authors(texts: list[str]) -> tuple[str, ...]:
    """Return names; one text can contain several, and an email address before the name."""
    names: list[str] = []
    for text in texts:
        plain = " ".join(_plain(text, None).split())
        if email := _EMAIL_AND_NAME.fullmatch(plain):
            plain = email[1] or ""
        for piece in plain.split(";"):
            split = _NAME_SEPARATOR.split(piece)
            # "Windrow, Ada" is one name, "Ada Windrow, Bo Farol" are two.
            names += split if all(" " in name.strip() for name in split) else [piece]
    return tuple(name for name in names if name.strip())


def _json_feed(body: bytes, place: str) -> Feed | None:
    """Parse JSON Feed, https://www.jsonfeed.org/version/1.1/."""
    try:
        payload = json_value(body)
    except ValueError:
        return None
    if not isinstance(payload, dict):
        return None
    items = payload.get("items")
    if "jsonfeed.org" not in (text_of(payload.get("version")) or ""):
        return None
    if not isinstance(items, list):
        return None
    entries = tuple(
        _json_entry(item, f"{place} entry {n}") for n, item in enumerate(items[:_MAX_ENTRIES], 1)
    )
    return Feed(entries, None, True)


def _json_entry(item: object, place: str) -> Entry | Malformed:
    if not isinstance(item, dict):
        return Malformed(place, "not a JSON object")
    kinds = {"summary": "text", "content_text": "text", "content_html": "html"}
    bodies = [(text_of(item.get(key)), kind) for key, kind in kinds.items()]
    texts = [(text[:_TEXT_CHARS], kind) for text, kind in bodies if text]
    authors = item.get("authors") or [item.get("author")]
    listed = authors if isinstance(authors, list) else []
    names = [author.get("name") for author in listed if isinstance(author, dict)]
    links = [text_of(item.get(name)) or "" for name in ("external_url", "url", "id")]
    return Entry(
        place=place,
        title=text_of(item.get("title")),
        key=text_of(item.get("id")),
        links=tuple(link.strip() for link in links if link),
        texts=tuple(text for text, _ in texts),
        summary=next((_plain(text, kind) for text, kind in texts if text.strip()), None),
        authors=_authors([name for name in names if isinstance(name, str)]),
        categories=tuple(texts_of(item.get("tags"))),
        moment=parse_moment(_first_text(item, "date_published", "date_modified")),
    )


def _first_text(item: dict[str, object], *keys: str) -> str | None:
    return next((text for key in keys if (text := text_of(item.get(key)))), None)

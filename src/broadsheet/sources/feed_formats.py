"""What feeds are written in: RSS of all versions, Atom and JSON Feed."""

import re
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from broadsheet.errors import SourceError
from broadsheet.http.decoding import decode, json_value
from broadsheet.model import Malformed
from broadsheet.rules.identity import parse_any_id
from broadsheet.sources.arxiv_xml import mended
from broadsheet.sources.csl_json import plain_text
from broadsheet.sources.decoding import text_of, texts_of
from broadsheet.sources.mentions import moment_of

_TEXT_CHARS = 100_000
_TAIL_BYTES = 4096
_ROOTS = ("rss", "rdf", "feed")
_ENTRIES = ("item", "entry")
_MOST_ENTRIES = 20_000
# A tree of as many empty elements takes 200 MiB; known feeds have a tag in forty bytes or more.
_MOST_TAGS = 1_000_000
_FEED_END = re.compile(rb"</(?:[\w.-]+:)?(?:rss|rdf|feed)\s*>", re.IGNORECASE)
_OTHER_CHARSET = re.compile(
    rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"'](?!utf-?8[\"'])", re.IGNORECASE
)
# Pictures and players have titles and descriptions of their own.
_BESIDE = re.compile(r"search\.yahoo\.com/mrss|itunes\.com|^(?:media|itunes):")
_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_DATES = ("published", "pubdate", "date", "issued", "created", "updated", "modified")
_TELLING = ("summary", "description", "encoded", "content")
_FEED_DATES = ("pubdate", "lastbuilddate", "date", "updated", "modified")
_HTML = re.compile(
    r"</[a-z]|<(?:a|b|br|div|em|h[1-6]|hr|i|img|li|p|span|sub|sup)(?:\s[^<>]{0,2000})?/?>"
    r"|&(?:[a-z]{2,8}|#\d{1,7}|#x[0-9a-f]{1,6});",
    re.IGNORECASE,
)
_BLOCK = re.compile(r"<(?:br|div|h[1-6]|li|p|td|tr)\b", re.IGNORECASE)
_HTML_TYPES = ("html", "xhtml", "text/html")
_MAIL_AND_NAME = re.compile(r"\S{1,200}@\S{1,200}(?:\s*\((.{1,200})\))?")
_BETWEEN_NAMES = re.compile(r", and |, ?| and ")

_Parts = dict[str, list[etree._Element]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a feed, its texts as the feed wrote them.

    Parameters
    ----------
    place : str
        Where it stands.
    title : str or None
        Plain text.
    key : str or None
        What the feed knows it by.
    links : tuple of str
        Addresses and ids of what it is about.
    texts : tuple of str
        Its summary and its content, plain or HTML.
    summary : str or None
        The first of these as plain text.
    authors, categories : tuple of str
        Plain text.
    moment : datetime or None
        When it was published, else changed, aware UTC.
    venue : str or None
        The journal it tells of.
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
    """What a feed told.

    Parameters
    ----------
    entries : tuple of Entry or Malformed
    moment : datetime or None
        When it was made, aware UTC.
    is_whole : bool
        False where it breaks off.
    """

    entries: tuple[Entry | Malformed, ...]
    moment: datetime | None
    is_whole: bool


def read_feed(body: bytes, place: str) -> Feed:
    """Read a feed of any kind.

    Parameters
    ----------
    body : bytes
        As it came.
    place : str
        Its address.

    Raises
    ------
    SourceError
        Where it is none, or has too many tags.
    """
    feed = _json_feed(body, place) if body.lstrip()[:1] == b"{" else _xml_feed(body, place)
    if feed is None:
        raise SourceError(
            f"{place} gave no feed: check that the address is that of an RSS, Atom or JSON feed "
            "and not of a web page"
        )
    return feed


def _xml_feed(body: bytes, place: str) -> Feed | None:
    if body.count(b"<") > _MOST_TAGS:
        raise SourceError(f"{place} gave more than {_MOST_TAGS:,} tags, the most that are read")
    try:
        return _xml_feed_in(_readable(body), place)
    except UnicodeDecodeError:  # lxml mends half a surrogate pair into what it cannot give out.
        return _xml_feed_in(mended(body), place)


def _xml_feed_in(body: bytes, place: str) -> Feed | None:
    # Not feedparser: its time is quadratic in a long word for an author (17 s for 80 kB) and in
    # empty lines at the top (25 s); this mends what is broken and takes no entity apart.
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    # Nothing at all gives None, whatever the stubs say.
    if not isinstance(root, etree._Element) or _name(root) not in _ROOTS:
        return None
    channels = [root, *(one for one in root if _name(one) == "channel")]
    found = [one for channel in channels for one in channel if _name(one) in _ENTRIES]
    entries: list[Entry | Malformed] = [
        _xml_entry(one, f"{place} entry {n}") for n, one in enumerate(found[:_MOST_ENTRIES], 1)
    ]
    is_whole = _FEED_END.search(body[-_TAIL_BYTES:].replace(b"\0", b"")) is not None
    if entries and not is_whole:
        entries[-1] = Malformed(f"{place} entry {len(entries)}", "the feed breaks off in it")
    moments = (_moment(_parts(channel), _FEED_DATES) for channel in channels)
    return Feed(tuple(entries), next((one for one in moments if one), None), is_whole)


def _readable(body: bytes) -> bytes:
    """Mend what calls itself UTF-8 and is not."""
    if b"\0" in body[:_TAIL_BYTES] or _OTHER_CHARSET.match(body):
        return body
    return decode(body).encode("utf-8", "replace")


def _name(element: etree._Element) -> str:
    """Give the name without namespace, also where its prefix was declared nowhere."""
    tag = element.tag
    return re.split("[}:]", tag)[-1].lower() if isinstance(tag, str) else ""


def _parts(element: etree._Element) -> _Parts:
    parts: _Parts = {}
    for part in element:
        if isinstance(part.tag, str) and not _BESIDE.search(part.tag):
            parts.setdefault(_name(part), []).append(part)
    return parts


def _xml_entry(element: etree._Element, place: str) -> Entry:
    parts = _parts(element)
    told = [one for name in _TELLING for one in parts.get(name, ())]
    texts = [(_markup(one), one.get("type")) for one in told]
    names = [
        _text(next((part for part in one if _name(part) == "name"), one))
        for one in (*parts.get("author", ()), *parts.get("creator", ()))
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
        categories=tuple(one.get("term") or _text(one) for one in terms),
        moment=_moment(parts, _DATES),
        venue=_first(parts, "publicationname"),
    )


def _links(element: etree._Element, parts: _Parts) -> tuple[str, ...]:
    rels = (None, "alternate")
    links = [
        one.get("href") or _text(one) for one in parts.get("link", ()) if one.get("rel") in rels
    ]
    about = element.get(_ABOUT)
    keys = [_first(parts, name) or "" for name in ("origlink", "id", "guid")]
    told = (_text(one) for name in ("doi", "identifier") for one in parts.get(name, ()))
    ids = (parse_any_id(text) or "" for text in told)
    return tuple(one.strip() for one in (keys[0], *links, *keys[1:], about, *ids) if one)


def _first(parts: _Parts, *names: str) -> str | None:
    return next((_text(one) for name in names for one in parts.get(name, ())), None)


def _text(element: etree._Element) -> str:
    return "".join(element.itertext())[:_TEXT_CHARS].strip()


def _markup(element: etree._Element) -> str:
    """Give the text of an element, with the tags of what stands in it unescaped."""
    if not len(element):
        return (element.text or "")[:_TEXT_CHARS]
    outer = etree.tostring(element, encoding="unicode", with_tail=False)
    return outer[outer.index(">") + 1 :][:_TEXT_CHARS]


def _moment(parts: _Parts, names: tuple[str, ...]) -> datetime | None:
    told = (moment_of(_first(parts, name)) for name in names)
    return next((one for one in told if one), None)


def _plain(text: str, kind: str | None) -> str:
    """Strip HTML where it is said to be, or where nothing is said and it looks like it."""
    if kind == "text" or (kind not in _HTML_TYPES and not _HTML.search(text)):
        return text
    spaced = _BLOCK.sub(r" \g<0>", text)
    return plain_text(f"<div>{spaced}</div>") or ""


def _authors(texts: list[str]) -> tuple[str, ...]:
    """Read names, where several may stand in one text and a mail address before one."""
    names: list[str] = []
    for text in texts:
        told = " ".join(_plain(text, None).split())
        if mail := _MAIL_AND_NAME.fullmatch(told):
            told = mail[1] or ""
        for piece in told.split(";"):
            split = _BETWEEN_NAMES.split(piece)
            # "Windrow, Ada" is one name, "Ada Windrow, Bo Farol" are two.
            names += split if all(" " in name.strip() for name in split) else [piece]
    return tuple(name for name in names if name.strip())


def _json_feed(body: bytes, place: str) -> Feed | None:
    """Read JSON Feed, https://www.jsonfeed.org/version/1.1/."""
    try:
        told = json_value(body)
    except ValueError:
        return None
    if not isinstance(told, dict) or "jsonfeed.org" not in (text_of(told.get("version")) or ""):
        return None
    items = told.get("items")
    if not isinstance(items, list):
        return None
    entries = tuple(
        _json_entry(item, f"{place} entry {n}") for n, item in enumerate(items[:_MOST_ENTRIES], 1)
    )
    return Feed(entries, None, True)


def _json_entry(item: object, place: str) -> Entry | Malformed:
    if not isinstance(item, dict):
        return Malformed(place, "not a JSON object")
    kinds = {"summary": "text", "content_text": "text", "content_html": "html"}
    told = [(text, kinds[key]) for key in kinds if (text := text_of(item.get(key)))]
    texts = [(text[:_TEXT_CHARS], kind) for text, kind in told]
    authors = item.get("authors") or [item.get("author")]
    tellers = authors if isinstance(authors, list) else []
    names = [one.get("name") for one in tellers if isinstance(one, dict)]
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
        moment=moment_of(text_of(item.get("date_published")) or text_of(item.get("date_modified"))),
    )

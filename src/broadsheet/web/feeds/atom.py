"""Serialize a feed as Atom 1.0 (RFC 4287)."""

from html import escape

from lxml import etree

from broadsheet.web.feeds.feed import Feed, FeedItem, stamp

MEDIA_TYPE = "application/atom+xml"

_NAMESPACE = "http://www.w3.org/2005/Atom"


def write(feed: Feed) -> bytes:
    """Return a feed as an Atom document in UTF-8."""
    root = etree.Element(f"{{{_NAMESPACE}}}feed", nsmap={None: _NAMESPACE})
    _put(root, "id", feed.id)
    _put_title(root, feed.title)
    if feed.subtitle is not None:
        _put(root, "subtitle", feed.subtitle)
    _put(root, "updated", stamp(feed.updated))
    # Atom requires an author for each entry; this one applies to papers without authors.
    _put(_put(root, "author"), "name", feed.publisher)
    _put(root, "link", rel="self", type=MEDIA_TYPE, href=feed.atom)
    _put(root, "link", rel="alternate", type="text/html", href=feed.home)
    _put(root, "link", rel="alternate", type="application/feed+json", href=feed.json)
    _put(root, "generator", "Broadsheet")
    _put(root, "icon", feed.icon)
    for item in feed.items:
        _put_entry(root, item)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def _put_entry(root: etree._Element, item: FeedItem) -> None:
    entry = _put(root, "entry")
    _put(entry, "id", item.id)
    _put_title(entry, item.title)
    _put(entry, "updated", stamp(item.updated))
    if item.published is not None:
        _put(entry, "published", stamp(item.published))
    for author in item.authors:
        _put(_put(entry, "author"), "name", author)
    _put(entry, "link", rel="alternate", type="text/html", href=item.page)
    if item.work is not None:
        _put(entry, "link", rel="related", href=item.work)
    for category in item.categories:
        _put(entry, "category", term=category)
    # Atom requires a summary in an entry without content; it may be empty.
    _put(entry, "summary", item.html, type="html")


def _put_title(parent: etree._Element, title: str) -> None:
    if "<" in title or "&" in title:
        # Many readers take a title for HTML, whatever its type.
        _put(parent, "title", escape(title, quote=False), type="html")
    else:
        _put(parent, "title", title)


def _put(
    parent: etree._Element, name: str, text: str | None = None, **attributes: str
) -> etree._Element:
    element = etree.SubElement(parent, f"{{{_NAMESPACE}}}{name}", attributes)
    element.text = text
    return element

import json
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.errors import SourceError
from broadsheet.model import Malformed
from broadsheet.sources.feed_formats import Entry, parse_feed

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
_NAMES = (
    "rss",
    "channel",
    "item",
    "title",
    "link",
    "description",
    "guid",
    "pubDate",
    "author",
    "dc:creator",
    "category",
    "feed",
    "entry",
    "summary",
    "content",
    "updated",
    "published",
    "id",
    "name",
    "content:encoded",
)
_NODES = st.recursive(
    st.text(),
    lambda inner: st.builds(
        lambda name, inside, kind: f'<{name} type="{kind}">{"".join(inside)}</{name}>',
        st.sampled_from(_NAMES),
        st.lists(inner, max_size=4),
        st.sampled_from(["html", "xhtml", "text", ""]),
    ),
)


def rss(*items: str, head: str = "") -> str:
    names = (
        'xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/" '
        'xmlns:media="http://search.yahoo.com/mrss/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" {names}><channel>'
        f"<title>Kites</title>{head}{''.join(items)}</channel></rss>"
    )


def item(number: int, *parts: str, title: str = "On Kites") -> str:
    link = f"<link>https://arxiv.org/abs/2603.{number:05}</link>"
    return f"<item><title>{title}</title>{link}{''.join(parts)}</item>"


@pytest.mark.parametrize(
    ("body", "title"),
    [
        (rss(item(1, title="Café")).encode("latin-1"), "Café"),
        (rss(item(1, title="Café")).replace("UTF-8", "windows-1252").encode("cp1252"), "Café"),
        (rss(item(1, title="Café")).replace("UTF-8", "UTF-16").encode("utf-16"), "Café"),
        (b"\xef\xbb\xbf\n " + rss(item(1, title="Café")).encode(), "Café"),
        (rss(item(1, title="A\0B")).encode(), "AB"),
        (rss(item(1, title="A&nbsp;B")).encode(), "A B"),
        (rss(item(1, title="A&#xD800;B")).encode(), "AB"),
        (rss(item(1, title="A&#000000000055296;<i>B</i>")).encode(), "AB"),
        (rss(item(1, '<link href="&#xDFFF;"/>')).encode(), "On Kites"),
        (rss(item(1, title="A&#xD800;B")).replace("UTF-8", "UTF-16").encode("utf-16"), "AB"),
        (rss(item(1, title="A<i>B</i>C")).encode(), "ABC"),
        (rss(item(1, title="<![CDATA[A <b>B</b>]]>")).encode(), "A B"),
        (rss(item(1, title="A &lt;script>alert(1)&lt;/script>B")).encode(), "A B"),
        (rss(item(1, title="x &lt; y and y > z")).encode(), "x < y and y > z"),
        (rss(item(1)).replace("<rss ", "<rss ").replace("xmlns:", "x").encode(), "On Kites"),
        (rss(item(1)).replace("</title><link>", "<link>").encode(), "On Kites"),
    ],
)
def test_charset_and_markup_errors_are_repaired(body: bytes, title: str) -> None:
    (entry,) = parse_feed(body, "x").entries
    assert isinstance(entry, Entry)
    assert " ".join((entry.title or "").split()).startswith(title)


@pytest.mark.parametrize(
    "body",
    [
        "<!doctype html><html><body><p>Not found</body></html>",
        "<html xmlns='http://www.w3.org/1999/xhtml'><body/></html>",
        "",
        "  ",
        "{}",
        '{"version": "https://jsonfeed.org/version/1.1"}',
        '{"version": "https://jsonfeed.org/version/1.1", "items": [',
        "[" * 100_000,
        '{"a":' * 100_000,
        "\0",
        "just words",
    ],
)
def test_a_document_that_is_not_a_feed_raises_source_error(body: str) -> None:
    with pytest.raises(SourceError, match="x is not a feed"):
        parse_feed(body.encode(), "x")


@pytest.mark.parametrize(
    "piece",
    [
        "<author>" + "a" * 100_000 + "</author>",
        "<a>" * 30_000,
        "<title>" + "&lt;div>" * 20_000 + "</title>",
        "<author>" + "a@" * 50_000 + "</author>",
        "<author>" + ", " * 50_000 + "</author>",
        "<category/>" * 20_000,
        "<a " + " ".join(f"a{n}=''" for n in range(20_000)) + "/>",
        "<" * 100_000,
        "<![CDATA[" * 10_000,
    ],
)
def test_hostile_entries_take_less_than_five_seconds(piece: str) -> None:
    began = time.perf_counter()
    parse_feed(("\n" * 100_000 + rss(f"<item>{piece}</item>")).encode(), "x")
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize("piece", ["<a/>", "<a>", "<", "<item/>"])
def test_too_many_tags_raise_source_error_before_parsing(piece: str) -> None:
    body = rss(piece * 1_000_001).encode()
    began = time.perf_counter()
    with pytest.raises(SourceError, match="x has more than 1,000,000 tags"):
        parse_feed(body, "x")
    assert time.perf_counter() - began < 5


@given(_NODES)
def test_any_elements_are_parsed(node: str) -> None:
    feed = parse_feed(rss(f"<item>{node}</item>").encode("utf-8", "replace"), "x")
    assert feed.is_complete


@given(
    _JSON
    | st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            (
                "id",
                "title",
                "url",
                "external_url",
                "authors",
                "author",
                "tags",
                "summary",
                "content_html",
                "content_text",
                "date_published",
                "date_modified",
            ),
            _JSON,
        ),
    )
)
def test_any_json_item_returns_one_entry(payload: object) -> None:
    whole = {"version": "https://jsonfeed.org/version/1", "items": [payload]}
    (entry,) = parse_feed(json.dumps(whole).encode(), "x").entries
    assert isinstance(entry, Entry | Malformed)


@given(_JSON)
def test_any_json_raises_nothing_but_source_errors(payload: object) -> None:
    with suppress(SourceError):
        parse_feed(json.dumps(payload).encode(), "x")

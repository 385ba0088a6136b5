"""The contract of format parsers, run against every parser in ``broadsheet.sources``.

A parser returns papers, and one Malformed for each record that it cannot parse. It raises nothing
but SourceError, and the text it returns or raises is printable.
"""

import io
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.errors import SourceError
from broadsheet.http.reply import Reply
from broadsheet.model import Malformed, Paper
from broadsheet.sources import (
    arxiv_atom,
    arxiv_dump,
    arxiv_feed,
    arxiv_oai_records,
    bibtex,
    crossref_works,
    csl_json,
    feed_formats,
    openalex_works,
    ris,
    saved_page,
)
from tests.fuzz import invariants

Parsed = Paper | Malformed | feed_formats.Entry | openalex_works.Work | crossref_works.Work

_MAX_S = 5.0
_DEEP = 20_000
_ABSTRACT = "Kites fly in the wind. " * 20


@dataclass(frozen=True, slots=True)
class Format:
    """One parser and how to write documents for it.

    Parameters
    ----------
    name : str
        Shown in the test id.
    parse : callable
        Parses a whole document called ``x``.
    head, separator, tail : str
        Text before, between and after the records.
    record : str
        A good record with ``TITLE`` in the place of its title.
    malformed : str or None
        A record that is reported as Malformed; None if the format has no such record.
    place : str
        Place of `malformed` when it is the second record.
    """

    name: str
    parse: Callable[[bytes], Iterable[Parsed]]
    head: str
    record: str
    tail: str = ""
    separator: str = "\n"
    malformed: str | None = None
    place: str = ""

    def document(self, *records: str) -> bytes:
        """Return a document with these records."""
        text = f"{self.head}{self.separator.join(records)}{self.tail}"
        return text.encode("utf-8", "surrogatepass")

    def good(self, title: str) -> str:
        """Return a record with a title, which is not escaped."""
        return self.record.replace("TITLE", title)

    def parsed(self, body: bytes) -> list[Parsed] | None:
        """Return the records of a document, or None if the parser raises SourceError."""
        try:
            records = list(self.parse(body))
        except SourceError as error:
            invariants.check_text(str(error), "error")
            return None
        invariants.check_records(
            record for record in records if isinstance(record, Paper | Malformed)
        )
        return records


def _file(parse: Callable[[io.BytesIO, str], Iterable[Parsed]]) -> Callable[[bytes], list[Parsed]]:
    return lambda body: list(parse(io.BytesIO(body), "x"))


def _reply(body: bytes) -> Reply:
    return Reply("https://kites.example/", 200, {}, body)


_XML = '<?xml version="1.0" encoding="UTF-8"?>'
_OAI = (
    "<record><header><identifier>oai:arXiv.org:2603.00001</identifier></header>"
    "<metadata><arXivRaw><title>TITLE</title></arXivRaw></metadata></record>"
)
FORMATS = (
    Format(
        "bibtex",
        _file(bibtex.parse),
        "",
        "@article{k, title={TITLE}}",
        malformed="@article{k, year=2026}",
        place="x line 2",
    ),
    Format(
        "ris",
        _file(ris.parse),
        "",
        "TY  - GEN\nTI  - TITLE\nER  - ",
        malformed="TY  - GEN\nER  - ",
        place="x line 4",
    ),
    Format(
        "csl-json",
        _file(csl_json.parse),
        "[",
        '{"title": "TITLE"}',
        "]",
        ",",
        malformed='{"type": "book"}',
        place="x item 2",
    ),
    Format(
        "saved-page",
        _file(saved_page.parse),
        "Get trending papers in your email inbox\nSubscribe\n",
        f"TITLE\n{_ABSTRACT}",
        malformed=f"\u200b\n{_ABSTRACT}",
        place="x line 5",
    ),
    Format(
        "arxiv-dump",
        _file(arxiv_dump.parse),
        "",
        '{"title": "TITLE"}',
        malformed='{"title": "Kites',
        place="x line 2",
    ),
    Format(
        "rss",
        lambda body: feed_formats.parse_feed(body, "x").entries,
        f"{_XML}<rss><channel>",
        "<item><title>TITLE</title></item>",
        "</channel></rss>",
    ),
    Format(
        "atom",
        lambda body: feed_formats.parse_feed(body, "x").entries,
        f'{_XML}<feed xmlns="http://www.w3.org/2005/Atom">',
        "<entry><title>TITLE</title></entry>",
        "</feed>",
    ),
    Format(
        "json-feed",
        lambda body: feed_formats.parse_feed(body, "x").entries,
        '{"version": "https://jsonfeed.org/version/1.1", "items": [',
        '{"title": "TITLE"}',
        "]}",
        ",",
        malformed="7",
        place="x entry 2",
    ),
    Format(
        "arxiv-oai",
        lambda body: arxiv_oai_records.parse_page(body, "x").records,
        f"{_XML}<OAI-PMH><ListRecords>",
        _OAI,
        "</ListRecords></OAI-PMH>",
        malformed="<record/>",
        place="x record 2",
    ),
    Format(
        "arxiv-atom",
        lambda body: arxiv_atom.parse_entries(body, "x"),
        f'{_XML}<feed xmlns="http://www.w3.org/2005/Atom">',
        "<entry><id>http://arxiv.org/abs/2603.00001</id><title>TITLE</title></entry>",
        "</feed>",
        malformed="<entry/>",
        place="x entry 2",
    ),
    Format(
        "arxiv-feed",
        lambda body: arxiv_feed.parse_feed(body, "x").records,
        f"{_XML}<rss><channel>",
        "<item><title>TITLE</title></item>",
        "</channel></rss>",
        malformed="<item/>",
        place="x item 2",
    ),
    Format(
        "openalex",
        lambda body: openalex_works.parse_page(_reply(body), "x").records,
        '{"results": [',
        '{"title": "TITLE"}',
        "]}",
        ",",
        malformed='{"id": "W1"}',
        place="x work 2",
    ),
    Format(
        "crossref",
        lambda body: crossref_works.parse_works(_reply(body), "x"),
        '{"message": {"items": [',
        '{"DOI": "10.1000/kites", "title": "TITLE"}',
        "]}}",
        ",",
        malformed='{"title": "Kites"}',
        place="x work 2",
    ),
)
XML_FORMATS = [form for form in FORMATS if form.head.startswith(_XML)]
every_format = pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)


def title_of(record: Parsed) -> str | None:
    if isinstance(record, Malformed):
        return None
    return record.title if isinstance(record, Paper | feed_formats.Entry) else record.paper.title


def titles(records: Sequence[Parsed] | None) -> list[str]:
    return [title for record in records or () if (title := title_of(record))]


@every_format
@given(body=st.binary())
def test_any_bytes_raise_nothing_but_source_error(form: Format, body: bytes) -> None:
    form.parsed(body)
    form.parsed(form.head.encode() + body)


@every_format
@given(title=st.text(), record=st.text())
def test_any_text_in_a_document_raises_nothing_but_source_error(
    form: Format, title: str, record: str
) -> None:
    form.parsed(form.document(form.good(title), record, form.good("Kites")))


@every_format
@given(start=st.integers(0, 400), noise=st.binary(max_size=5), lost=st.integers(0, 9))
def test_a_damaged_document_raises_nothing_but_source_error(
    form: Format, start: int, noise: bytes, lost: int
) -> None:
    body = form.document(form.good("Kites"), form.good("Tails"))
    form.parsed(body[:start] + noise + body[start + lost :])


@every_format
def test_the_records_of_a_document_are_returned_in_order(form: Format) -> None:
    body = form.document(form.good("Kites"), form.good("Tails"), form.good("Strings"))
    assert titles(form.parsed(body)) == ["Kites", "Tails", "Strings"]


@pytest.mark.parametrize(
    "form", [form for form in FORMATS if form.malformed], ids=lambda form: form.name
)
def test_a_malformed_record_is_reported_by_place_and_the_next_is_parsed(form: Format) -> None:
    assert form.malformed
    records = form.parsed(form.document(form.good("Kites"), form.malformed, form.good("Tails")))
    assert records is not None
    assert titles(records) == ["Kites", "Tails"]
    (reported,) = (record for record in records if isinstance(record, Malformed))
    assert reported.place == form.place
    assert reported.reason


@every_format
def test_a_truncated_document_returns_no_more_records_than_the_whole(form: Format) -> None:
    body = form.document(form.good("Kites"), form.good("Tails"))
    for end in range(len(body)):
        assert len(titles(form.parsed(body[:end]))) <= 2


@every_format
@pytest.mark.parametrize("noise", ["\0", "\x07", "\x1b[31m", "\u202e", "\ud800", "\uffff", "\x85"])
def test_control_characters_do_not_affect_the_next_record(form: Format, noise: str) -> None:
    body = form.document(form.good(f"Ki{noise}tes"), form.good("Tails"))
    records = form.parsed(body)
    if records is not None:
        assert titles(records)[-1] == "Tails"


@every_format
@pytest.mark.parametrize("opening", ["[", '{"a":', "<a>", "{", "@a{", "(", "&lt;div>", "$\\{"])
def test_deep_nesting_takes_less_than_five_seconds(form: Format, opening: str) -> None:
    began_s = time.thread_time()
    form.parsed(opening.encode() * _DEEP)
    form.parsed(form.document(form.good("Kites"), opening * _DEEP, form.good("Tails")))
    form.parsed(form.document(form.good(opening * _DEEP), form.good("Tails")))
    assert time.thread_time() - began_s < _MAX_S


@pytest.mark.parametrize("form", XML_FORMATS, ids=lambda form: form.name)
def test_entities_are_not_expanded(form: Format, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the contents of a local file")
    lines = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 30))
    doctype = (
        f'<!DOCTYPE x [<!ENTITY e0 "kites">{lines}<!ENTITY long "{"kites" * 20_000}">'
        f'<!ENTITY file SYSTEM "{secret.as_uri()}">]>'
    )
    began_s = time.thread_time()
    for title in ("Kites &e29;", "Kites " + "&long;" * 10_000, "Kites &file;"):
        body = form.document(form.good(title)).decode()
        found = titles(form.parsed(body.replace(_XML, _XML + doctype).encode()))
        assert all("local file" not in text and len(text) < 1_000 for text in found)
    assert time.thread_time() - began_s < _MAX_S

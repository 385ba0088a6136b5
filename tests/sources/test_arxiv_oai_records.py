from collections.abc import Sequence
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.errors import SourceError
from broadsheet.http.client import Client
from broadsheet.model import Malformed, Notice, Paper
from broadsheet.sources.arxiv_oai import fetch
from broadsheet.sources.arxiv_oai_records import parse_page
from broadsheet.sources.source import FetchRequest
from tests.services import Services
from tests.sources.oai_replies import HOST, NOW, PATH, page, record

RAW = """
<arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/">
  <id>2603.00001</id><submitter>Ada Windrow</submitter>
  <version version="v1"><date>Tue, 3 Feb 2026 11:39:16 GMT</date><size>90kb</size></version>
  <version version="v2"><date>Mon, 9 Mar 2026 20:43:27 GMT</date><source_type>D</source_type>
  </version>
  <title>How Kites
  Learn</title>
  <authors>Ada Windrow (1, 2), Jos\\'e Farol and Hana Lampe ((1) Hill, (2) Dale)</authors>
  <categories>cs.LG stat.ML</categories><comments>9 pages</comments>
  <journal-ref>J. Kites 4 (2026) 1-9</journal-ref><doi>10.1234/Kites.1 10.1234/kites.2</doi>
  <license>http://creativecommons.org/licenses/by/4.0/</license>
  <abstract>  We let $k &lt; 4$ kites choose
their tails.</abstract>
</arXivRaw>"""


def paper_of(metadata: str) -> Paper:
    (paper,) = parse_page(page(record(metadata=metadata)), "x").records
    assert isinstance(paper, Paper)
    return paper


def test_every_field_of_arxivraw_is_parsed() -> None:
    assert paper_of(RAW) == Paper(
        id="arxiv:2603.00001",
        title="How Kites Learn",
        abstract="We let $k < 4$ kites choose their tails.",
        authors=("Ada Windrow", "Jos\\'e Farol", "Hana Lampe"),
        categories=("cs.LG", "stat.ML"),
        published="2026-02-03",
        arxiv_id="2603.00001",
        doi="10.1234/kites.1",
        venue="J. Kites 4 (2026) 1-9",
        comment="9 pages",
        version=2,
    )


def test_the_arxiv_format_is_parsed() -> None:
    paper = paper_of(
        "<arXiv><id>hep-th/9901002</id><created>1999-01-03</created><updated>1999-02-01</updated>"
        "<authors><author><keyname>Windrow</keyname><forenames>Ada</forenames><suffix>IV</suffix>"
        "<affiliation>Hill</affiliation></author><author><keyname>Kite Group</keyname></author>"
        "<author><keyname>:</keyname></author></authors>"
        "<title>Kites</title><categories>hep-th</categories><comments>9 pages</comments>"
        "<doi>10.1234/kites.1</doi><abstract>They rise.</abstract></arXiv>"
    )
    assert paper == Paper(
        id="arxiv:hep-th/9901002",
        title="Kites",
        abstract="They rise.",
        authors=("Ada Windrow IV", "Kite Group"),
        categories=("hep-th",),
        published="1999-01-03",
        arxiv_id="hep-th/9901002",
        doi="10.1234/kites.1",
        comment="9 pages",
    )


def test_dublin_core_is_parsed() -> None:
    paper = paper_of(
        '<oai_dc:dc xmlns:oai_dc="a" xmlns:dc="b"><dc:title>Kites</dc:title>'
        "<dc:creator>Windrow, Ada</dc:creator><dc:creator>Farol, Bo</dc:creator>"
        "<dc:subject>Computer Science - Kites</dc:subject>"
        "<dc:description>They rise.</dc:description>"
        "<dc:description>Comment: 9 pages</dc:description>"
        "<dc:date>2026-02-03</dc:date><dc:date>2026-03-09</dc:date>"
        "<dc:identifier>http://arxiv.org/abs/2603.00001</dc:identifier>"
        "<dc:identifier>J. Kites 4</dc:identifier>"
        "<dc:identifier>doi:10.1234/kites.1</dc:identifier></oai_dc:dc>"
    )
    assert paper == Paper(
        id="arxiv:2603.00001",
        title="Kites",
        abstract="They rise.",
        authors=("Windrow, Ada", "Farol, Bo"),
        categories=("Computer Science - Kites",),
        published="2026-02-03",
        arxiv_id="2603.00001",
        doi="10.1234/kites.1",
        url="http://arxiv.org/abs/2603.00001",
        venue="J. Kites 4",
        comment="9 pages",
    )


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Ada Windrow", ["Ada Windrow"]),
        ("Ada Windrow, Bo Farol, and Hana Lampe", ["Ada Windrow", "Bo Farol", "Hana Lampe"]),
        ("Ada Windrow and Bo Farol", ["Ada Windrow", "Bo Farol"]),
        ("Kite Group: A. Windrow, B. Farol", ["Kite Group", "A. Windrow", "B. Farol"]),
        ("A. Windrow (Hill (old), Dale),\n  B. Farol", ["A. Windrow", "B. Farol"]),
        ("", []),
        (", , and", ["and"]),
    ],
)
def test_authors_are_split_and_affiliations_are_dropped(text: str, names: list[str]) -> None:
    found = paper_of(f"<arXivRaw><title>Kites</title><authors>{text}</authors></arXivRaw>")
    assert list(found.authors) == names


def test_the_version_is_the_highest_and_the_date_is_that_of_the_first() -> None:
    def paper(*versions: str) -> Paper:
        return paper_of(f"<arXivRaw><title>Kites</title>{''.join(versions)}</arXivRaw>")

    date_of = "<date>Tue, 3 Feb 2026 11:39:16 GMT</date>"
    tenth = '<version version="v10"/>'
    assert paper(tenth, f'<version version="v1">{date_of}</version>').version == 10
    assert paper(tenth, f'<version version="v1">{date_of}</version>').published == "2026-02-03"
    assert paper(f'<version version="v2">{date_of}</version>').published is None
    assert paper('<version version="v1"><date>yesterday</date></version>').published is None
    assert paper('<version version="last"/>', "<version/>").version is None


def test_a_withdrawal_is_found_in_the_newest_version_or_the_text() -> None:
    def notice(kinds: Sequence[str], text: str = "") -> Notice | None:
        versions = "".join(
            f'<version version="v{n}"><source_type>{kind}</source_type></version>'
            for n, kind in enumerate(kinds, 1)
        )
        return paper_of(f"<arXivRaw><title>Kites</title>{versions}{text}</arXivRaw>").notice

    assert notice(["D", "I"]) is Notice.WITHDRAWN
    assert notice(["AI"]) is Notice.WITHDRAWN
    assert notice(["I", "D"]) is None
    assert notice(["D"], "<comments>Withdrawn by the author</comments>") is Notice.WITHDRAWN
    assert notice(["D"], "<abstract>This paper has been withdrawn.</abstract>") is Notice.WITHDRAWN
    assert notice(["I"], "<comments>Retracted.</comments>") is Notice.RETRACTED


def test_deleted_records_are_skipped() -> None:
    deleted = '<record><header status="deleted"><identifier>x</identifier></header></record>'
    found = parse_page(page(deleted, record(2), deleted), "x")
    assert [one.id for one in found.records if isinstance(one, Paper)] == ["arxiv:2603.00002"]
    assert len(found.records) == 1


def test_bad_records_are_reported_by_place_and_the_others_are_parsed() -> None:
    bare = "<record><header/></record>"
    found = parse_page(
        page(
            record(1, metadata="<arXivRaw><abstract>They rise.</abstract></arXivRaw>"),
            bare,
            record(3, metadata=""),
            record(4, metadata="<marc><title>Kites</title></marc>"),
            record(5),
        ),
        "x",
    )
    assert found.records[:4] == [
        Malformed("x oai:arXiv.org:2603.00001", "missing title"),
        Malformed("x record 2", "missing metadata"),
        Malformed("x oai:arXiv.org:2603.00003", "missing metadata"),
        Malformed("x oai:arXiv.org:2603.00004", "unsupported metadata format"),
    ]
    assert isinstance(found.records[4], Paper)
    assert found.days == {date(2026, 3, 10): 1}


def test_control_characters_and_other_charsets_are_repaired() -> None:
    broken = page(record(1, metadata="<arXiv><title>K@tes</title></arXiv>"), record(2))
    references = (b"&#0;", b"&#x1f;", b"&#xD800;", b"&#99999999;", b"&#000000000055296;")
    for noise in (b"\0", b"\x0c", *references):
        (kites, _) = parse_page(broken.replace(b"@", noise), "x").records
        assert isinstance(kites, Paper)
        assert kites.title == "Ktes"
    (kites, _) = parse_page(broken.replace(b"@", b"\xee"), "x").records
    assert isinstance(kites, Paper)
    assert kites.title == "K\u00eetes"


def test_markup_in_a_title_is_text() -> None:
    assert paper_of("<arXiv><title>Of <i>kites</i> &amp; tails</title></arXiv>").title == (
        "Of kites & tails"
    )


BOMB = '<!DOCTYPE a [<!ENTITY a "kite">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 20}">' for n in range(8)
)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "invalid XML"),
        (b"Rate exceeded.", "invalid XML"),
        (b"<html><body><p>Down for repair</body></html>", "invalid XML"),
        (b"<!DOCTYPE html><html><body/></html>", "document type"),
        (b"<html><body/></html>", "'html' instead of 'OAI-PMH'"),
        (page(record(1), record(2))[:-60], "invalid XML"),
        (page(record(1, metadata="<arXiv><title>&kite;</title></arXiv>")), "invalid XML"),
        (page(error="<ListRecords/>"), "neither records nor an error"),
        (page(error="<ListRecords><resumptionToken>t</resumptionToken></ListRecords>"), "neither"),
        (page(error="<Identify/>"), "neither records nor an error"),
        (page(record(), token="t" * 5_000), "resumption token of more than"),
        (page("<record/>" * 20_001), "more than 20,000 records"),
        (b"<OAI-PMH>" + b"<a>" * 2_000_001, "more than 2,000,000 tags"),
        (b"<OAI-PMH>" + b"<a>" * 3_000 + b"</a>" * 3_000 + b"</OAI-PMH>", "invalid XML"),
        (f"{BOMB}]><OAI-PMH><error>&i;</error></OAI-PMH>".encode(), "XML|document type"),
        (
            f"{BOMB}]><OAI-PMH><error code='&i;'/></OAI-PMH>".encode("utf-16"),
            "XML|document type",
        ),
        (
            b'<!DOCTYPE a [<!ENTITY k SYSTEM "file:///etc/hosts">]><OAI-PMH><error>&k;</error>'
            b"</OAI-PMH>",
            "document type",
        ),
        (b'<!DOCTYPE a SYSTEM "http://kites.example/a.dtd"><OAI-PMH/>', "document type"),
    ],
)
def test_a_reply_that_is_not_a_page_raises(
    services: Services, client: Client, body: bytes, why: str
) -> None:
    services.answer(HOST, PATH, body)
    with pytest.raises(SourceError, match=why):
        next(fetch(client, FetchRequest(NOW, categories=["cs.LG"])))


_NAMES = ["record", "header", "identifier", "datestamp", "metadata", "arXivRaw", "arXiv", "dc"]
_NAMES += ["id", "title", "version", "date", "authors", "author", "keyname", "categories", "doi"]
_NAMES += ["created", "source_type", "resumptionToken", "responseDate", "error"]
_NODES = st.recursive(
    st.text(alphabet="ab v1I:/.-2026 \n", max_size=12),
    lambda inner: st.builds(
        lambda name, inside, value: (
            f'<{name} version="{value}" code="{value}">{"".join(inside)}</{name}>'
        ),
        st.sampled_from(_NAMES),
        st.lists(inner, max_size=4),
        st.sampled_from(["v1", "deleted", "noRecordsMatch", ""]),
    ),
)


@given(_NODES)
def test_any_elements_raise_nothing_but_source_error(node: str) -> None:
    with suppress(SourceError):
        parse_page(page(record(metadata=node), node), "x")

"""The tags in the head of a paper's page."""

import json
from html import unescape

import pytest
from lxml import html
from starlette.testclient import TestClient

from broadsheet.library import Library
from broadsheet.model import Paper
from broadsheet.rules.normalize import make_paper
from broadsheet.web.citations.citation import cite
from broadsheet.web.citations.metadata import citation_tags, description, json_ld

# What Zotero's translator "Embedded Metadata" stores for each tag (github.com/zotero/translators).
ZOTERO_FIELDS = {
    "citation_title": "title",
    "citation_publication_date": "date",
    "citation_journal_title": "publicationTitle",
    "citation_conference_title": "conferenceName",
    "citation_publisher": "publisher",
    "citation_doi": "DOI",
    "citation_public_url": "url",
    "citation_abstract": "abstractNote",
}
# The item type that it takes from a tag; the tags of Highwire come before Zotero's own.
ZOTERO_TYPES = {
    "citation_journal_title": "journalArticle",
    "citation_conference_title": "conferencePaper",
}
PREPRINT = make_paper(
    title='On $\\alpha$-kites & "winds" <b>',
    abstract="We fly </script> kites.",
    authors=("Aäron van den Oord", "The Kite Collaboration"),
    categories=("cs.CL",),
    published="2025-02-20",
    arxiv="2502.14802",
)


def zotero_item(paper: Paper, pdf: str | None = None) -> dict[str, object]:
    """Return the item that Zotero makes of the tags."""
    tags = list(citation_tags(cite(paper), paper, pdf))
    types = [ZOTERO_TYPES[name] for name, _ in tags if name in ZOTERO_TYPES]
    types += [content for name, content in tags if name == "z:itemType"]
    item: dict[str, object] = {"itemType": [*types, "journalArticle"][0]}
    item |= {ZOTERO_FIELDS[name]: content for name, content in tags if name in ZOTERO_FIELDS}
    item["creators"] = [
        tuple(content.split(", ")) for name, content in tags if name == "citation_author"
    ]
    item["attachments"] = [content for name, content in tags if name == "citation_pdf_url"]
    return item


def test_zotero_reads_a_preprint() -> None:
    assert zotero_item(PREPRINT, "https://arxiv.org/pdf/2502.14802") == {
        "itemType": "preprint",
        "title": 'On α-kites & "winds" <b>',
        "creators": [("van den Oord", "Aäron"), ("The Kite Collaboration",)],
        "date": "2025/02/20",
        "publisher": "arXiv",
        "DOI": "10.48550/arXiv.2502.14802",
        "url": "https://arxiv.org/abs/2502.14802",
        "abstractNote": "We fly </script> kites.",
        "attachments": ["https://arxiv.org/pdf/2502.14802"],
    }


@pytest.mark.parametrize(
    ("venue", "kind", "field"),
    [
        ("Journal of Kites", "journalArticle", "publicationTitle"),
        ("Proceedings of the Kite Conference", "conferencePaper", "conferenceName"),
    ],
)
def test_zotero_reads_a_published_work(venue: str, kind: str, field: str) -> None:
    item = zotero_item(make_paper(title="T", doi="10.1000/x", venue=venue, arxiv="2502.14802"))
    assert (item["itemType"], item[field], item["DOI"]) == (kind, venue, "10.1000/x")
    assert item["attachments"] == []


def test_a_page_has_one_description_and_escaped_tags(client: TestClient, library: Library) -> None:
    library.add("test", [PREPRINT])
    text = client.get("/papers/arxiv:2502.14802").text
    (head,) = html.fromstring(text).findall("head")
    metas = {
        meta.get("name") or meta.get("property"): meta.get("content")
        for meta in head.iterfind("meta")
    }
    assert metas["description"] == metas["og:description"] == "We fly </script> kites."
    assert metas["og:title"] == metas["citation_title"] == 'On α-kites & "winds" <b>'
    assert metas["og:url"] == "http://127.0.0.1:8000/papers/arxiv:2502.14802"
    assert metas["citation_pdf_url"] == "https://arxiv.org/pdf/2502.14802"
    (script,) = [each for each in head.iterfind("script") if each.get("type")]
    article = json.loads(script.text or "")
    assert (article["@type"], article["headline"]) == ("ScholarlyArticle", metas["og:title"])
    assert article["abstract"] == "We fly </script> kites."
    assert [author["@type"] for author in article["author"]] == ["Person", "Organization"]


def test_a_description_is_cut_between_words() -> None:
    text = description(Paper("x", "T", abstract="kite " * 200))
    assert len(text) <= 300
    assert text.endswith("kite…")
    assert description(Paper("x", "T", abstract="long", summary="Short.")) == "Short."
    assert description(Paper("x", "T", authors=("Ada Windrow",))) == "By Ada Windrow."


def test_structured_data_leaves_out_what_is_unknown() -> None:
    paper = Paper("hash:x", "Kites")
    assert json_ld(cite(paper), paper, "http://127.0.0.1/papers/hash:x") == {
        "@context": "https://schema.org",
        "@type": "ScholarlyArticle",
        "headline": "Kites",
        "name": "Kites",
        "mainEntityOfPage": "http://127.0.0.1/papers/hash:x",
    }


def test_the_files_have_their_media_types_and_names(client: TestClient, library: Library) -> None:
    library.add("test", [PREPRINT])
    for extension, media_type in (
        (".bib", "application/x-bibtex"),
        (".ris", "application/x-research-info-systems"),
        (".csl.json", "application/vnd.citationstyles.csl+json"),
    ):
        answer = client.get(f"/papers/arxiv:2502.14802{extension}")
        assert answer.headers["content-type"] == f"{media_type}; charset=utf-8"
        name = f"oord2025kites{extension}"
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
        assert client.get(f"/papers/none{extension}").status_code == 404
        page = client.get("/papers/arxiv:2502.14802").text
        assert 'href="/papers/arxiv:2502.14802.md"' in page
        assert f'href="/papers/arxiv:2502.14802{extension}" download' in page
        assert unescape(page).count(answer.text.strip()) == 1

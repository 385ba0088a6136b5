"""Tags of a paper's page for reference managers, previews and crawlers. Pure."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

from broadsheet.model import Paper
from broadsheet.rules.tex import to_unicode
from broadsheet.web.addresses import doi_url, plain
from broadsheet.web.citations.citation import Citation, WorkType
from broadsheet.web.citations.names import Name

# Pages stay small whatever a source sends: some 700 authors with usual names.
_NAMES_BYTES = 20_000
_ABSTRACT_CHARS, _DESCRIPTION_CHARS = 5_000, 300
_VENUES = {
    WorkType.ARTICLE: "citation_journal_title",
    WorkType.CONFERENCE: "citation_conference_title",
}


class Tag(NamedTuple):
    """One ``meta`` element with a name."""

    name: str
    content: str


def description(paper: Paper) -> str:
    """Return what a search engine or a preview shows below the title, at most 300 characters."""
    text = to_unicode(plain(paper.summary or paper.abstract or ""))
    if not text:
        return f"By {', '.join(paper.authors[:3])}."[:_DESCRIPTION_CHARS] if paper.authors else ""
    if len(text) <= _DESCRIPTION_CHARS:
        return text
    return f"{text[: _DESCRIPTION_CHARS - 1].rpartition(' ')[0].rstrip(',;:')}…"


def citation_tags(citation: Citation, paper: Paper, pdf: str | None) -> Iterator[Tag]:
    """Yield the tags that Zotero, Mendeley and Google Scholar read.

    Parameters
    ----------
    citation : Citation
        The paper's citation.
    paper : Paper
        The paper.
    pdf : str or None
        Address of its full text.
    """
    yield Tag("citation_title", citation.title)
    for name in _first_names(citation):
        yield Tag("citation_author", name.family_first)
    if citation.date:
        yield Tag("citation_publication_date", "/".join(f"{part:02}" for part in citation.date))
    if citation.venue and citation.work_type in _VENUES:
        yield Tag(_VENUES[citation.work_type], citation.venue)
    if citation.work_type is WorkType.PREPRINT:
        # Zotero has no other tag for it, and would take it for an article without a journal.
        yield Tag("z:itemType", "preprint")
    if citation.publisher:
        yield Tag("citation_publisher", citation.publisher)
    if citation.doi:
        yield Tag("citation_doi", citation.doi)
    if citation.arxiv_id:
        yield Tag("citation_arxiv_id", citation.arxiv_id)
    if pdf:
        yield Tag("citation_pdf_url", pdf)
    if citation.url:
        yield Tag("citation_public_url", citation.url)
    if paper.abstract:
        yield Tag("citation_abstract", to_unicode(plain(paper.abstract))[:_ABSTRACT_CHARS])


def open_graph(paper: Paper, page: str, site: str) -> Iterator[Tag]:
    """Yield the tags of previews, https://ogp.me; their names are properties.

    Parameters
    ----------
    paper : Paper
        The paper.
    page : str
        Absolute address of its page.
    site : str
        Name of the site.
    """
    yield Tag("og:type", "article")
    yield Tag("og:title", to_unicode(plain(paper.title)))
    if text := description(paper):
        yield Tag("og:description", text)
    yield Tag("og:url", page)
    yield Tag("og:site_name", site)
    if paper.published:
        yield Tag("article:published_time", paper.published)


def json_ld(citation: Citation, paper: Paper, page: str) -> dict[str, object]:
    """Return a ``ScholarlyArticle`` of schema.org, to be written as JSON-LD.

    Parameters
    ----------
    citation : Citation
        The paper's citation.
    paper : Paper
        The paper.
    page : str
        Absolute address of its page.
    """
    doi = doi_url(citation.doi) if citation.doi else None
    fields: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "ScholarlyArticle",
        "headline": citation.title,
        "name": citation.title,
        "author": _authors(_first_names(citation)),
        "datePublished": paper.published,
        "abstract": to_unicode(plain(paper.abstract or ""))[:_ABSTRACT_CHARS],
        "isPartOf": _venue(citation),
        "publisher": {"@type": "Organization", "name": citation.publisher}
        if citation.publisher
        else None,
        "identifier": {"@type": "PropertyValue", "propertyID": "DOI", "value": citation.doi}
        if citation.doi
        else None,
        "sameAs": [url for url in dict.fromkeys((citation.url, doi)) if url],
        "mainEntityOfPage": page,
    }
    return {name: value for name, value in fields.items() if value}


def _first_names(citation: Citation) -> Sequence[Name]:
    used = 0
    for place, name in enumerate(citation.authors):
        used += len(escape(name.family_first).encode("utf-8", "replace"))
        if used > _NAMES_BYTES:
            return citation.authors[:place]
    return citation.authors


def _authors(names: Sequence[Name]) -> list[dict[str, str]]:
    return [
        {"@type": "Organization", "name": name.family}
        if name.is_group
        else {
            "@type": "Person",
            "name": name.given_first,
            "givenName": name.given,
            "familyName": f"{name.particle} {name.family}".strip(),
        }
        for name in names
    ]


def _venue(citation: Citation) -> dict[str, str] | None:
    if citation.venue is None:
        return None
    container = "Periodical" if citation.work_type is WorkType.ARTICLE else "PublicationEvent"
    return {"@type": container, "name": citation.venue}

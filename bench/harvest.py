"""Generate pages of an OAI-PMH harvest from papers, to measure parsing."""

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

_PAGE = """<?xml version="1.0" encoding="UTF-8"?>
<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">
<responseDate>2026-03-11T06:00:00Z</responseDate>
<request verb="ListRecords">http://oaipmh.arxiv.org/oai</request>
<ListRecords>
{records}<resumptionToken cursor="0">next</resumptionToken>
</ListRecords>
</OAI-PMH>
"""
_RECORD = """<record><header><identifier>oai:arXiv.org:{id}</identifier>
<datestamp>2026-03-11</datestamp><setSpec>cs:cs:LG</setSpec></header>
<metadata><arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>{id}</id>
<submitter>A. Windrow</submitter>
<version version="v1"><date>Tue, 10 Mar 2026 12:00:00 GMT</date><size>90kb</size></version>
<title>{title}</title><authors>{authors}</authors><categories>{categories}</categories>
<comments>{comment}</comments><license>http://creativecommons.org/licenses/by/4.0/</license>
<abstract>{abstract}</abstract></arXivRaw></metadata></record>
"""


def harvest_page(papers: Sequence[Mapping[str, object]]) -> bytes:
    """Return papers of a dump as a page of arXiv's OAI-PMH interface."""
    records = "".join(_record(paper) for paper in papers)
    return _PAGE.format(records=records).encode()


def _record(paper: Mapping[str, object]) -> str:
    authors, categories = paper.get("authors"), paper.get("categories")
    fields = {
        "id": str(paper["id"]),
        "title": str(paper["title"]),
        "authors": ", ".join(authors) if isinstance(authors, list) else "",
        "categories": " ".join(categories) if isinstance(categories, list) else "",
        "comment": str(paper.get("comment") or ""),
        "abstract": str(paper.get("abstract") or ""),
    }
    return _RECORD.format(**{name: escape(value) for name, value in fields.items()})
